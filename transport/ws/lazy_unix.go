//go:build unix

package ws

import (
	"io"
	"net"
	"os"
	"syscall"
)

// rawReader reads a socket, and asks for a buffer when the socket is readable.
type rawReader struct {
	// static
	conn   net.Conn
	socket syscall.RawConn
	try    func(fd uintptr) bool // step, bound once

	// of one read
	small  []byte
	buffer func() []byte
	waited bool
	n      int
	err    error
}

// newRawReader returns nil where it is not known that Read is no more than
// reading the socket.
func newRawReader(conn net.Conn) *rawReader {
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
	r := &rawReader{conn: conn, socket: socket}
	r.try = r.step
	return r
}

// read reads into small what is there already. If there is nothing, it waits
// until there is, asks for the buffer, and reads into that.
func (r *rawReader) read(small []byte, buffer func() []byte) (int, error) {
	r.small, r.buffer = small, buffer
	r.waited, r.n, r.err = false, 0, nil
	if err := r.socket.Read(r.try); err != nil {
		return 0, err
	}
	switch {
	case r.err != nil:
		return 0, &net.OpError{Op: "read", Net: r.conn.LocalAddr().Network(), Source: r.conn.LocalAddr(),
			Addr: r.conn.RemoteAddr(), Err: os.NewSyscallError("read", r.err)}
	case r.n == 0:
		return 0, io.EOF
	}
	return r.n, nil
}

// step reads once. It returns false to be called again when there is something
// to read.
func (r *rawReader) step(fd uintptr) bool {
	b := r.small
	if r.waited {
		b = r.buffer()
	}
	for {
		r.n, r.err = syscall.Read(int(fd), b)
		switch r.err {
		case syscall.EINTR:
		case syscall.EAGAIN:
			r.waited = true
			return false
		default:
			return true
		}
	}
}
