package memnet

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// half is one direction of a connection: bytes between a writing and a
// reading end. The mutex is never held while a call blocks.
type half struct {
	// static
	size int

	mu   sync.Mutex
	cond sync.Cond // readers of an empty half or writers of a full one; all are woken

	// guarded by mu
	buf        *buffer // nil: empty
	readBy     *deadline
	writeBy    *deadline
	writing    bool // a Write waits for room; others wait for its end
	shut       bool // no more bytes will come
	writerGone bool // the writing end was closed
	readerGone bool // the reading end was closed
	reset      bool // what was written is lost
}

func (h *half) init(size int) {
	h.size = size
	h.cond.L = &h.mu
}

func (h *half) read(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.waitReadable(len(b) == 0); err != nil || len(b) == 0 {
		return 0, err
	}
	n := h.buf.read(b)
	if h.buf.n == 0 {
		h.drop()
	}
	h.cond.Broadcast()
	return n, nil
}

// await blocks until read would not.
func (h *half) await() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.waitReadable(false)
}

// waitReadable returns nil when there is something to read, with poll also
// when there is not.
func (h *half) waitReadable(poll bool) error {
	for {
		switch {
		case h.readerGone:
			return net.ErrClosed
		case h.readBy.passed():
			return os.ErrDeadlineExceeded
		case h.reset:
			return syscall.ECONNRESET
		case h.buf != nil || poll:
			return nil
		case h.shut:
			return io.EOF
		}
		h.cond.Wait()
	}
}

func (h *half) write(b []byte) (n int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.writing && h.writeErr() == nil {
		h.cond.Wait()
	}
	if err := h.writeErr(); err != nil {
		return 0, err
	}
	for n += h.put(b); n < len(b); n += h.put(b[n:]) {
		h.writing = true
		h.cond.Wait()
		if err = h.writeErr(); err != nil {
			break
		}
	}
	if h.writing {
		h.writing = false
		h.cond.Broadcast()
	}
	return n, err
}

func (h *half) writeErr() error {
	switch {
	case h.writerGone:
		return net.ErrClosed
	case h.writeBy.passed():
		return os.ErrDeadlineExceeded
	case h.shut, h.readerGone:
		return syscall.EPIPE
	}
	return nil
}

// put buffers what there is room for.
func (h *half) put(b []byte) int {
	used := 0
	if h.buf != nil {
		used = h.buf.n
	}
	n := min(len(b), h.size-used)
	if n == 0 {
		return 0
	}
	h.buf = h.buf.reserve(n)
	h.buf.write(b[:n])
	h.cond.Broadcast()
	return n
}

func (h *half) drop() {
	h.buf.release()
	h.buf = nil
}

// closeRead closes the reading end and says whether input was lost.
func (h *half) closeRead() (unread bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readerGone {
		return false, net.ErrClosed
	}
	h.readerGone = true
	unread = h.buf != nil
	h.drop()
	h.readBy.stop()
	h.cond.Broadcast()
	return unread, nil
}

// closeWrite closes the writing end; reset loses what was not read yet.
func (h *half) closeWrite(reset bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.writerGone, h.shut = true, true
	if reset {
		h.reset = true
		h.drop()
	}
	h.writeBy.stop()
	h.cond.Broadcast()
}

func (h *half) shutWrite() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.writerGone {
		return net.ErrClosed
	}
	h.shut = true
	h.cond.Broadcast()
	return nil
}

func (h *half) setReadDeadline(t time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readerGone {
		return net.ErrClosed
	}
	h.readBy = h.readBy.set(t, h.wake)
	h.cond.Broadcast()
	return nil
}

func (h *half) setWriteDeadline(t time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.writerGone {
		return net.ErrClosed
	}
	h.writeBy = h.writeBy.set(t, h.wake)
	h.cond.Broadcast()
	return nil
}

func (h *half) wake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cond.Broadcast()
}
