package wire

// ProtocolError says how bytes break the protocol, or why a value cannot be written in it. The
// values are the constants below; they compare with == and with errors.Is.
type ProtocolError string

// Error implements error.
func (e ProtocolError) Error() string { return "wire: " + string(e) }

const (
	ErrShort       ProtocolError = "more bytes needed"        // not a fault: the packet is not all there yet
	ErrPacketType  ProtocolError = "unknown packet type"      // none of the five
	ErrTooLarge    ProtocolError = "too large"                // over the limit, or over MaxBody
	ErrNoFlag      ProtocolError = "message has no flag"      // an empty data packet
	ErrNoID        ProtocolError = "message has no id"        // a request or response of one byte
	ErrNoRoute     ProtocolError = "message has no route"     // ends where the route should begin
	ErrVarint      ProtocolError = "bad varint"               // unterminated, over 10 bytes or over 64 bits
	ErrRoute       ProtocolError = "bad route"                // cut short, over MaxRoute bytes, or code 0
	ErrMessageType ProtocolError = "unknown message type"     // none of the four
	ErrDeflate     ProtocolError = "payload does not inflate" // not zlib or gzip, or damaged
)
