package ws

// lazyConn is what a connection below may offer: a Read that asks for its
// buffer when there is something to read.
type lazyConn interface {
	ReadLazy(buffer func() []byte) (int, error)
}

// lazy is what reading without a buffer needs.
type lazy struct {
	own lazyConn   // the connection's own way; nil: none
	raw *rawReader // the socket; nil: none

	lend  func() []byte // buffer, remembered in lent
	ask   func() []byte // the caller's buffer
	lent  []byte
	small [smallRead]byte
}

// smallRead is how much is read where it is not known that there is something:
// a usual message of a game, and its header.
const smallRead = 128

func (c *Conn) newLazy() *lazy {
	l := &lazy{}
	l.own, _ = c.inner.(lazyConn)
	if l.own == nil {
		l.raw = newRawReader(c.inner)
	}
	l.lend = func() []byte {
		if l.lent == nil {
			l.lent = l.ask()
		}
		return l.lent
	}
	return l
}

// ReadLazy is Read for a connection that shall hold no buffer while it waits.
// It calls buffer, at most once, when bytes have come; the slice, which must
// not be empty, is read into as by Read. Unlike Read it returns 0 and nil when
// what came holds no payload, a ping for one: the caller may put the buffer
// back and call again.
//
// On a Unix the socket below TCP tells when bytes have come, as does a
// connection that has a ReadLazy of its own. Of another, as TLS, the first
// bytes are read into room that the Conn has for them.
func (c *Conn) ReadLazy(buffer func() []byte) (n int, err error) {
	switch {
	case c.end != nil:
		return 0, c.finish()
	case len(c.rest) > 0:
		return c.decodeRest(buffer())
	case c.lazy == nil:
		c.lazy = c.newLazy()
	}
	l := c.lazy
	l.ask = buffer
	switch {
	case l.own != nil:
		n, err = l.own.ReadLazy(l.lend)
	case l.raw != nil:
		n, err = l.raw.read(l.small[:], l.lend)
	default:
		n, err = c.inner.Read(l.small[:])
	}
	b := l.lent
	l.ask, l.lent = nil, nil
	switch {
	case n == 0:
		return 0, c.readError(err)
	case b != nil:
		return c.decode(b, b[:n])
	}
	c.rest = l.small[:n]
	return c.decodeSmall(buffer())
}

// decodeSmall decodes what was read into the small room, and if that was all
// of it, and the frame goes on, reads on into the buffer.
func (c *Conn) decodeSmall(b []byte) (int, error) {
	full := len(c.rest) == smallRead
	n, err := c.decodeRest(b)
	if err != nil || !full || !c.dec.body || len(c.rest) > 0 || n == len(b) {
		return n, err
	}
	m, err := c.inner.Read(b[n:])
	if m == 0 {
		if n > 0 {
			return n, nil // the error will come again
		}
		return 0, c.readError(err)
	}
	m, err = c.decode(b[n:], b[n:n+m])
	if n+m > 0 {
		err = nil
	}
	return n + m, err
}
