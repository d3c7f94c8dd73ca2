package msgpack

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// loose has the fields that the library's decoder can be made to panic with.
type loose struct {
	Any      any
	Stringer fmt.Stringer
	Map      map[any]int
	Strings  map[string]string
	Tree     map[string]tree
	Time     time.Time
	List     []any
	Pairs    []pair
	Interned string `msgpack:",intern"`
}

type tree map[string]tree

// pair is encoded as two values in a row.
type pair struct{ A, B int }

func (p *pair) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeMulti(p.A, p.B) }
func (p *pair) DecodeMsgpack(d *msgpack.Decoder) error { return d.DecodeMulti(&p.A, &p.B) }

// settings changes the decoder's settings.
type settings struct{}

func (settings) DecodeMsgpack(d *msgpack.Decoder) error {
	d.DisallowUnknownFields(true)
	d.UseLooseInterfaceDecoding(true)
	d.SetMapDecoder(func(*msgpack.Decoder) (any, error) { panic("a map decoder of another call") })
	return d.Skip()
}

// explosive is a type whose decoding method has a bug.
type explosive struct{}

func (*explosive) DecodeMsgpack(*msgpack.Decoder) error { panic("boom") }

// targets returns one of everything that payloads are decoded into here.
func targets() []any {
	return []any{
		new(any), new(map[string]any), new(map[string]string), new(map[any]int), new(tree), new(loose), new(player),
		new([]any), new([]string), new([]player), new(string), new([]byte), new(int), new(time.Time), new(pair),
		new(map[string][]map[string]any), new([4]byte), new(msgpack.RawMessage), new(*point),
	}
}

func TestUnmarshalKeepsFields(t *testing.T) {
	p := player{Name: "kept"}
	if err := NewSerializer().Unmarshal([]byte("\x82\xa2id\x07\xa7unknown\x93\x01\x02\x03"), &p); err != nil {
		t.Fatal(err)
	}
	if p.ID != 7 || p.Name != "kept" {
		t.Errorf("got %+v", p)
	}
}

func TestUnmarshalRow(t *testing.T) {
	s := NewSerializer()
	want := []*pair{{1, 2}, {3, 4}}
	b, err := s.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got []*pair
	if err := s.Unmarshal(b, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q decodes to %v, %v", b, got, err)
	}
}

