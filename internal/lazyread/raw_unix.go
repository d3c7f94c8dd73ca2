//go:build unix

package lazyread

import (
	"io"
	"net"
	"syscall"
)

// raw reads from the file descriptor of a TCP connection. Deadlines and Close work as they do for the connection.
type raw struct {
	conn syscall.RawConn
	try  func(fd uintptr) bool // the method of that name, bound once

	// for the call that is under way
	buffer Buffer
	n      int
	err    error
}

func newRaw(conn net.Conn) Reader {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	rc, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	r := &raw{conn: rc}
	r.try = r.read
	return r
}

func (r *raw) ReadLazily(b Buffer) (int, error) {
	r.buffer, r.n, r.err = b, 0, nil
	err := r.conn.Read(r.try)
	r.buffer = nil
	if err == nil {
		err = r.err
	}
	return r.n, err
}

// read returns false to be called again when the descriptor is readable.
func (r *raw) read(fd uintptr) bool {
	for {
		n, err := syscall.Read(int(fd), r.buffer.Lend())
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			r.buffer.GiveBack()
			return false
		case err != nil:
			r.err = err
		case n == 0:
			r.err = io.EOF
		default:
			r.n = n
		}
		return true
	}
}
