package msgpack

import (
	"testing"

	"github.com/vmihailenco/msgpack/v5"
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

// BenchmarkUnmarshal compares with the library alone, which checks nothing.
func BenchmarkUnmarshal(b *testing.B) {
	s := NewSerializer()
	data, err := s.Marshal(ann())
	if err != nil {
		b.Fatal(err)
	}
	for name, unmarshal := range map[string]func([]byte, any) error{"checked": s.Unmarshal, "library": msgpack.Unmarshal} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := unmarshal(data, new(player)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCheck(b *testing.B) {
	data, err := NewSerializer().Marshal(ann())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := check(data); err != nil {
			b.Fatal(err)
		}
	}
}
