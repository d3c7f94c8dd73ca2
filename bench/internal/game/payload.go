package game

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// A Format is what the payload of an Echo or a Notify is written in.
type Format string

// Formats.
const (
	Raw      Format = "raw"      // bytes as they are
	JSON     Format = "json"     // a Message
	Protobuf Format = "protobuf" // a google.protobuf.BytesValue
)

// Message is the JSON payload.
type Message struct {
	N    int    `json:"n"`
	Data string `json:"data"`
}

// Payload returns a payload of size bytes, or of the format's smallest if that is more.
func Payload(f Format, size int) []byte {
	switch f {
	case JSON:
		const frame = `{"n":1234,"data":""}`
		return fmt.Appendf(nil, `{"n":1234,"data":"%s"}`, fill(size-len(frame)))
	case Protobuf:
		n := max(size-2, 1)
		for n > 1 && 1+len(binary.AppendUvarint(nil, uint64(n)))+n > size {
			n--
		}
		return append(binary.AppendUvarint([]byte{1<<3 | 2}, uint64(n)), fill(n)...)
	default:
		return fill(size)
	}
}

func fill(n int) []byte { return bytes.Repeat([]byte{'x'}, max(n, 1)) }
