// Package lazyread reads from connections that are idle most of the time: while nothing comes, no buffer is held.
//
//	r := lazyread.New(conn)
//	n, err := r.ReadLazily(buf) // buf lends its bytes once there is something to read
//
// TCP and Unix sockets tell when they are readable, as do connections that have a ReadLazily of their own. Of others, as TLS, little
// is read at a time, into room that the Reader has for it: see [Holder].
package lazyread

import (
	"io"
	"net"
)

// Buffer lends the bytes to read into. It is an alias, so that a connection may implement ReadLazily without this package.
type Buffer = interface {
	// Lend returns room for at least one byte. It may be called again without GiveBack between and then returns the same.
	Lend() []byte
	// GiveBack tells that nothing was read into what was lent, and that it will take a while.
	GiveBack()
}

// Holder is a Buffer that knows whether it is held anyway, as there are bytes in it that wait for more. Then as much is read at a time
// as there is room for, from any connection. Of another Buffer that is not known.
type Holder interface {
	Held() bool
}

// Reader reads once, as io.Reader does, into bytes that b lends. What it returns stands at the start of what was lent last; when it
// returns no bytes, all that was lent was given back. It may return 0 and nil: something came, but nothing for the caller. One
// goroutine at a time may call it.
type Reader interface {
	ReadLazily(b Buffer) (int, error)
}

// Stream is a connection that is read both ways, by one goroutine at a time. Each goes on where the other stopped.
type Stream interface {
	io.Reader
	Reader
}

// New returns conn as a Stream, through which alone it may then be read.
func New(conn net.Conn) Stream {
	if s, ok := conn.(Stream); ok {
		return s
	}
	if r := newRaw(conn); r != nil {
		return r
	}
	return &plain{conn: conn}
}
