package wire

import (
	"encoding/binary"
	"strconv"
)

// Type says what a message is.
type Type byte

const (
	Request  Type = iota // wants a response with its id
	Notify               // wants none
	Response             // answers the request with its id
	Push                 // from the server, unasked
)

// String returns the type's name, for logs.
func (t Type) String() string {
	switch t {
	case Request:
		return "request"
	case Notify:
		return "notify"
	case Response:
		return "response"
	case Push:
		return "push"
	}
	return "message type " + strconv.Itoa(int(t))
}

// MaxRoute is the length of the longest route, in bytes.
const MaxRoute = 255

// A message's first byte. Bits 6 and 7 are reserved: written as 0, ignored when read.
const (
	flagCode      = 0x01
	flagType      = 0x0e
	flagTypeShift = 1
	flagDeflated  = 0x10
	flagError     = 0x20
)

// MessageView is a parsed message. Route and Payload are views of the parsed bytes: whoever keeps
// them beyond the life of those bytes, or hands them to another goroutine, copies them first.
type MessageView struct {
	Type     Type
	IsError  bool   // the payload is an error body
	Deflated bool   // the payload wants Inflate
	ID       uint64 // of a request or response, else 0
	Code     uint16 // the route's dictionary code, 0 when Route holds it as text
	Route    []byte // of a request, notify or push, unless Code is set
	Payload  []byte
}

// ParseMessage reads the body of a data packet. A request with the id 0 is returned as it is.
//
// The error is [ErrNoFlag], [ErrMessageType], [ErrNoID], [ErrVarint], [ErrNoRoute] or [ErrRoute].
func ParseMessage(b []byte) (m MessageView, err error) {
	if len(b) == 0 {
		return MessageView{}, ErrNoFlag
	}
	flag := b[0]
	b = b[1:]
	m.Type = Type(flag & flagType >> flagTypeShift)
	m.IsError = flag&flagError != 0
	m.Deflated = flag&flagDeflated != 0
	if m.Type > Push {
		return MessageView{}, ErrMessageType
	}
	if m.Type.hasID() {
		if len(b) == 0 {
			return MessageView{}, ErrNoID
		}
		id, n := binary.Uvarint(b)
		if n <= 0 {
			return MessageView{}, ErrVarint
		}
		m.ID, b = id, b[n:]
	}
	switch {
	case m.Type == Response:
	case flag&flagCode != 0:
		if len(b) < 2 {
			return MessageView{}, ErrRoute
		}
		m.Code, b = binary.BigEndian.Uint16(b), b[2:]
		if m.Code == 0 {
			return MessageView{}, ErrRoute
		}
	default:
		if len(b) == 0 {
			return MessageView{}, ErrNoRoute
		}
		end := 1 + int(b[0])
		if len(b) < end {
			return MessageView{}, ErrRoute
		}
		m.Route, b = b[1:end:end], b[end:]
	}
	m.Payload = b
	return m, nil
}

// Head is a message without its payload.
type Head struct {
	Type     Type
	IsError  bool   // the payload is an error body
	Deflated bool   // the payload is deflated already
	ID       uint64 // not written for a notify or push
	Code     uint16 // the route's dictionary code, written in its place unless 0
	Route    string // neither it nor Code is written for a response
}

// AppendHead appends h to dst; the payload is for the caller to append. The error is
// [ErrMessageType], or [ErrRoute] for a route over [MaxRoute] bytes; dst is then returned as it
// was.
func AppendHead(dst []byte, h Head) ([]byte, error) {
	if h.Type > Push {
		return dst, ErrMessageType
	}
	if h.Type == Response {
		h.Code, h.Route = 0, ""
	}
	if h.Code == 0 && len(h.Route) > MaxRoute {
		return dst, ErrRoute
	}
	dst = append(dst, h.flag())
	if h.Type.hasID() {
		dst = binary.AppendUvarint(dst, h.ID)
	}
	switch {
	case h.Type == Response:
		return dst, nil
	case h.Code != 0:
		return binary.BigEndian.AppendUint16(dst, h.Code), nil
	}
	return append(append(dst, byte(len(h.Route))), h.Route...), nil
}

// AppendMessage appends a whole message to dst. Errors are those of [AppendHead].
func AppendMessage(dst []byte, h Head, payload []byte) ([]byte, error) {
	dst, err := AppendHead(dst, h)
	if err != nil {
		return dst, err
	}
	return append(dst, payload...), nil
}

func (t Type) hasID() bool { return t == Request || t == Response }

func (h *Head) flag() byte {
	flag := byte(h.Type) << flagTypeShift
	if h.Code != 0 {
		flag |= flagCode
	}
	if h.Deflated {
		flag |= flagDeflated
	}
	if h.IsError {
		flag |= flagError
	}
	return flag
}
