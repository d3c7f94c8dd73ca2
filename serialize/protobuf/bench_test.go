package protobuf_test

import (
	"testing"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/lonng/nano/serialize/protobuf"
)

func BenchmarkAppendMarshal(b *testing.B) {
	s, dst := protobuf.NewSerializer(), make([]byte, 0, 4096)
	for name, v := range map[string]any{"message": object(b), "vt": benchVT, "legacy": &legacy{ID: 7, Name: "ann"}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.AppendMarshal(dst, v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	s := protobuf.NewSerializer()
	data, err := s.Marshal(object(b))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Unmarshal(data, new(structpb.Struct)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendError(b *testing.B) {
	s, dst := protobuf.NewSerializer(), make([]byte, 0, 4096)
	metadata := map[string]string{"route": "room.jion"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.AppendError(dst, "not-found", "no such route", metadata); err != nil {
			b.Fatal(err)
		}
	}
}
