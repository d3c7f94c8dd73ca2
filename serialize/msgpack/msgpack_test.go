package msgpack

import (
	"errors"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/lonng/nano/serialize"
)

var (
	_ serialize.Serializer     = (*Serializer)(nil)
	_ serialize.Appender       = (*Serializer)(nil)
	_ serialize.Named          = (*Serializer)(nil)
	_ serialize.ErrorMarshaler = (*Serializer)(nil)
)

type player struct {
	ID    int64             `msgpack:"id"`
	Name  string            `msgpack:"name"`
	Score float64           `msgpack:"score"`
	Items []string          `msgpack:"items,omitempty"`
	Pos   *point            `msgpack:"pos,omitempty"`
	Blob  []byte            `msgpack:"blob,omitempty"`
	Seen  time.Time         `msgpack:"seen"`
	Tags  map[string]string `msgpack:"tags,omitempty"`
	Extra any               `msgpack:"extra,omitempty"`
}

type point struct{ X, Y int }

func ann() *player {
	return &player{
		ID: 7, Name: "ann", Score: 1.5, Items: []string{"key", "map"}, Pos: &point{3, -4}, Blob: []byte{0, 0xff},
		Seen: time.Unix(1_700_000_000, 500).UTC(), Tags: map[string]string{"a": "1"}, Extra: []any{true, nil, "x"},
	}
}

// custom encodes itself as it is told to.
type custom func(*msgpack.Encoder) error

func (c custom) EncodeMsgpack(e *msgpack.Encoder) error { return c(e) }

func TestRoundTrip(t *testing.T) {
	s := NewSerializer()
	for _, room := range []int{0, 1024} {
		out, err := s.AppendMarshal(append(make([]byte, 0, 5+room), "head "...), ann())
		if err != nil || !strings.HasPrefix(string(out), "head ") {
			t.Fatalf("AppendMarshal = %q, %v", out, err)
		}
		got := new(player)
		if err := s.Unmarshal(out[5:], got); err != nil {
			t.Fatal(err)
		}
		clear(out)
		got.Seen = got.Seen.UTC()
		if !reflect.DeepEqual(got, ann()) {
			t.Errorf("got %+v, want %+v", got, ann())
		}
	}
}

func TestSameBytesAsLibrary(t *testing.T) {
	s := NewSerializer()
	for _, v := range []any{
		nil, true, 0, -1, -200, int64(1 << 40), uint8(200), 1.5, float32(2.5), "", "text", strings.Repeat("x", 300), []byte("b"),
		[]int{1}, []int(nil), map[string]int{"a": 1}, ann(), (*player)(nil), time.Unix(1, 2), [3]byte{1, 2, 3},
		custom(func(e *msgpack.Encoder) error { return e.EncodeMulti(1, "two") }),
	} {
		want, err := msgpack.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Marshal(v); err != nil || string(got) != string(want) {
			t.Errorf("Marshal(%T) = %q, %v; want %q", v, got, err, want)
		}
		if got, err := s.AppendMarshal([]byte("head"), v); err != nil || string(got) != "head"+string(want) {
			t.Errorf("AppendMarshal(%T) = %q, %v; want %q", v, got, err, want)
		}
	}
}

func TestMarshalError(t *testing.T) {
	refused := errors.New("refused")
	for _, v := range []any{
		make(chan int), func() {}, []any{strings.Repeat("x", 1000), make(chan int)},
		custom(func(e *msgpack.Encoder) error {
			e.UseArrayEncodedStructs(true)
			return errors.Join(e.EncodeString("half"), refused)
		}),
	} {
		s := NewSerializer()
		dst := append(make([]byte, 0, 4096), "head"...)
		if got, err := s.AppendMarshal(dst, v); err == nil || string(got) != "head" {
			t.Errorf("AppendMarshal(%T) = %.99q, %v; want the head and an error", v, got, err)
		}
		if got, err := s.Marshal(v); err == nil || got != nil {
			t.Errorf("Marshal(%T) = %.99q, %v; want an error", v, got, err)
		}
		wantWorking(t, s)
	}
}

