package ws

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/lonng/nano/internal/lazyread"
)

// Conn is an upgraded connection, a net.Conn. Read and ReadLazily are called by
// one goroutine at a time, as is Write; all else, and the two beside each
// other, by any number together.
type Conn struct {
	// static
	inner       net.Conn
	requestURI  string
	origin      string
	subprotocol string
	ended       func(net.Conn) // nil: nobody wants to know

	// owned by the reader
	src  lazyread.Stream // inner
	dec  decoder
	rest []byte  // raw bytes that were read and not decoded
	end  *ending // no more bytes will be decoded

	mu   sync.Mutex // not held while anything blocks
	free sync.Cond  // a write has ended, or Close was called

	// guarded by mu
	writing   bool // somebody is the writer
	closeSent bool // no frame may follow
	closed    bool
	closing   bool      // the deadlines are Read's
	extended  bool      // the write deadline is a pong's
	ponging   bool      // a goroutine is there to send pong
	pong      []byte    // to be sent, nil: none
	writeBy   time.Time // the caller's write deadline
	broken    error     // a frame was cut off
}

func newConn(inner net.Conn, limit int64, rest []byte) *Conn {
	c := &Conn{inner: inner, src: lazyread.New(inner), rest: rest}
	c.dec.limit = limit
	c.free.L = &c.mu
	return c
}

// RequestURI returns the path and query that the client asked for.
func (c *Conn) RequestURI() string { return c.requestURI }

// Origin returns the Origin header of the client's request: in a browser, the
// site whose page connected. "" without one.
func (c *Conn) Origin() string { return c.origin }

// Subprotocol returns the chosen one of Config.Subprotocols, "" when none was.
func (c *Conn) Subprotocol() string { return c.subprotocol }

// LocalAddr returns the address of the connection below.
func (c *Conn) LocalAddr() net.Addr { return c.inner.LocalAddr() }

// RemoteAddr returns the client's address, or that of the last proxy.
func (c *Conn) RemoteAddr() net.Addr { return c.inner.RemoteAddr() }

// Read reads bytes of binary messages; where one ends and the next begins is
// not told. It answers pings.
//
// It returns io.EOF when the client closed the connection, io.ErrUnexpectedEOF
// when that cut off a message, a [*CloseError] when the client broke the
// protocol. For up to a second it then sends a close frame, after a violation
// also reads what still comes, so that the close frame is not lost to a reset.
// Other errors are the connection's own.
func (c *Conn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for {
		if c.end != nil {
			return 0, c.finish()
		}
		if n, err := c.receive(b); n > 0 || err != nil {
			return n, err
		}
	}
}

// receive reads the connection once. Without payload in what came, it returns
// 0 and nil.
func (c *Conn) receive(b []byte) (int, error) {
	if len(c.rest) > 0 {
		return c.decodeRest(b), nil
	}
	n, err := c.src.Read(b)
	if n == 0 {
		return 0, c.readError(err)
	}
	return c.decode(b, b[:n]), nil // an error that came with bytes will come again
}

func (c *Conn) decodeRest(b []byte) int {
	n := min(len(b), len(c.rest))
	src := c.rest[:n]
	if c.rest = c.rest[n:]; len(c.rest) == 0 {
		c.rest = nil
	}
	return c.decode(b, src)
}

// decode decodes src into dst, which may be the same memory, and answers
// control frames. It stops where c.end is to be set.
func (c *Conn) decode(dst, src []byte) (n int) {
	for len(src) > 0 && c.end == nil {
		k, used, ev, bad := c.dec.next(dst[n:], src)
		n += k
		src = src[used:]
		switch {
		case bad != nil:
			c.end = violation(bad)
		case ev == ping:
			c.answer(c.dec.take())
		case ev == closed:
			c.end = farewell(c.dec.take())
		}
	}
	return n
}

func (c *Conn) readError(err error) error {
	if err == io.EOF && !c.dec.between() {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Close closes the connection at once, without a close frame, and waits for a
// pong under way to end. Calls that block return with an error. A second Close
// returns net.ErrClosed.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.closed = true
	c.free.Broadcast()
	c.mu.Unlock()
	err := c.inner.Close()
	if c.ended != nil {
		c.ended(c.inner)
	}
	c.mu.Lock()
	for c.ponging {
		c.free.Wait()
	}
	return err
}

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets when Read gives up; the zero time means never. It may
// be set again, and Read goes on.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.beyond(t) {
		return nil
	}
	return c.inner.SetReadDeadline(t)
}

// SetWriteDeadline sets when Write and CloseWith give up; the zero time means
// never. A frame that it cuts off ends the write side for good.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.beyond(t) {
		return nil
	}
	c.writeBy, c.extended = t, false
	return c.inner.SetWriteDeadline(t)
}

// beyond says whether a deadline is later than what is left to a connection
// that Read is closing.
func (c *Conn) beyond(t time.Time) bool {
	return c.closing && (t.IsZero() || time.Until(t) > closeTimeout)
}

// ending is how a connection ends whose reader has seen enough.
type ending struct {
	body  []byte // of the close frame
	err   error  // what Read returns
	drain bool   // more may come
	done  bool
}

// farewell answers the client's close frame.
func farewell(body []byte) *ending {
	if bad := checkClose(body); bad != nil {
		return violation(bad)
	}
	return &ending{body: body[:min(len(body), 2)], err: io.EOF}
}

func violation(bad *CloseError) *ending {
	return &ending{body: closeBody(bad.Code, bad.Reason), err: bad, drain: true}
}

// finish closes the connection as c.end says, the first time, and returns what
// Read returns.
func (c *Conn) finish() error {
	if c.end.done {
		return c.end.err
	}
	c.end.done = true
	c.rest = nil
	c.mu.Lock()
	c.closing = true
	by := time.Now().Add(closeTimeout)
	_ = c.inner.SetDeadline(by) // an error shows in what follows
	c.mu.Unlock()
	_ = c.sendClose(c.end.body) // the client may be gone, or was told before
	if c.end.drain {
		c.drain()
	}
	return c.end.err
}

// drain reads until the client closes or the time is up.
func (c *Conn) drain() {
	b := make([]byte, 1024)
	for {
		if _, err := c.src.Read(b); err != nil {
			return
		}
	}
}
