//go:build !unix

package sendq

import (
	"errors"
	"net"
	"syscall"
)

// Raw returns nil: no connection can be written to without waiting.
func Raw(net.Conn) syscall.RawConn { return nil }

type tryWriter struct{}

func newTryWriter() *tryWriter { return &tryWriter{} }

func (w *tryWriter) write(syscall.RawConn, []byte) (int, error) { return 0, errors.ErrUnsupported }