// What a DecodeMsgpack method sets ends with its call, and so do the strings that a payload interned.
func TestDecoderIsReset(t *testing.T) {
	s := NewSerializer()
	if err := s.Unmarshal([]byte("\x01"), new(settings)); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	want := map[string]any{"k": map[string]any{"n": int8(1)}}
	if err := s.Unmarshal([]byte("\x81\xa1k\x81\xa1n\x01"), &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if err := s.Unmarshal([]byte("\x81\xa8Interned\xa6secret"), new(loose)); err != nil {
		t.Fatal(err)
	}
	if other := new(loose); s.Unmarshal([]byte("\x81\xa8Interned\xd4\x80\x00"), other) == nil {
		t.Errorf("a payload refers to a string of another one: %q", other.Interned)
	}
}

func TestUnmarshalError(t *testing.T) {
	s := NewSerializer()
	for _, test := range []struct {
		name, data string
		v          any
	}{
		{"nothing", "", new(any)},
		{"no value", "\xc1", new(any)},
		{"value and a half", "\x01\xa1", new(any)},
		{"two values", "\x01\x02", new(any)},
		{"another kind", "\xa1x", new(int)},
		{"an unknown extension", "\xd4\x05\x00", new(any)},
		{"no target", "\x01", nil},
		{"no pointer", "\x01", 1},
		{"a nil pointer", "\x01", (*int)(nil)},
		{"a nil pointer to a slice", "\x91\xa1x", (*[]string)(nil)},
		{"a field twice", "\x82\xa3Any\x01\xa3Any\x02", new(loose)},
		{"no Stringer", "\x81\xa8Stringer\x01", new(loose)},
		{"a key without a hash", "\x81\xa3Map\x81\x90\x01", new(loose)},
		{"a method that panics", "\x01", new(explosive)},
	} {
		if err := s.Unmarshal([]byte(test.data), test.v); err == nil {
			t.Errorf("%s: %q decodes into %T", test.name, test.data, test.v)
		}
		wantWorking(t, s)
	}
}

// Lengths that are not there cost nothing, wherever the payload has them and whatever it is
// decoded into.
func TestLyingLengths(t *testing.T) {
	const huge = "\x00\x40\x00\x00" // enough to see, not enough to hurt
	s := NewSerializer()
	for name, data := range map[string]string{
		"map":                               "\xdf" + huge,
		"array":                             "\xdd" + huge,
		"string":                            "\xdb" + huge,
		"bytes":                             "\xc6" + huge,
		"extension":                         "\xc9" + huge + "\x01",
		"map in a map":                      "\x81\xa1a\xdf" + huge,
		"map in Strings":                    "\x81\xa7Strings\xdf" + huge,
		"map in an unknown field":           "\x81\xa7unknown\xdf" + huge,
		"map in an extension":               "\xc7\x05\x01\xdf" + huge,
		"map in an extension in Strings":    "\x81\xa7Strings\xc7\x05\x01\xdf" + huge,
		"map in a map in a timestamp":       "\xd7\xff\x81\xa0\xdf" + huge + "\x00",
		"array in a map in a timestamp":     "\xd7\xff\x81\xa0\xdd" + huge + "\x00",
		"map in extensions":                 "\xc7\x0a\x01\x81\xa0\xc7\x05\x01\xdf" + huge,
		"map in the first of two":           "\x82\xa7Strings\xc7\x05\x01\xdf" + huge + "\xa4Time\xd6\xff" + huge,
		"map in the second of two":          "\x82\xa4Time\xd6\xff" + huge + "\xa7Strings\xc7\x05\x01\xdf" + huge,
		"map in the first of two inside":    "\xc7\x12\x01\x82\xa0\xc7\x05\x01\xdf" + huge + "\xa1k\xd6\x01\x80\x80\x80\x80",
		"map behind a small extension":      "\xd4\x01\xdf" + huge,
		"map behind an interned string":     "\xd4\x80\xdf" + huge,
		"big map behind an interned string": "\xd4\x80\xde\x7f\x7f",
	} {
		for _, v := range targets() {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_ = s.Unmarshal([]byte(data), v) // nil for a timestamp where one is wanted, or what is passed over
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
				t.Errorf("%s: %d bytes allocated to decode %q into %T", name, got, data, v)
			}
		}
	}
}

func TestDepth(t *testing.T) {
	s := NewSerializer()
	for _, test := range []struct {
		depth int
		ok    bool
	}{{1, true}, {maxDepth, true}, {maxDepth + 1, false}, {16 << 20, false}} {
		arrays := strings.Repeat("\x91", test.depth-1) + "\x90"
		var v any
		if err := s.Unmarshal([]byte(arrays), &v); (err == nil) != test.ok {
			t.Errorf("%d arrays: %v", test.depth, err)
		}
		if test.depth > 2*maxDepth {
			continue
		}
		maps := strings.Repeat("\x81\xa0", test.depth-1) + "\x80"
		if err := s.Unmarshal([]byte(maps), new(tree)); (err == nil) != test.ok {
			t.Errorf("%d maps: %v", test.depth, err)
		}
	}
}

// Levels are counted through extensions, which the decoder reads maps from.
func TestDepthInExtensions(t *testing.T) {
	payload := func(levels int) []byte {
		b := []byte("\x80")
		for range levels {
			n := len(b) + 2
			head := []byte{0xc9, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), 1, 0x81, 0xa0}
			b = append(head, b...)
		}
		return b
	}
	s := NewSerializer()
	if err := s.Unmarshal(payload(100), new(tree)); err != nil {
		t.Errorf("100 levels: %v", err)
	}
	if err := s.Unmarshal(payload(maxDepth+1), new(tree)); err == nil {
		t.Errorf("%d levels decode", maxDepth+1)
	}
}
