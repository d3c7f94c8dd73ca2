package memnet

import (
	"math/bits"
	"sync"
)

// Buffers up to maxPooled are kept for reuse, in classes of a power of two.
const (
	minBuffer = 1 << 10
	maxPooled = 64 << 10
	classes   = 7 // 1 KiB to 64 KiB
)

var pools [classes]sync.Pool // of *buffer

// buffer is a ring of bytes.
type buffer struct {
	b    []byte // its length is a power of two
	r, n int    // first byte, number of bytes
}

func class(size int) int {
	return bits.Len(uint(size-1)) - bits.Len(minBuffer-1)
}

func newBuffer(size int) *buffer {
	size = max(minBuffer, 1<<bits.Len(uint(size-1)))
	if size <= maxPooled {
		if b, ok := pools[class(size)].Get().(*buffer); ok {
			return b
		}
	}
	return &buffer{b: make([]byte, size)}
}

// release gives the buffer back; a nil one is nothing.
func (b *buffer) release() {
	if b == nil || len(b.b) > maxPooled {
		return
	}
	b.r, b.n = 0, 0
	pools[class(len(b.b))].Put(b)
}

// reserve returns a buffer with the same bytes and room for n more: b itself,
// or a larger one, to which b's bytes have moved.
func (b *buffer) reserve(n int) *buffer {
	if b == nil {
		return newBuffer(n)
	}
	if b.n+n <= len(b.b) {
		return b
	}
	g := newBuffer(b.n + n)
	g.n = b.n
	b.read(g.b[:b.n])
	b.release()
	return g
}

// write appends p, for which there is room.
func (b *buffer) write(p []byte) {
	w := (b.r + b.n) & (len(b.b) - 1)
	n := copy(b.b[w:], p)
	copy(b.b, p[n:])
	b.n += len(p)
}

// read takes bytes off the front.
func (b *buffer) read(p []byte) int {
	n := min(len(p), b.n)
	m := copy(p[:n], b.b[b.r:])
	copy(p[m:n], b.b)
	b.r = (b.r + n) & (len(b.b) - 1)
	b.n -= n
	return n
}
