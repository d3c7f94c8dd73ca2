package memnet

import (
	"errors"
	"io"
	"net"
	"time"
)

// pipe is both ends of a connection and both directions between them, in one
// allocation.
type pipe struct {
	a, b   Conn
	ab, ba half
	addr   Addr
}

func newPipe(size int) *pipe {
	if size <= 0 {
		size = DefaultSize
	}
	p := &pipe{addr: Addr{name: "pipe"}}
	p.ab.init(size)
	p.ba.init(size)
	p.a = Conn{in: &p.ba, out: &p.ab, local: &p.addr, remote: &p.addr}
	p.b = Conn{in: &p.ab, out: &p.ba, local: &p.addr, remote: &p.addr}
	return p
}

// Pipe returns the two ends of a connection that holds size bytes a
// direction. Zero and below mean [DefaultSize].
func Pipe(size int) (a, b *Conn) {
	p := newPipe(size)
	return &p.a, &p.b
}

// Conn is one end of a connection in memory, a net.Conn. Its methods may be
// called by any number of goroutines together; a Write's bytes are never
// mixed with another's.
//
// Errors other than io.EOF are a *net.OpError around net.ErrClosed (this end
// was closed), os.ErrDeadlineExceeded, syscall.ECONNRESET (the peer reset the
// connection) or syscall.EPIPE (a Write that nobody will read).
type Conn struct {
	in, out       *half
	local, remote net.Addr
}

// Read reads what is there, and blocks while there is nothing. It returns
// io.EOF when the peer has closed, or shut its write side, and all was read.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.in.read(b)
	return n, c.opError("read", err)
}

// ReadLazily is Read, but has b lend the bytes to read into only when there is
// something to read: a connection that waits needs none. When it returns no
// bytes, it has given back what it was lent. One goroutine at a time may call
// it.
func (c *Conn) ReadLazily(b interface {
	Lend() []byte
	GiveBack()
}) (int, error) {
	if err := c.in.await(); err != nil {
		return 0, c.opError("read", err)
	}
	n, err := c.Read(b.Lend())
	if n == 0 {
		b.GiveBack()
	}
	return n, err
}

// Write writes all of b, and blocks while the buffer is full. With an error
// it returns how many bytes of b went into the buffer.
func (c *Conn) Write(b []byte) (int, error) {
	n, err := c.out.write(b)
	return n, c.opError("write", err)
}

// Close closes both directions; calls that block return. What was written
// and not read yet still reaches the peer, unless this end holds input that
// it has not read: then the connection is reset, as TCP does. A second Close
// returns net.ErrClosed in a *net.OpError.
func (c *Conn) Close() error {
	unread, err := c.in.closeRead()
	if err != nil {
		return c.opError("close", err)
	}
	c.out.closeWrite(unread)
	return nil
}

// Reset closes the connection and loses what is on its way to the peer, which
// reads ECONNRESET: a radio that went away, a process that was killed. On a
// closed connection it returns net.ErrClosed in a *net.OpError.
func (c *Conn) Reset() error {
	if _, err := c.in.closeRead(); err != nil {
		return c.opError("reset", err)
	}
	c.out.closeWrite(true)
	return nil
}

// CloseWrite shuts the write side: the peer reads the rest, then io.EOF, and
// may go on writing. Writes of this end fail with syscall.EPIPE from then on.
func (c *Conn) CloseWrite() error {
	return c.opError("close", c.out.shutWrite())
}

// LocalAddr returns the address of this end.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the peer.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines. The zero time means none.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets when Read gives up, blocked ones included. A passed
// deadline fails every Read until it is moved. The zero time means none.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.opError("set", c.in.setReadDeadline(t))
}

// SetWriteDeadline is SetReadDeadline for Write.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.opError("set", c.out.setWriteDeadline(t))
}

func (c *Conn) opError(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "mem", Source: c.local, Addr: c.remote, Err: err}
}
