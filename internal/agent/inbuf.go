package agent

import (
	"sync"

	"github.com/lonng/nano/internal/lazyread"
)

const (
	firstRead = 4 << 10
	// A larger buffer is left to the collector.
	maxReadPooled = 64 << 10
)

var readBuffers = sync.Pool{New: func() any { b := make([]byte, firstRead); return &b }}

// inbuf is what was read and not yet parsed. An empty one holds no memory.
type inbuf struct {
	src   lazyread.Reader
	buf   *[]byte
	start int // of what is not yet parsed
	end   int
}

// bytes returns what is not yet parsed. It is good until the next fill.
func (in *inbuf) bytes() []byte {
	if in.buf == nil {
		return nil
	}
	return (*in.buf)[in.start:in.end]
}

// skip tells that n bytes were parsed.
func (in *inbuf) skip(n int) { in.start += n }

// fill waits for at least one more byte.
func (in *inbuf) fill() error {
	in.makeRoom()
	n, err := in.src.ReadLazily(in)
	if n > 0 {
		in.end += n
		return nil
	}
	return err
}

// makeRoom drops what was parsed, and grows a full buffer: by doubling, so that memory follows what really came and
// not what a header claims.
func (in *inbuf) makeRoom() {
	if in.start == in.end {
		in.start, in.end = 0, 0
		in.GiveBack()
		return
	}
	b := *in.buf
	if in.start > 0 {
		in.end = copy(b, b[in.start:in.end])
		in.start = 0
	}
	if in.end == len(b) {
		bigger := make([]byte, 2*len(b))
		copy(bigger, b)
		if len(b) <= maxReadPooled {
			readBuffers.Put(in.buf)
		}
		in.buf = &bigger
	}
}

// Lend implements lazyread.Buffer.
func (in *inbuf) Lend() []byte {
	if in.buf == nil {
		in.buf = readBuffers.Get().(*[]byte)
	}
	return (*in.buf)[in.end:]
}

// GiveBack implements lazyread.Buffer.
func (in *inbuf) GiveBack() {
	if in.buf == nil || in.end > in.start {
		return
	}
	if len(*in.buf) <= maxReadPooled {
		readBuffers.Put(in.buf)
	}
	in.buf = nil
}

// Held implements lazyread.Holder.
func (in *inbuf) Held() bool { return in.end > in.start }
