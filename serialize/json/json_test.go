package json

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lonng/nano/serialize"
)

var (
	_ serialize.Serializer = (*Serializer)(nil)
	_ serialize.Appender   = (*Serializer)(nil)
	_ serialize.Named      = (*Serializer)(nil)
)

type player struct {
	ID    int64    `json:"id"`
	Name  string   `json:"name"`
	Score float64  `json:"score"`
	Items []string `json:"items,omitempty"`
	Pos   *point   `json:"pos,omitempty"`
}

type point struct{ X, Y int }

func ann() *player {
	return &player{ID: 7, Name: "ann", Score: 1.5, Items: []string{"key", "<map>"}, Pos: &point{3, 4}}
}

// value marshals itself as it is told to.
type value func() ([]byte, error)

func (v value) MarshalJSON() ([]byte, error) { return v() }

func TestSameBytesAsEncodingJSON(t *testing.T) {
	for _, v := range []any{
		nil, true, 0, -1, int64(1 << 60), 1.5, 1e300, "", "a\"b\\c\n\x00<>&\u2028é", "bad \xff utf-8",
		[]byte("bytes"), []int(nil), []int{}, []int{1}, map[string]int(nil), map[string]int{"b": 2, "a": 1},
		map[int]bool{2: true, 10: false}, ann(), *ann(), (*player)(nil), struct{}{},
		json.RawMessage(` { "a" : 1 } `), json.Number("12"), []any{nil, "x", 1.0, map[string]any{"k": nil}},
		value(func() ([]byte, error) { return []byte("[1,\n 2]"), nil }),
		strings.Repeat("long ", 50_000),
	} {
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		s := NewSerializer()
		for _, room := range []int{0, len(want), 2*len(want) + 64} {
			dst := append(make([]byte, 0, 5+room), "head "...)
			got, err := s.AppendMarshal(dst, v)
			if err != nil || string(got) != "head "+string(want) {
				t.Errorf("AppendMarshal(%T) = %.99q, %v; want %.99q", v, got, err, want)
			}
		}
		if got, err := s.Marshal(v); err != nil || string(got) != string(want) {
			t.Errorf("Marshal(%T) = %.99q, %v; want %.99q", v, got, err, want)
		}
	}
}

func TestAppendMarshalError(t *testing.T) {
	refused := errors.New("refused")
	for _, v := range []any{
		math.NaN(), make(chan int), func() {}, map[bool]int{true: 1},
		[]any{strings.Repeat("x", 1000), math.Inf(1)},
		value(func() ([]byte, error) { return nil, refused }),
		value(func() ([]byte, error) { return []byte("{"), nil }),
	} {
		s := NewSerializer()
		dst := append(make([]byte, 0, 4096), "head"...)
		got, err := s.AppendMarshal(dst, v)
		if err == nil || string(got) != "head" {
			t.Errorf("AppendMarshal(%T) = %.99q, %v; want the head and an error", v, got, err)
		}
		wantWorking(t, s)
	}
	v := value(func() ([]byte, error) { return nil, refused })
	if _, err := NewSerializer().AppendMarshal(nil, v); !errors.Is(err, refused) {
		t.Errorf("the error of MarshalJSON is not wrapped: %v", err)
	}
}

func TestPanickingMarshalJSON(t *testing.T) {
	s := NewSerializer()
	dst := append(make([]byte, 0, 4096), "head"...)
	for range 100 {
		func() {
			defer func() {
				if recover() != "boom" {
					t.Error("the panic did not reach the caller")
				}
			}()
			_, _ = s.AppendMarshal(dst, []any{"secret", value(func() ([]byte, error) { panic("boom") })})
		}()
		if e := s.encoders.Get(); e != nil {
			t.Fatal("an encoder that panicked is in the pool")
		}
	}
	if string(dst) != "head" {
		t.Errorf("the buffer holds %q", dst)
	}
	wantWorking(t, s)
}

// A MarshalJSON method may use the serializer that is encoding it.
func TestNestedUse(t *testing.T) {
	s := NewSerializer()
	inner := value(func() ([]byte, error) { return s.AppendMarshal(nil, ann()) })
	got, err := s.AppendMarshal(nil, []any{inner, inner})
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal([]*player{ann(), ann()})
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPoolKeepsNothing(t *testing.T) {
	s := NewSerializer()
	wantWorking(t, s)
	if e, _ := s.encoders.Get().(*encoder); e != nil && e.out != nil {
		t.Error("an encoder in the pool holds the caller's buffer")
	}
	if _, err := s.AppendMarshal(nil, strings.Repeat("x", maxPooled)); err != nil {
		t.Fatal(err)
	}
	if s.encoders.Get() != nil {
		t.Error("an encoder that wrote more than maxPooled bytes is in the pool")
	}
}

func TestUnmarshal(t *testing.T) {
	s := NewSerializer()
	got := player{Name: "kept", Score: 2}
	data := []byte(`{"id":7,"score":1.5,"items":["key"]}`)
	if err := s.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	clear(data)
	if got.ID != 7 || got.Name != "kept" || got.Score != 1.5 || !slices.Equal(got.Items, []string{"key"}) {
		t.Errorf("got %+v", got)
	}
	for _, bad := range []string{"", " ", "{", "{}{}", "nul", `{"id":"seven"}`, strings.Repeat("[", 100_000)} {
		if err := s.Unmarshal([]byte(bad), new(player)); err == nil {
			t.Errorf("Unmarshal(%.20q) did not fail", bad)
		}
	}
	for _, target := range []any{nil, player{}, (*player)(nil)} {
		if err := s.Unmarshal([]byte("{}"), target); err == nil {
			t.Errorf("Unmarshal into %T did not fail", target)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	s := NewSerializer()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				wantWorking(t, s)
				_, _ = s.AppendMarshal(nil, math.NaN())
			}
		})
	}
	wg.Wait()
}

func TestAllocations(t *testing.T) {
	skipUnderRace(t)
	s := NewSerializer()
	dst := make([]byte, 0, 4096)
	stream := json.NewEncoder(io.Discard)
	for _, v := range []any{ann(), []int{1, 2, 3}, "text", map[string]int{"a": 1, "b": 2}, json.RawMessage(`{"a":1}`)} {
		reflection := testing.AllocsPerRun(200, func() { _ = stream.Encode(v) })
		got := testing.AllocsPerRun(200, func() { _, _ = s.AppendMarshal(dst, v) })
		if got > reflection {
			t.Errorf("AppendMarshal(%T): %v allocations, a json.Encoder makes %v", v, got, reflection)
		}
	}
	if got := testing.AllocsPerRun(200, func() { _, _ = serialize.Append(s, dst, dst) }); got > 1 {
		t.Errorf("Append of bytes: %v allocations, want the slice's header at most", got)
	}
}

// wantWorking checks that s encodes as it should. It may be called from any goroutine.
func wantWorking(t *testing.T, s *Serializer) {
	t.Helper()
	const want = `{"id":7,"name":"ann","score":1.5,"items":["key","\u003cmap\u003e"],"pos":{"X":3,"Y":4}}`
	if got, err := s.AppendMarshal(nil, ann()); err != nil || string(got) != want {
		t.Errorf("AppendMarshal = %q, %v; want %q", got, err, want)
	}
}

// skipUnderRace skips tests that count allocations: the race detector lets pools lose entries.
func skipUnderRace(t *testing.T) {
	t.Helper()
	info, ok := debug.ReadBuildInfo()
	if ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("allocations are not counted under the race detector")
	}
}
