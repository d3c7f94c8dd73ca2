package msgpack

import (
	"maps"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

func TestAppendError(t *testing.T) {
	for _, test := range []struct {
		code, msg string
		metadata  map[string]string
		want      string
	}{
		{"c", "m", nil, "\x82\xa4code\xa1c\xa3msg\xa1m"},
		{"", "", map[string]string{}, "\x82\xa4code\xa0\xa3msg\xa0"},
		{"c\xff", "m", map[string]string{"b": "\xfe", "a": "1"},
			"\x83\xa4code\xa4c\uFFFD\xa3msg\xa1m\xa8metadata\x82\xa1a\xa11\xa1b\xa3\uFFFD"},
	} {
		for range 20 { // sorted: the order of a map changes
			got, err := NewSerializer().AppendError([]byte("head"), test.code, test.msg, test.metadata)
			if err != nil || string(got) != "head"+test.want {
				t.Fatalf("AppendError = %q, %v; want %q", got, err, test.want)
			}
		}
	}
}

func TestAppendErrorLeavesMetadata(t *testing.T) {
	s, metadata := NewSerializer(), map[string]string{"a\xff": "1"}
	if _, err := s.AppendError(nil, "c", "m", metadata); err != nil || len(metadata) != 1 || metadata["a\xff"] != "1" {
		t.Errorf("the caller's metadata became %q, %v", metadata, err)
	}
	wantWorking(t, s)
}

func FuzzAppendError(f *testing.F) {
	f.Add("not-found", "no such route", "route", "room.jion")
	f.Add("", "\xff", "\xc3", "")
	s := NewSerializer()
	f.Fuzz(func(t *testing.T, code, msg, key, value string) {
		body, err := s.AppendError(nil, code, msg, map[string]string{key: value})
		if err != nil {
			t.Fatal(err)
		}
		var got errorBody
		if err := msgpack.Unmarshal(body, &got); err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		want := map[string]string{utf8(key): utf8(value)}
		if got.Code != utf8(code) || got.Msg != utf8(msg) || !maps.Equal(got.Metadata, want) {
			t.Errorf("%q, %q, %q, %q became %+v", code, msg, key, value, got)
		}
	})
}
