package protobuf_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/lonng/nano/serialize/protobuf"
)

func FuzzUnmarshal(f *testing.F) {
	s := protobuf.NewSerializer()
	for _, m := range []any{wrapperspb.String("ann"), wrapperspb.Int64(-7), object(f), &small{ID: 7, Name: "ann"}} {
		b, err := s.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{})
	f.Add([]byte("\x0a\xff\xff\xff\xff\x0f"))
	f.Add(bytes.Repeat([]byte("\x0b"), 100))
	f.Fuzz(func(t *testing.T, data []byte) {
		input := bytes.Clone(data)
		for _, m := range []any{
			new(wrapperspb.StringValue), new(structpb.Struct), new(structpb.Value), new(small), new(sized), new(legacy),
		} {
			if s.Unmarshal(data, m) != nil {
				continue
			}
			again, err := s.Marshal(m)
			if err != nil {
				t.Fatalf("%T: %q decodes and does not encode: %v", m, data, err)
			}
			if m, ok := m.(proto.Message); ok {
				got := m.ProtoReflect().New().Interface()
				if err := s.Unmarshal(again, got); err != nil || !proto.Equal(got, m) {
					t.Fatalf("%T: %v became %v, %v", m, m, got, err)
				}
			}
		}
		if !bytes.Equal(data, input) {
			t.Fatal("Unmarshal changed its input")
		}
	})
}
