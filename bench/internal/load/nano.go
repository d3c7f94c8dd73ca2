package load

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Nano is nano's protocol, and what the floor and the bare echoes speak: an echo of a request counts
// as its response, an echo of a notify as a push.
type Nano struct{}

const (
	packetHandshake = 1
	packetAck       = 2
	packetData      = 4
	packetKick      = 5
	headerLen       = 4

	flagCode  = 0x01 // the route is a code
	flagError = 0x20
)

var errMessage = errors.New("load: malformed message")

// Hello returns a handshake.
func (Nano) Hello() []byte {
	return appendPacket(nil, packetHandshake, []byte(`{"sys":{"type":"bench","version":"1"},"user":{}}`))
}

// Ack returns the handshake's acknowledgement.
func (Nano) Ack() []byte { return appendPacket(nil, packetAck, nil) }

// Path returns "/".
func (Nano) Path() string { return "/" }

// AppendRequest appends a data packet with a request.
func (Nano) AppendRequest(dst []byte, id uint64, route string, payload []byte) []byte {
	body := binary.AppendUvarint([]byte{0 << 1}, id)
	return appendPacket(dst, packetData, appendRoute(body, route, payload))
}

// AppendNotify appends a data packet with a notify.
func (Nano) AppendNotify(dst []byte, route string, payload []byte) []byte {
	return appendPacket(dst, packetData, appendRoute([]byte{1 << 1}, route, payload))
}

func appendPacket(dst []byte, kind byte, body []byte) []byte {
	n := len(body)
	dst = append(dst, kind, byte(n>>16), byte(n>>8), byte(n))
	return append(dst, body...)
}

func appendRoute(dst []byte, route string, payload []byte) []byte {
	dst = append(dst, byte(len(route)))
	dst = append(dst, route...)
	return append(dst, payload...)
}

// Next takes a packet off b.
func (Nano) Next(b []byte) (Message, int, error) {
	if len(b) < headerLen {
		return Message{}, 0, nil
	}
	n := headerLen + (int(b[1])<<16 | int(b[2])<<8 | int(b[3]))
	if len(b) < n {
		return Message{}, 0, nil
	}
	switch body := b[headerLen:n]; b[0] {
	case packetHandshake:
		return Message{Kind: Welcome, Payload: body}, n, nil
	case packetData:
		m, err := parseMessage(body)
		return m, n, err
	case packetKick:
		return Message{}, n, fmt.Errorf("load: kicked: %s", body)
	default:
		return Message{}, n, nil
	}
}

func parseMessage(b []byte) (Message, error) {
	if len(b) == 0 {
		return Message{}, errMessage
	}
	flag, b := b[0], b[1:]
	m := Message{Kind: Push}
	if kind := flag >> 1 & 7; kind == 0 || kind == 2 {
		id, n := binary.Uvarint(b)
		if n <= 0 {
			return m, errMessage
		}
		m.Kind, m.ID, b = Response, id, b[n:]
		if kind == 0 { // an echo: nobody looks at its payload
			return m, nil
		}
	} else {
		route := 2
		if flag&flagCode == 0 && len(b) > 0 {
			route = 1 + int(b[0])
		}
		if len(b) < route {
			return m, errMessage
		}
		b = b[route:]
	}
	if flag&flagError != 0 {
		return m, fmt.Errorf("load: the server answered with an error: %s", b)
	}
	m.Payload = b
	return m, nil
}
