package wire

import "strconv"

// PacketType says what a packet is for.
type PacketType byte

const (
	PacketHandshake PacketType = 1 + iota // both ways, JSON
	PacketAck                             // client to server: the handshake's reply has arrived
	PacketHeartbeat                       // both ways
	PacketData                            // both ways, one message
	PacketKick                            // server to client, JSON: the last packet
)

// String returns the packet type's name, for logs.
func (t PacketType) String() string {
	switch t {
	case PacketHandshake:
		return "handshake"
	case PacketAck:
		return "ack"
	case PacketHeartbeat:
		return "heartbeat"
	case PacketData:
		return "data"
	case PacketKick:
		return "kick"
	}
	return "packet type " + strconv.Itoa(int(t))
}

// Sizes in bytes.
const (
	HeaderLen    = 4         // of a packet's header: one byte of type, three of length
	MaxBody      = 1<<24 - 1 // of the largest body that a header can announce
	DefaultLimit = 64 << 10  // of the largest body accepted unless configured
)

// Packet is one frame of the stream.
type Packet struct {
	Type PacketType
	Body []byte // a view of the parsed bytes
}

// ParsePacket reads the packet at the head of b; rest is what follows it. Limit bounds the body
// in bytes; 0 and below mean [DefaultLimit].
//
// The error is [ErrShort] when more bytes are needed, [ErrPacketType] or [ErrTooLarge] as soon as
// the bytes that say so are there. With an error rest is b.
func ParsePacket(b []byte, limit int) (p Packet, rest []byte, err error) {
	if len(b) == 0 {
		return Packet{}, b, ErrShort
	}
	t := PacketType(b[0])
	if t < PacketHandshake || t > PacketKick {
		return Packet{}, b, ErrPacketType
	}
	if len(b) < HeaderLen {
		return Packet{}, b, ErrShort
	}
	if limit <= 0 {
		limit = DefaultLimit
	}
	n := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	if n > limit {
		return Packet{}, b, ErrTooLarge
	}
	end := HeaderLen + n
	if len(b) < end {
		return Packet{}, b, ErrShort
	}
	return Packet{Type: t, Body: b[HeaderLen:end:end]}, b[end:], nil
}

// AppendPacket appends a whole packet to dst. The error is [ErrTooLarge] when body is longer than
// [MaxBody]; dst is then returned as it was.
func AppendPacket(dst []byte, t PacketType, body []byte) ([]byte, error) {
	n := len(body)
	if n > MaxBody {
		return dst, ErrTooLarge
	}
	return append(append(dst, byte(t), byte(n>>16), byte(n>>8), byte(n)), body...), nil
}

// BeginPacket appends a header without its length to dst. The caller appends the body, then calls
// [FinishPacket].
func BeginPacket(dst []byte, t PacketType) []byte {
	return append(dst, byte(t), 0, 0, 0)
}

// FinishPacket writes the length of the packet that [BeginPacket] began and that ends where dst
// ends. Start is what len(dst) was before BeginPacket. The error is [ErrTooLarge] when the body is
// longer than [MaxBody]; the caller then drops dst[start:].
func FinishPacket(dst []byte, start int) error {
	n := len(dst) - start - HeaderLen
	if n > MaxBody {
		return ErrTooLarge
	}
	h := dst[start : start+HeaderLen]
	h[1], h[2], h[3] = byte(n>>16), byte(n>>8), byte(n)
	return nil
}
