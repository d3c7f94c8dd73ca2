package sendq

import "sync"

const (
	startSize = 2 << 10
	// A larger buffer is left to the collector, so that one burst does not pin memory.
	maxPooled = 64 << 10
)

type buffer struct{ b []byte }

var buffers = sync.Pool{New: func() any { return &buffer{make([]byte, 0, startSize)} }}

func (b *buffer) release() {
	if cap(b.b) > maxPooled {
		return
	}
	b.b = b.b[:0]
	buffers.Put(b)
}
