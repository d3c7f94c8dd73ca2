package wire_test

import (
	"errors"
	"fmt"
	"io"

	"github.com/lonng/nano/wire"
)

func ExampleParsePacket() {
	stream := []byte("\x03\x00\x00\x00\x04\x00\x00\x05\x02\x03a.b\x04\x00")
	for {
		p, rest, err := wire.ParsePacket(stream, wire.DefaultLimit)
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Printf("%v %q\n", p.Type, p.Body)
		stream = rest
	}
	// Output:
	// heartbeat ""
	// data "\x02\x03a.b"
	// wire: more bytes needed
}

func ExampleParseMessage() {
	m, err := wire.ParseMessage([]byte("\x00\x07\x09room.join{}"))
	fmt.Printf("%v %d %s %s %v\n", m.Type, m.ID, m.Route, m.Payload, err)

	_, err = wire.ParseMessage([]byte("\x00\x07\x09room"))
	fmt.Println(err, err == wire.ErrRoute)
	// Output:
	// request 7 room.join {} <nil>
	// wire: bad route true
}

func ExampleAppendMessage() {
	body, err := wire.AppendMessage(nil, wire.Head{Type: wire.Push, Route: "onChat"}, []byte("hi"))
	if err != nil {
		fmt.Println(err)
		return
	}
	packet, err := wire.AppendPacket(nil, wire.PacketData, body)
	fmt.Printf("%q %v\n", packet, err)
	// Output: "\x04\x00\x00\n\x06\x06onChathi" <nil>
}

// A payload is encoded where it is sent from: no copy, no second buffer.
func ExampleBeginPacket() {
	buf := []byte("earlier packets, ")
	start := len(buf)
	buf = wire.BeginPacket(buf, wire.PacketData)
	buf, err := wire.AppendHead(buf, wire.Head{Type: wire.Response, ID: 7})
	if err == nil {
		buf = fmt.Appendf(buf, `{"gold":%d}`, 10)
		err = wire.FinishPacket(buf, start)
	}
	if err != nil {
		buf = buf[:start]
	}
	fmt.Printf("%q\n", buf)
	// Output: "earlier packets, \x04\x00\x00\r\x04\a{\"gold\":10}"
}

func ExampleInflate() {
	payload := []byte("a payload, a payload, a payload, a payload")
	deflated := wire.Deflate(nil, payload)
	fmt.Println(len(deflated) < len(payload))

	got, err := wire.Inflate(nil, deflated, wire.DefaultLimit)
	fmt.Println(string(got), err)

	_, err = wire.Inflate(nil, deflated, 10)
	fmt.Println(err)
	// Output:
	// true
	// a payload, a payload, a payload, a payload <nil>
	// wire: too large
}

func ExampleDictionary() {
	d, err := wire.NewDictionary(map[string]uint16{"room.join": 1, "onChat": 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	for route, code := range d.All() {
		fmt.Println(route, code)
	}
	route, ok := d.Route(1)
	fmt.Println(d.Code("onChat"), d.Code("elsewhere"), route, ok)

	_, err = wire.NewDictionary(map[string]uint16{"room.join": 1, "onChat": 1})
	fmt.Println(err)
	// Output:
	// onChat 2
	// room.join 1
	// 2 0 room.join true
	// wire: dictionary: routes "onChat" and "room.join" share code 1
}

var errFull = wire.NewError("room-full", "the room is full")

func ExampleError() {
	err := fmt.Errorf("join: %w", errFull.With("room", "7"))
	fmt.Println(err)
	fmt.Println(errors.Is(err, errFull), errors.Is(err, &wire.Error{Code: "room-full"}))
	if e, ok := errors.AsType[*wire.Error](err); ok {
		fmt.Println(e.Code, e.Metadata["room"])
	}
	// Output:
	// join: room-full: the room is full
	// true true
	// room-full 7
}

func ExampleErrorf() {
	err := wire.Errorf(wire.CodeUnavailable, "load player %d: %w", 7, io.ErrUnexpectedEOF)
	fmt.Println(err)
	fmt.Println(errors.Is(err, io.ErrUnexpectedEOF))
	// Output:
	// unavailable: load player 7: unexpected EOF
	// true
}

func ExampleCodeOf() {
	fmt.Println(wire.CodeOf(fmt.Errorf("join: %w", errFull)))
	fmt.Println(wire.CodeOf(io.EOF))
	// Output:
	// room-full
	// internal
}

func ExampleAsError() {
	fmt.Println(wire.AsError(fmt.Errorf("join: %w", errFull)))
	fmt.Println(wire.AsError(io.ErrUnexpectedEOF))
	// Output:
	// room-full: the room is full
	// internal: unexpected EOF
}
