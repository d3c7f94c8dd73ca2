//go:build unix

package lazyread

import (
	"io"
	"net"
	"os"
	"syscall"
)

// raw reads from the file descriptor of a socket. Deadlines and Close work as they do for the connection.
type raw struct {
	net.Conn
	socket syscall.RawConn
	try    func(fd uintptr) bool // the method of that name, bound once

	// for the call that is under way
	buffer Buffer
	n      int
	err    error
}

// newRaw returns nil where it is not known that Read is no more than reading the socket.
func newRaw(conn net.Conn) Stream {
	var sc syscall.Conn
	switch c := conn.(type) {
	case *net.TCPConn:
		sc = c
	case *net.UnixConn:
		sc = c
	default:
		return nil
	}
	socket, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	r := &raw{Conn: conn, socket: socket}
	r.try = r.read
	return r
}

func (r *raw) ReadLazily(b Buffer) (int, error) {
	r.buffer, r.n, r.err = b, 0, nil
	err := r.socket.Read(r.try)
	r.buffer = nil
	switch {
	case err != nil:
		return 0, err
	case r.err != nil && r.err != io.EOF:
		return 0, &net.OpError{Op: "read", Net: r.LocalAddr().Network(), Source: r.LocalAddr(), Addr: r.RemoteAddr(),
			Err: os.NewSyscallError("read", r.err)}
	}
	return r.n, r.err
}

// read returns false to be called again when the descriptor is readable.
func (r *raw) read(fd uintptr) bool {
	for {
		n, err := syscall.Read(int(fd), r.buffer.Lend())
		switch {
		case err == syscall.EINTR:
			continue
		case n > 0:
			r.n, r.err = n, nil
			return true
		case err == nil:
			err = io.EOF
		}
		r.buffer.GiveBack()
		r.err = err
		return err != syscall.EAGAIN
	}
}
