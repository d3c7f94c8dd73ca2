package msgpack

import (
	"bytes"
	"testing"
)

func FuzzUnmarshal(f *testing.F) {
	s := NewSerializer()
	for _, v := range []any{ann(), &loose{Interned: "abc", Strings: map[string]string{"a": "b"}, Pairs: []pair{{1, 2}}}, []any{1, "x", nil}} {
		b, err := s.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, seed := range []string{
		"", "\xc1", "\x82\xa3Any\x01\xa3Any\x02", "\x81\xa8Stringer\x01", "\x81\xa3Map\x81\x90\x01", "\xdf\xff\xff\xff\xff",
		"\xd7\xff\x81\xa0\xdf\xff\xff\xff\xff\x00", "\xc7\x05\x01\xdf\x00\x40\x00\x00", "\xd4\x80\xdf\x7f\x7f\x7f\x7f",
		"\x81\xa4Tree\xc7\x05\x01\x81\xa1k\x80\x00", "\x81\xa8Interned\xd4\x80\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		input := bytes.Clone(data)
		for _, v := range targets() {
			_ = s.Unmarshal(data, v)
		}
		if !bytes.Equal(data, input) {
			t.Fatal("Unmarshal changed its input")
		}
		var v any
		if s.Unmarshal(data, &v) != nil {
			return
		}
		once, err := s.AppendMarshal(nil, v)
		if err != nil {
			t.Fatalf("%q decodes and does not encode: %v", data, err)
		}
		if err := s.Unmarshal(once, new(any)); err != nil {
			t.Fatalf("%q became %q, which does not decode: %v", data, once, err)
		}
		wantWorking(t, s)
	})
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte("\x92\x81\xa1k\x91\xc4\x01\xc1\xd9\x01x"))
	f.Add([]byte("\xd7\xff\x81\xa0\xdf\xff\xff\xff\xff\x00\xc7\x01\x05\x90"))
	f.Add([]byte("\xdd\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		extensions, err := check(data)
		if err != nil {
			return
		}
		next := len(data)
		for _, x := range extensions { // the last comes first
			if x.start < 2 || x.start >= x.end || x.end > next || x.depth > maxDepth || data[x.start-1] != x.id {
				t.Fatalf("%q: extension %+v before %d", data, x, next)
			}
			next = x.start
		}
	})
}
