package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	opBinary = 0x2
	opClose  = 0x8
)

var (
	errClosed = errors.New("load: the server closed the WebSocket")
	errMasked = errors.New("load: the server sent a masked frame")
	errSplit  = errors.New("load: the server split a packet over WebSocket messages")
)

// appendFrame appends a client's binary frame. Its mask is 0, which leaves the payload as it is.
func appendFrame(dst, payload []byte) []byte {
	const fin, masked = 0x80, 0x80
	dst = append(dst, fin|opBinary)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, masked|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, masked|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, masked|127), uint64(n))
	}
	return append(append(dst, 0, 0, 0, 0), payload...)
}

// frameHeader reads a server's frame header: op code, length of the payload, and of the header, which
// is 0 when it is not all there.
func frameHeader(b []byte) (op byte, size, n int, err error) {
	if len(b) < 2 {
		return 0, 0, 0, nil
	}
	if b[1]&0x80 != 0 {
		return 0, 0, 0, errMasked
	}
	op = b[0] & 0x0f
	switch size = int(b[1]); {
	case size < 126:
		return op, size, 2, nil
	case size == 126 && len(b) >= 4:
		return op, int(binary.BigEndian.Uint16(b[2:])), 4, nil
	case size == 127 && len(b) >= 10:
		long := binary.BigEndian.Uint64(b[2:])
		if long > 1<<31 {
			return 0, 0, 0, fmt.Errorf("load: a WebSocket frame of %d bytes", long)
		}
		return op, int(long), 10, nil
	}
	return 0, 0, 0, nil
}

func upgradeRequest(host, path string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", path, host)
}

// upgradeReply returns how many bytes of b are the reply to an upgrade: 0 when it is not all there.
func upgradeReply(b []byte) (int, error) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return 0, nil
	}
	if !bytes.HasPrefix(b, []byte("HTTP/1.1 101")) {
		line, _, _ := bytes.Cut(b, []byte("\r\n"))
		return 0, fmt.Errorf("load: upgrade refused: %s", line)
	}
	return end + 4, nil
}
