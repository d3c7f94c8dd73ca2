package json

import (
	"encoding/json"
	"testing"
)

func BenchmarkAppendMarshal(b *testing.B) {
	s, v := NewSerializer(), ann()
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.AppendMarshal(dst, v); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMarshalAndCopy is what AppendMarshal saves.
func BenchmarkMarshalAndCopy(b *testing.B) {
	v := ann()
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		p, err := json.Marshal(v)
		if err != nil {
			b.Fatal(err)
		}
		_ = append(dst, p...)
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	s := NewSerializer()
	data, err := s.Marshal(ann())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Unmarshal(data, new(player)); err != nil {
			b.Fatal(err)
		}
	}
}
