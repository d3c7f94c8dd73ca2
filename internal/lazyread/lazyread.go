// Package lazyread reads from connections that are idle most of the time: while nothing comes, no buffer is held.
//
//	r := lazyread.New(conn)
//	n, err := r.ReadLazily(buf) // buf lends its bytes once there is something to read
//
// It pays where the connection can tell that it is readable: TCP on Unix, and connections that have a ReadLazily or a
// ReadLazy of their own. Others are read in the ordinary way.
package lazyread

import "net"

// Buffer lends the bytes to read into.
type Buffer interface {
	// Lend returns room for at least one byte. It may be called again without GiveBack between and then returns the same.
	Lend() []byte
	// GiveBack tells that nothing was read into what was lent, and that it will take a while.
	GiveBack()
}

// Reader reads once, as io.Reader does, into bytes that b lends. When it returns bytes, they stand at the start of what was lent
// last. It may return 0 and nil: something came, but nothing for the caller. One goroutine at a time may call it.
type Reader interface {
	ReadLazily(b Buffer) (int, error)
}

// New returns a Reader of conn. It must be the only reader of conn.
func New(conn net.Conn) Reader {
	switch c := conn.(type) {
	case Reader:
		return c
	case asker:
		return newAsking(c)
	}
	if r := newRaw(conn); r != nil {
		return r
	}
	return plain{conn}
}

type plain struct{ conn net.Conn }

func (p plain) ReadLazily(b Buffer) (int, error) { return p.conn.Read(b.Lend()) }

// asker is a connection that asks for a buffer when there is something to read.
type asker interface {
	ReadLazy(buffer func() []byte) (int, error)
}

type asking struct {
	conn   asker
	lend   func() []byte // bound once
	buffer Buffer        // of the call that is under way
}

func newAsking(conn asker) Reader {
	r := &asking{conn: conn}
	r.lend = func() []byte { return r.buffer.Lend() }
	return r
}

func (r *asking) ReadLazily(b Buffer) (int, error) {
	r.buffer = b
	n, err := r.conn.ReadLazy(r.lend)
	r.buffer = nil
	return n, err
}