func TestPanickingEncodeMsgpack(t *testing.T) {
	s := NewSerializer()
	dst := append(make([]byte, 0, 4096), "head"...)
	for range 100 {
		func() {
			defer func() {
				if recover() != "boom" {
					t.Error("the panic did not reach the caller")
				}
			}()
			_, _ = s.AppendMarshal(dst, []any{"secret", custom(func(*msgpack.Encoder) error { panic("boom") })})
		}()
		if s.encoders.Get() != nil {
			t.Fatal("an encoder that panicked is in the pool")
		}
	}
	if string(dst) != "head" {
		t.Errorf("the buffer holds %q", dst)
	}
	wantWorking(t, s)
}

// What an EncodeMsgpack method sets ends with its call, and so do the strings it interned.
func TestEncoderIsReset(t *testing.T) {
	s := NewSerializer()
	v := custom(func(e *msgpack.Encoder) error {
		e.UseArrayEncodedStructs(true)
		e.UseInternedStrings(true)
		e.SetCustomStructTag("json")
		e.SetOmitEmpty(true)
		return e.EncodeString("interned")
	})
	if _, err := s.Marshal(v); err != nil {
		t.Fatal(err)
	}
	wantWorking(t, s)
}

// An EncodeMsgpack or DecodeMsgpack method may use the serializer that is calling it.
func TestNestedUse(t *testing.T) {
	s := NewSerializer()
	got, err := s.Marshal([]any{custom(func(e *msgpack.Encoder) error {
		b, err := s.Marshal("inner")
		if err != nil {
			return err
		}
		return e.Encode(msgpack.RawMessage(b))
	}), "outer"})
	if want := "\x92\xa5inner\xa5outer"; err != nil || string(got) != want {
		t.Errorf("Marshal = %q, %v; want %q", got, err, want)
	}
}

func TestPoolsKeepNothing(t *testing.T) {
	s := NewSerializer()
	wantWorking(t, s)
	if e, _ := s.encoders.Get().(*encoder); e != nil && e.out != nil {
		t.Error("an encoder in the pool holds the caller's buffer")
	}
	if d, _ := s.decoders.Get().(*decoder); d != nil && !reflect.DeepEqual(d.reader, reader{}) {
		t.Error("a decoder in the pool holds the caller's payload")
	}
	b, err := s.Marshal(strings.Repeat("x", maxPooled))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Unmarshal(b, new(string)); err != nil {
		t.Fatal(err)
	}
	if s.encoders.Get() != nil || s.decoders.Get() != nil {
		t.Error("an encoder or a decoder is in the pool after a payload above maxPooled")
	}
	if err := s.Unmarshal([]byte("\xa1x"), new(int)); err == nil || s.decoders.Get() != nil {
		t.Error("a decoder that failed is in the pool")
	}
}

func TestConcurrentUse(t *testing.T) {
	s := NewSerializer()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				wantWorking(t, s)
				_, _ = s.AppendMarshal(nil, make(chan int))
				_ = s.Unmarshal([]byte("\xa1x"), new(int))
			}
		})
	}
	wg.Wait()
}

func TestAllocations(t *testing.T) {
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("allocations are not counted under the race detector")
	}
	s := NewSerializer()
	dst := make([]byte, 0, 4096)
	p := &point{3, 4}
	data, err := s.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(200, func() { _, _ = s.AppendMarshal(dst, p) }); got > 0 {
		t.Errorf("AppendMarshal: %v allocations, want 0", got)
	}
	if got := testing.AllocsPerRun(200, func() { _ = s.Unmarshal(data, p) }); got > 0 {
		t.Errorf("Unmarshal: %v allocations, want 0", got)
	}
}

// wantWorking checks that s works in both directions. It may be called from any goroutine.
func wantWorking(t *testing.T, s *Serializer) {
	t.Helper()
	v := struct {
		Name string `json:"other"`
		Zero int
	}{Name: "interned"}
	const want = "\x82\xa4Name\xa8interned\xa4Zero\x00"
	got, err := s.AppendMarshal(nil, &v)
	if err != nil || string(got) != want {
		t.Errorf("AppendMarshal = %q, %v; want %q", got, err, want)
	}
	v.Name = ""
	if err := s.Unmarshal([]byte(want), &v); err != nil || v.Name != "interned" {
		t.Errorf("Unmarshal = %+v, %v", v, err)
	}
}
