package ws

import "github.com/lonng/nano/internal/lazyread"

// ReadLazily is Read for a connection that shall hold no buffer while it
// waits. It has b lend its bytes, as often as it likes, and reads to the start
// of what was lent last. When it returns no bytes, it has given back what it
// was lent. Unlike Read it returns 0 and nil when what came holds no payload,
// a ping for one: the caller may call again.
//
// On a Unix the socket below TCP tells when bytes have come, as does a
// connection that has a ReadLazily of its own. Of another, as TLS, at most 128
// bytes are read at a time, into room that the Conn has for them, unless b has
// a method Held() bool that says that it is held anyway.
func (c *Conn) ReadLazily(b lazyread.Buffer) (n int, err error) {
	switch {
	case c.end != nil:
		return 0, c.finish()
	case len(c.rest) > 0:
		n = c.decodeRest(b.Lend())
	default:
		n, err = c.src.ReadLazily(b)
		if n == 0 {
			return 0, c.readError(err)
		}
		room := b.Lend() // the same again
		n = c.decode(room, room[:n])
	}
	if n > 0 {
		return n, nil // an error that came with bytes will come again
	}
	b.GiveBack()
	if c.end != nil {
		return 0, c.finish()
	}
	return 0, nil
}
