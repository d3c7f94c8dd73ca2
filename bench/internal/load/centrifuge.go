package load

import (
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/lonng/nano/bench/internal/game"
)

// Centrifuge is the client protocol of github.com/centrifugal/centrifuge in its protobuf form: commands
// and replies with their length before them. A request is an RPC, a notify a Send, which has no route,
// and a publication is a push.
type Centrifuge struct{}

// Fields of its messages.
const (
	cfID         = 1
	cfConnect    = 4 // in a command
	cfSend       = 12
	cfRPC        = 13 // in a command and in a reply
	cfError      = 2  // in a reply
	cfPush       = 4
	cfConnected  = 5
	cfData       = 1 // in an RPC, its result, and a Send
	cfMethod     = 2
	cfPub        = 4 // in a push
	cfPubData    = 4
	cfDisconnect = 11
)

var errReply = errors.New("load: malformed reply")

// Hello returns a connect command.
func (Centrifuge) Hello() []byte { return appendCommand(nil, 1, cfConnect, nil) }

// Ack returns nothing.
func (Centrifuge) Ack() []byte { return nil }

// Path returns a path that asks for the protobuf form.
func (Centrifuge) Path() string { return "/?cf_protocol=protobuf" }

// AppendRequest appends an RPC.
func (Centrifuge) AppendRequest(dst []byte, id uint64, route string, payload []byte) []byte {
	rpc := appendField(nil, cfData, payload)
	return appendCommand(dst, id, cfRPC, appendField(rpc, cfMethod, []byte(route)))
}

// AppendNotify appends a Send. The server tells a burst by its payload alone, so no other route goes.
func (Centrifuge) AppendNotify(dst []byte, route string, payload []byte) []byte {
	if route != game.Burst {
		return dst
	}
	return appendCommand(dst, 0, cfSend, appendField(nil, cfData, payload))
}

func appendCommand(dst []byte, id uint64, field protowire.Number, body []byte) []byte {
	var b []byte
	if id != 0 {
		b = protowire.AppendVarint(protowire.AppendTag(b, cfID, protowire.VarintType), id)
	}
	return protowire.AppendBytes(dst, appendField(b, field, body))
}

func appendField(dst []byte, field protowire.Number, body []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(dst, field, protowire.BytesType), body)
}

// Next takes a reply off b.
func (Centrifuge) Next(b []byte) (m Message, n int, err error) {
	size, prefix := binary.Uvarint(b)
	if prefix <= 0 || uint64(len(b)-prefix) < size {
		if prefix < 0 || size > 1<<31 {
			err = errReply
		}
		return m, 0, err
	}
	n = prefix + int(size)
	err = eachField(b[prefix:n], func(field protowire.Number, id uint64, body []byte) error {
		switch field {
		case cfID:
			m.ID = id
		case cfError:
			return fmt.Errorf("load: the server answered with an error: %q", body)
		case cfConnected:
			m.Kind = Welcome
		case cfRPC:
			m.Kind = Response
			return eachField(body, func(field protowire.Number, _ uint64, body []byte) error {
				if field == cfData {
					m.Payload = body
				}
				return nil
			})
		case cfPush:
			return m.push(body)
		}
		return nil
	})
	return m, n, err
}

func (m *Message) push(b []byte) error {
	return eachField(b, func(field protowire.Number, _ uint64, body []byte) error {
		switch field {
		case cfDisconnect:
			return fmt.Errorf("load: disconnected: %q", body)
		case cfPub:
			m.Kind = Push
			return eachField(body, func(field protowire.Number, _ uint64, body []byte) error {
				if field == cfPubData {
					m.Payload = body
				}
				return nil
			})
		}
		return nil
	})
}

// eachField calls got with each field of a protobuf message: a number or bytes.
func eachField(b []byte, got func(field protowire.Number, v uint64, body []byte) error) error {
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errReply
		}
		b = b[n:]
		var v uint64
		var body []byte
		switch kind {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			body, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(field, kind, b)
		}
		if n < 0 {
			return errReply
		}
		if err := got(field, v, body); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
