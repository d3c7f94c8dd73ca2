package doubles

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Packet types.
const (
	handshakePacket = 1
	ackPacket       = 2
	heartbeatPacket = 3
	dataPacket      = 4
	kickPacket      = 5
)

// Message types.
const (
	request  = 0
	notify   = 1
	response = 2
	push     = 3
)

// Bits of a message's flag.
const (
	codedBit    = 0x01
	deflatedBit = 0x10
	errorBit    = 0x20
	reserved    = 0xc0
)

type packet struct {
	kind byte
	body []byte
}

// cutPacket takes the packet at the head of b; ok is false while it is not there as a whole.
func cutPacket(b []byte) (p packet, rest []byte, ok bool) {
	if len(b) < 4 {
		return packet{}, b, false
	}
	end := 4 + int(b[1])<<16 + int(b[2])<<8 + int(b[3])
	if len(b) < end {
		return packet{}, b, false
	}
	return packet{b[0], bytes.Clone(b[4:end])}, b[end:], true
}

func appendPacket(dst []byte, kind byte, body []byte) []byte {
	n := len(body)
	return append(append(dst, kind, byte(n>>16), byte(n>>8), byte(n)), body...)
}

// message is what a data packet holds.
type message struct {
	kind     byte
	coded    bool
	deflated bool
	failed   bool
	id       uint64
	code     uint16
	route    string
	body     []byte
}

var errShort = errors.New("a message that is cut off")

// parseMessage reads what a server sends, strictly.
func parseMessage(b []byte) (m message, err error) {
	if len(b) == 0 {
		return m, errShort
	}
	flag := b[0]
	b = b[1:]
	m.kind = flag >> 1 & 7
	m.coded, m.deflated, m.failed = flag&codedBit != 0, flag&deflatedBit != 0, flag&errorBit != 0
	switch {
	case flag&reserved != 0:
		return m, fmt.Errorf("reserved bits in the flag %#02x", flag)
	case m.kind == response && m.coded:
		return m, errors.New("a response with the bit of a route code")
	case m.kind == response:
		id, n := binary.Uvarint(b)
		if n <= 0 {
			return m, errShort
		}
		m.id, m.body = id, b[n:]
		return m, nil
	case m.kind != push:
		return m, fmt.Errorf("a message of type %d", m.kind)
	case m.failed:
		return m, errors.New("a push with the error bit")
	case m.coded:
		if len(b) < 2 {
			return m, errShort
		}
		m.code, m.body = binary.BigEndian.Uint16(b), b[2:]
		return m, nil
	}
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return m, errShort
	}
	route, rest := b[1:1+int(b[0])], b[1+int(b[0]):]
	if !utf8.Valid(route) {
		return m, errors.New("a route that is no UTF-8")
	}
	m.route, m.body = string(route), rest
	return m, nil
}

// appendMessage writes what a client sends.
func appendMessage(dst []byte, m message) []byte {
	flag := m.kind << 1
	if m.coded {
		flag |= codedBit
	}
	if m.deflated {
		flag |= deflatedBit
	}
	dst = append(dst, flag)
	if m.kind == request {
		dst = binary.AppendUvarint(dst, m.id)
	}
	if m.coded {
		dst = binary.BigEndian.AppendUint16(dst, m.code)
	} else {
		dst = append(append(dst, byte(len(m.route))), m.route...)
	}
	return append(dst, m.body...)
}

func deflate(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, _ = w.Write(b) // a bytes.Buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

func inflate(b []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
