package load

import (
	"errors"
	"io"

	"golang.org/x/sys/unix"
)

// A conn is one connection. It belongs to one thread at a time.
type conn struct {
	fd      int
	stalled bool
	closed  bool

	// in
	ws   bool
	left int    // bytes of the current WebSocket frame still to come
	rest []byte // the start of a packet or frame header that is not all there

	// out: all that may be in flight, twice over, so that any run of it is one slice
	ring   []byte
	at     int // where the next byte to be written stands, in the first half
	queued int // bytes to write
	armed  bool

	// requests in flight, answered in order
	sent   []int64 // when each was sent
	oldest int     // the one answered next
}

// scan hands every whole message in b to got and returns how many bytes it used.
func (c *conn) scan(p Protocol, b []byte, got func(Message) error) (int, error) {
	used := 0
	for {
		in := b[used:]
		if c.ws {
			if c.left == 0 {
				n, err := c.frame(in)
				if n == 0 || err != nil {
					return used, err
				}
				used += n
				continue
			}
			in = in[:min(len(in), c.left)]
		}
		m, n, err := p.Next(in)
		if err != nil {
			return used, err
		}
		if n == 0 {
			if c.ws && len(in) == c.left {
				return used, errSplit
			}
			return used, nil
		}
		used += n
		if c.ws {
			c.left -= n
		}
		if err := got(m); err != nil {
			return used, err
		}
	}
}

// frame begins the next WebSocket frame, or passes over a control frame. 0 means that more bytes are
// needed.
func (c *conn) frame(b []byte) (int, error) {
	op, size, n, err := frameHeader(b)
	switch {
	case err != nil || n == 0:
		return 0, err
	case op == opClose:
		return 0, errClosed
	case op > opClose:
		if len(b) < n+size {
			return 0, nil
		}
		return n + size, nil
	}
	c.left = size
	return n, nil
}

// read fills buf with what was left over and what is there to be read.
func (c *conn) read(buf []byte) ([]byte, error) {
	n := copy(buf, c.rest)
	if n == len(buf) {
		return nil, errors.New("load: a packet larger than the read buffer")
	}
	m, err := unix.Read(c.fd, buf[n:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		m = 0
	case err != nil:
		return nil, err
	case m == 0:
		return nil, io.EOF
	}
	return buf[:n+m], nil
}

// flush writes what is queued, as far as the socket takes it.
func (c *conn) flush() error {
	for c.queued > 0 {
		n, err := unix.Write(c.fd, c.ring[c.at:c.at+c.queued])
		switch err {
		case nil:
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return nil
		default:
			return err
		}
		c.queued -= n
		c.at = (c.at + n) % (len(c.ring) / 2)
	}
	return nil
}

func (c *conn) close() {
	if !c.closed {
		c.closed = true
		_ = unix.Close(c.fd)
	}
}
