// Package hangup tells whether the peer of a connection has gone, without reading from the connection: for one whose input nobody
// takes for the time being, so that no read would tell.
//
//	if err := hangup.Check(conn); err != nil {
//		// gone
//	}
package hangup

import (
	"errors"
	"net"
	"syscall"
)

// ErrUnreachable is returned for a peer that has acknowledged nothing for about a minute.
var ErrUnreachable = errors.New("hangup: the peer acknowledges nothing")

// Check returns nil while nothing is known against the peer, io.EOF when it has closed the connection or its side of it, and
// otherwise what has broken it. What the peer sent before may be unread.
//
// It looks below what has a NetConn method, as a TLS connection, and asks what has a Hangup method. Of a socket it learns all on Linux;
// on other Unixes what has broken it; elsewhere, and of other connections, nothing. It costs two system calls and may be called beside
// all others.
func Check(conn net.Conn) error {
	for range 8 {
		switch c := conn.(type) {
		case interface{ Hangup() error }:
			return c.Hangup()
		case interface{ NetConn() net.Conn }:
			conn = c.NetConn()
		case syscall.Conn:
			return checkSocket(c)
		default:
			return nil
		}
	}
	return nil
}

func checkSocket(c syscall.Conn) (found error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	_ = raw.Control(func(fd uintptr) { found = check(fd) }) // fails when this side has closed: whoever did that knows
	return found
}
