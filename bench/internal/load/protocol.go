package load

// A Kind says what a message from the server is to the client.
type Kind int

// Kinds.
const (
	Other    Kind = iota // heartbeats and the like
	Welcome              // the answer to Hello
	Response             // the answer to a request
	Push                 // sent by the server itself
)

// A Message is what came from a server. Payload is a view of the read buffer, good until the next
// read.
type Message struct {
	Kind    Kind
	ID      uint64
	Payload []byte
}

// A Protocol turns messages into bytes and back. Its methods are pure functions, safe from any
// goroutine.
type Protocol interface {
	// Hello is what a client says first, Ack what it says after the Welcome; either may be empty.
	Hello() []byte
	Ack() []byte
	AppendRequest(dst []byte, id uint64, route string, payload []byte) []byte
	AppendNotify(dst []byte, route string, payload []byte) []byte
	// Next takes the first message off b and returns how many bytes it took: 0 when it is not all
	// there. An error says what the server refused or how its bytes are malformed.
	Next(b []byte) (m Message, n int, err error)
	// Path is where WebSocket upgrades are asked for.
	Path() string
}
