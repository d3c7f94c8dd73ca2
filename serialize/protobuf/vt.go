package protobuf

import (
	"fmt"
	"slices"
)

// marshalerVT, sizedVT and unmarshalerVT are what protoc-gen-go-vtproto adds to a message.
type (
	marshalerVT interface {
		MarshalVT() ([]byte, error)
	}
	sizedVT interface {
		SizeVT() int
		// MarshalToSizedBufferVT writes the message so that it ends where b ends, and returns how
		// many bytes it wrote.
		MarshalToSizedBufferVT(b []byte) (int, error)
	}
	unmarshalerVT interface {
		UnmarshalVT(b []byte) error
	}
)

func appendSizedVT(dst []byte, m sizedVT) ([]byte, error) {
	start, size := len(dst), m.SizeVT()
	if size < 0 {
		return dst, fmt.Errorf("protobuf: %T has the size %d", m, size)
	}
	end := start + size
	out := slices.Grow(dst, size)[:end]
	n, err := m.MarshalToSizedBufferVT(out[start:end:end])
	if err != nil {
		return dst, err
	}
	if n < 0 || n > size {
		return dst, fmt.Errorf("protobuf: %T wrote %d bytes in a place for %d", m, n, size)
	}
	copy(out[start:], out[end-n:end])
	return out[:start+n], nil
}

// unmarshalVT replaces the content of m, as proto.Unmarshal does; UnmarshalVT alone merges.
func unmarshalVT(data []byte, m unmarshalerVT) error {
	if r, ok := m.(interface{ Reset() }); ok {
		r.Reset()
	}
	return m.UnmarshalVT(data)
}
