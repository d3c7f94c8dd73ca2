package serialize_test

import (
	"encoding/xml"
	"fmt"

	"github.com/lonng/nano/serialize"
	"github.com/lonng/nano/serialize/json"
	"github.com/lonng/nano/serialize/msgpack"
	"github.com/lonng/nano/serialize/protobuf"
)

// XML is a serializer of one's own: two methods, and a name for the clients.
type XML struct{}

func (XML) Marshal(v any) ([]byte, error)      { return xml.Marshal(v) }
func (XML) Unmarshal(data []byte, v any) error { return xml.Unmarshal(data, v) }
func (XML) Name() string                       { return "xml" }

func ExampleSerializer() {
	type Move struct {
		X, Y int
	}
	var s serialize.Serializer = XML{}
	b, _ := s.Marshal(Move{3, 4})
	fmt.Println(string(b))
	var m Move
	fmt.Println(s.Unmarshal(b, &m), m)
	// Output:
	// <Move><X>3</X><Y>4</Y></Move>
	// <nil> {3 4}
}

func ExampleAppend() {
	buffer := []byte("payloads: ")
	buffer, _ = serialize.Append(json.NewSerializer(), buffer, []int{1, 2})
	buffer, _ = serialize.Append(json.NewSerializer(), buffer, []byte(" encoded already"))
	fmt.Println(string(buffer))
	// Output: payloads: [1,2] encoded already
}

func ExampleAppendError() {
	metadata := map[string]string{"route": "room.jion"}
	for _, s := range []serialize.Serializer{json.NewSerializer(), msgpack.NewSerializer(), protobuf.NewSerializer(), XML{}} {
		fmt.Printf("%s %q\n", serialize.Name(s), serialize.AppendError(s, nil, "not-found", "no route", metadata))
	}
	// Output:
	// json "{\"code\":\"not-found\",\"msg\":\"no route\",\"metadata\":{\"route\":\"room.jion\"}}"
	// msgpack "\x83\xa4code\xa9not-found\xa3msg\xa8no route\xa8metadata\x81\xa5route\xa9room.jion"
	// protobuf "\n\tnot-found\x12\bno route\x1a\x12\n\x05route\x12\troom.jion"
	// xml "{\"code\":\"not-found\",\"msg\":\"no route\",\"metadata\":{\"route\":\"room.jion\"}}"
}

func ExampleName() {
	fmt.Println(serialize.Name(protobuf.NewSerializer()))
	// Output: protobuf
}
