package json

import (
	"bytes"
	"encoding/json"
	"testing"
)

func FuzzUnmarshal(f *testing.F) {
	for _, seed := range []string{
		`null`, `{"id":7,"name":"ann","score":1.5,"items":["key"],"pos":{"X":3,"Y":4}}`, `[1,2.5,-3e10,"x",true,{}]`,
		`{"id":1,"id":2}`, `{"ID":1}`, `"\ud800"`, "\"\xff\"", `[[[[]]]]`, `{`, `1 2`, ` {"pos":null} `, `1e999`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := NewSerializer()
		input := bytes.Clone(data)
		_ = s.Unmarshal(data, new(player))
		var v any
		if err := s.Unmarshal(data, &v); err != nil {
			return
		}
		if !bytes.Equal(data, input) {
			t.Fatal("Unmarshal changed its input")
		}
		once, err := s.AppendMarshal(nil, v)
		if err != nil {
			t.Fatalf("%q decodes and does not encode: %v", data, err)
		}
		if want, err := json.Marshal(v); err != nil || !bytes.Equal(once, want) {
			t.Fatalf("AppendMarshal = %q, json.Marshal = %q, %v", once, want, err)
		}
		var again any
		if err := s.Unmarshal(once, &again); err != nil {
			t.Fatalf("%q does not decode: %v", once, err)
		}
		if twice, err := s.Marshal(again); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q became %q, %v", once, twice, err)
		}
	})
}
