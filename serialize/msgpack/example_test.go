package msgpack_test

import (
	"fmt"

	"github.com/lonng/nano/serialize/msgpack"
)

type Message struct {
	Name    string `msgpack:"name"`
	Content string `msgpack:"content"`
}

func ExampleSerializer() {
	s := msgpack.NewSerializer()
	b, err := s.Marshal(&Message{Name: "ann", Content: "hi"})
	fmt.Printf("%q %v\n", b, err)
	var m Message
	err = s.Unmarshal(b, &m)
	fmt.Printf("%+v %v\n", m, err)
	// Output:
	// "\x82\xa4name\xa3ann\xa7content\xa2hi" <nil>
	// {Name:ann Content:hi} <nil>
}

func ExampleSerializer_AppendMarshal() {
	s := msgpack.NewSerializer()
	buffer, err := s.AppendMarshal([]byte("header "), []int{1, 2})
	fmt.Printf("%q %v\n", buffer, err)
	// Output: "header \x92\x01\x02" <nil>
}

func ExampleSerializer_Unmarshal() {
	s := msgpack.NewSerializer()
	var v any
	// A map of four billion entries, says a client in five bytes.
	fmt.Println(s.Unmarshal([]byte("\xdf\xff\xff\xff\xff"), &v) != nil)
	// Output: true
}

func ExampleSerializer_AppendError() {
	body, _ := msgpack.NewSerializer().AppendError(nil, "limited", "slow down", nil)
	fmt.Printf("%q\n", body)
	// Output: "\x82\xa4code\xa7limited\xa3msg\xa9slow down"
}
