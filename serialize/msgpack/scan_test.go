package msgpack

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

func TestCheck(t *testing.T) {
	body := func(n int) string { return strings.Repeat("\x01", n) }
	for name, data := range map[string]string{
		"nothing": "", "numbers": "\x00\x7f\xe0\xff", "constants": "\xc0\xc2\xc3",
		"uint8": "\xcc" + body(1), "uint16": "\xcd" + body(2), "uint32": "\xce" + body(4), "uint64": "\xcf" + body(8),
		"int8": "\xd0" + body(1), "int16": "\xd1" + body(2), "int32": "\xd2" + body(4), "int64": "\xd3" + body(8),
		"float32": "\xca" + body(4), "float64": "\xcb" + body(8),
		"fixstr": "\xa0\xbf" + body(31), "str8": "\xd9\x03abc", "str16": "\xda\x01\x00" + body(256), "str32": "\xdb\x00\x00\x00\x02ab",
		"bin8": "\xc4\x03abc", "bin16": "\xc5\x00\x03abc", "bin32": "\xc6\x00\x00\x00\x01a",
		"fixarray": "\x90\x9f" + body(15), "array16": "\xdc\x00\x03" + body(3), "array32": "\xdd\x00\x00\x00\x01\x01",
		"fixmap": "\x80\x8f" + body(30), "map16": "\xde\x00\x02" + body(4), "map32": "\xdf\x00\x00\x00\x01\x01\x01",
		"fixext1": "\xd4" + body(2), "fixext2": "\xd5" + body(3), "fixext4": "\xd6" + body(5), "fixext8": "\xd7" + body(9),
		"fixext16": "\xd8" + body(17), "ext8": "\xc7\x03" + body(4), "ext16": "\xc8\x00\x03" + body(4),
		"ext32": "\xc9\x00\x00\x00\x03" + body(4), "empty ext8": "\xc7\x00\x01",
		"nested": "\x92\x81\xa1k\x91\xc4\x01\xc1\xd9\x01x",
	} {
		if _, err := check([]byte(data)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "nothing" || name == "numbers" || name == "constants" {
			continue
		}
		if _, err := check([]byte(data)[:len(data)-1]); !errors.Is(err, errShort) {
			t.Errorf("%s, its last byte missing: %v, want %v", name, err, errShort)
		}
	}
	for data, want := range map[string]error{"\xc1": errCode, "\x91\xc1": errCode, "\xdd\xff\xff\xff\xff": errShort,
		"\xdf\xff\xff\xff\xff": errShort, "\xdf\x80\x00\x00\x01\x01\x01": errShort, "\x91": errShort} {
		if _, err := check([]byte(data)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", data, err, want)
		}
	}
}

// What any first byte says about the length agrees with the library, which skips the value.
func TestCheckAgreesWithLibrary(t *testing.T) {
	for first := range 256 {
		for _, tail := range []string{"", "\x00", "\x00\x00\x00\x01", "\x01\x02\x03\x04\x05\x06\x07\x08\x09", strings.Repeat("\x00", 40)} {
			data := append([]byte{byte(first)}, tail...)
			s := scanner{data: data}
			end, err := s.value(0, 0)
			r := reader{data: data}
			skipErr := msgpack.NewDecoder(&r).Skip()
			if (err == nil) != (skipErr == nil) || err == nil && end != r.pos {
				t.Errorf("% x: ends at %d, %v; the library says %d, %v", data, end, err, r.pos, skipErr)
			}
		}
	}
}

// Bodies of timestamps may look like anything and are left alone.
func TestTimestamps(t *testing.T) {
	s := NewSerializer()
	for _, want := range []time.Time{
		time.Unix(0, 0), time.Unix(1<<31, 0), time.Unix(0x81a0dfff, 0), time.Unix(0xdfffffff, 0), time.Unix(-1, 999_999_999),
		time.Unix(1_700_000_000, 543_700_991), time.Unix(1_700_000_000, 0xdf<<22), time.Unix(1<<40, 1), {},
	} {
		type nested struct {
			At  time.Time
			Any any
			Map map[string]time.Time
		}
		b, err := s.Marshal(nested{want, want, map[string]time.Time{"k": want}})
		if err != nil {
			t.Fatal(err)
		}
		var got nested
		if err := s.Unmarshal(b, &got); err != nil {
			t.Errorf("%v: %v", want, err)
		}
		if anyTime, ok := got.Any.(time.Time); !ok || !anyTime.Equal(want) || !got.At.Equal(want) || !got.Map["k"].Equal(want) {
			t.Errorf("%v became %+v", want, got)
		}
		var generic map[string]any
		if err := s.Unmarshal(b, &generic); err != nil {
			t.Errorf("%v into a map: %v", want, err)
		}
	}
}

// A map may stand in an extension; what the map holds is checked like the rest.
func TestMapInExtension(t *testing.T) {
	s := NewSerializer()
	var got map[string]any
	if err := s.Unmarshal([]byte("\xc7\x05\x01\x81\xa1k\x91\x07"), &got); err != nil {
		t.Fatal(err)
	}
	if want := map[string]any{"k": []any{int8(7)}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, bad := range []string{"\xc7\x03\x01\x81\xa1k\x07", "\xd5\x01\x81\xc1", "\xd4\x01\xc1"} {
		if err := s.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%q decodes", bad)
		}
	}
}

func TestInternedStrings(t *testing.T) {
	type row struct {
		S string `msgpack:",intern"`
	}
	s := NewSerializer()
	var want []row
	for i := range 200 {
		name := "name " + string(rune('a'+i/26)) + string(rune('a'+i%26))
		want = append(want, row{name}, row{name})
	}
	b, err := s.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got []row
	if err := s.Unmarshal(b, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("interned strings: %v, got %v", err, got)
	}
}

func TestReaderUnread(t *testing.T) {
	r := reader{data: []byte("ab")}
	if err := r.UnreadByte(); err == nil {
		t.Error("a byte unread before any was read")
	}
	for range 2 {
		if c, err := r.ReadByte(); c != 'a' || err != nil {
			t.Errorf("ReadByte = %q, %v", c, err)
		}
		if err := r.UnreadByte(); err != nil {
			t.Error(err)
		}
	}
}
