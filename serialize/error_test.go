package serialize_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/lonng/nano/serialize"
)

// marshaled gives error bodies a form of its own; out and err are what AppendError returns beyond
// the buffer.
type marshaled struct {
	plain
	out string
	err error
}

func (m marshaled) AppendError(dst []byte, _, _ string, _ map[string]string) ([]byte, error) {
	return append(dst, m.out...), m.err
}

// forgetful loses what the buffer held.
type forgetful struct{ plain }

func (forgetful) AppendError([]byte, string, string, map[string]string) ([]byte, error) {
	return nil, nil
}

func TestAppendError(t *testing.T) {
	const body = `{"code":"not-found","msg":"no such route","metadata":{"route":"room.jion"}}`
	for _, test := range []struct {
		name string
		s    serialize.Serializer
		want string
	}{
		{"no serializer", nil, body},
		{"plain", plain{}, body},
		{"own form", marshaled{out: "own"}, "own"},
		{"own form fails", marshaled{out: "half", err: errRefused}, body},
		{"own form is empty", marshaled{}, body},
		{"own form shrinks", forgetful{}, body},
	} {
		t.Run(test.name, func(t *testing.T) {
			metadata := map[string]string{"route": "room.jion"}
			got := serialize.AppendError(test.s, []byte("head "), "not-found", "no such route", metadata)
			if string(got) != "head "+test.want {
				t.Errorf("AppendError = %q, want %q", got, "head "+test.want)
			}
		})
	}
}

func TestAppendErrorText(t *testing.T) {
	for _, test := range []struct {
		code, msg string
		metadata  map[string]string
		want      string
	}{
		{"", "", nil, `{"code":"","msg":""}`},
		{"a", "b", map[string]string{}, `{"code":"a","msg":"b"}`},
		{"a", "b", map[string]string{"y": "2", "x": "1"}, `{"code":"a","msg":"b","metadata":{"x":"1","y":"2"}}`},
		{`q"`, "line\nline", nil, `{"code":"q\"","msg":"line\nline"}`},
	} {
		got := serialize.AppendError(nil, nil, test.code, test.msg, test.metadata)
		if string(got) != test.want {
			t.Errorf("AppendError(%q, %q, %v) = %s, want %s", test.code, test.msg, test.metadata, got, test.want)
		}
	}
}

func FuzzAppendError(f *testing.F) {
	f.Add("not-found", "no such route", "route", "room.jion")
	f.Add("", "", "", "")
	f.Add("\xff", "\u2028<&>\x00", "\xc3", "\"\\")
	f.Fuzz(func(t *testing.T, code, msg, key, value string) {
		metadata := map[string]string{key: value}
		b := serialize.AppendError(nil, nil, code, msg, metadata)
		var got struct {
			Code, Msg string
			Metadata  map[string]string
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		want := map[string]string{text(key): text(value)}
		if text(got.Code) != text(code) || text(got.Msg) != text(msg) || !maps.Equal(textMap(got.Metadata), want) {
			t.Errorf("%q, %q, %q became %q", code, msg, metadata, got)
		}
	})
}

// text folds what is not UTF-8 away: how many U+FFFD it becomes is the encoder's affair.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\uFFFD", "")
}

func textMap(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for key, value := range m {
		out[text(key)] = text(value)
	}
	return out
}
