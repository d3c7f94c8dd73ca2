//go:build !unix

package ws

import "net"

// rawReader is of no use where sockets do not tell that they are readable.
type rawReader struct{}

func newRawReader(net.Conn) *rawReader { return nil }

func (*rawReader) read(small []byte, buffer func() []byte) (int, error) { return 0, nil }
