//go:build unix

package sendq

import (
	"io"
	"net"
	"os"
	"syscall"
)

// Raw returns the socket of a connection that can be written to without waiting, nil when it cannot.
func Raw(conn net.Conn) syscall.RawConn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// tryWriter writes to sockets without waiting. One goroutine uses it.
type tryWriter struct {
	try func(fd uintptr) bool // the method of that name, bound once

	// for the call that is under way
	b   []byte
	n   int
	err error
}

func newTryWriter() *tryWriter {
	w := &tryWriter{}
	w.try = w.once
	return w
}

// write returns how much of b was written; less than all is no error.
func (w *tryWriter) write(raw syscall.RawConn, b []byte) (int, error) {
	w.b, w.n, w.err = b, 0, nil
	err := raw.Write(w.try)
	w.b = nil
	if err == nil {
		err = w.err
	}
	return w.n, err
}

// once always returns true: it is not to be called again when the socket is writable.
func (w *tryWriter) once(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), w.b)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
		case err != nil:
			w.err = os.NewSyscallError("write", err)
		case n == 0:
			w.err = io.ErrUnexpectedEOF
		default:
			w.n = n
		}
		return true
	}
}
