package serialize_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/lonng/nano/serialize"
)

var errRefused = errors.New("refused")

// plain has what a Serializer must have. It encodes strings as they are and refuses the rest.
type plain struct{}

func (plain) Marshal(v any) ([]byte, error) {
	if s, ok := v.(string); ok {
		return []byte(s), nil
	}
	return nil, errRefused
}

func (plain) Unmarshal(data []byte, v any) error {
	*v.(*string) = string(data)
	return nil
}

// appender has AppendMarshal too, which writes to the buffer before it fails.
type appender struct{ plain }

func (appender) AppendMarshal(dst []byte, v any) ([]byte, error) {
	if s, ok := v.(string); ok {
		return append(append(dst, "appended "...), s...), nil
	}
	return append(dst, "half"...), errRefused
}

// shrinker breaks the contract of Appender.
type shrinker struct{ plain }

func (shrinker) AppendMarshal([]byte, any) ([]byte, error) { return nil, nil }

type named struct{ plain }

func (named) Name() string { return "plain" }

func TestAppend(t *testing.T) {
	for _, test := range []struct {
		name string
		s    serialize.Serializer
		v    any
		want string
		fail bool
	}{
		{"Marshal", plain{}, "x", "head x", false},
		{"Marshal fails", plain{}, 1, "head ", true},
		{"AppendMarshal", appender{}, "x", "head appended x", false},
		{"AppendMarshal fails", appender{}, 1, "head ", true},
		{"AppendMarshal shrinks", shrinker{}, "x", "head ", true},
		{"bytes", plain{}, []byte("raw"), "head raw", false},
		{"bytes beside AppendMarshal", appender{}, []byte("raw"), "head raw", false},
		{"nil bytes", plain{}, []byte(nil), "head ", false},
		{"bytes without serializer", nil, []byte("raw"), "head raw", false},
		{"value without serializer", nil, "x", "head ", true},
	} {
		for _, room := range []int{0, 64} {
			t.Run(fmt.Sprint(test.name, ", room ", room), func(t *testing.T) {
				dst := append(make([]byte, 0, 5+room), "head "...)
				got, err := serialize.Append(test.s, dst, test.v)
				if string(got) != test.want || (err != nil) != test.fail {
					t.Errorf("Append = %q, %v; want %q, error %t", got, err, test.want, test.fail)
				}
			})
		}
	}
}

func TestAppendKeepsError(t *testing.T) {
	for _, s := range []serialize.Serializer{plain{}, appender{}} {
		if _, err := serialize.Append(s, nil, 1); !errors.Is(err, errRefused) {
			t.Errorf("%T: error %v, want %v", s, err, errRefused)
		}
	}
}

func TestAppendUsesCapacity(t *testing.T) {
	dst := make([]byte, 5, 64)
	for _, s := range []serialize.Serializer{plain{}, appender{}} {
		out, err := serialize.Append(s, dst, "x")
		if err != nil {
			t.Fatal(err)
		}
		if &out[0] != &dst[0] {
			t.Errorf("%T: a new array, though the old one had room", s)
		}
	}
}

func TestAppendBytesCopies(t *testing.T) {
	payload := []byte("payload")
	out, err := serialize.Append(plain{}, nil, payload)
	if err != nil {
		t.Fatal(err)
	}
	clear(payload)
	if !bytes.Equal(out, []byte("payload")) {
		t.Errorf("the payload shares memory with the value: %q", out)
	}
}

func TestName(t *testing.T) {
	for _, test := range []struct {
		s    serialize.Serializer
		want string
	}{{named{}, "plain"}, {plain{}, ""}, {nil, ""}} {
		if got := serialize.Name(test.s); got != test.want {
			t.Errorf("Name(%T) = %q, want %q", test.s, got, test.want)
		}
	}
}
