package memnet

import (
	"io"
	"syscall"
)

// Hangup tells, without reading, whether the peer has gone: io.EOF when it has closed or shut its write side, syscall.ECONNRESET when
// it has reset the connection, else nil. There may be input that was sent before.
func (c *Conn) Hangup() error {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	switch {
	case c.in.reset:
		return c.opError("read", syscall.ECONNRESET)
	case c.in.shut:
		return io.EOF
	}
	return nil
}
