package json_test

import (
	"fmt"

	"github.com/lonng/nano/serialize/json"
)

type Message struct {
	Name    string `json:"name"`
	Content string `json:"content"`
}

func ExampleSerializer() {
	s := json.NewSerializer()
	b, err := s.Marshal(&Message{Name: "ann", Content: "hi"})
	fmt.Printf("%s %v\n", b, err)
	var m Message
	err = s.Unmarshal(b, &m)
	fmt.Printf("%+v %v\n", m, err)
	// Output:
	// {"name":"ann","content":"hi"} <nil>
	// {Name:ann Content:hi} <nil>
}

func ExampleSerializer_AppendMarshal() {
	s := json.NewSerializer()
	buffer := append(make([]byte, 0, 256), "header "...)
	buffer, err := s.AppendMarshal(buffer, &Message{Name: "ann", Content: "hi"})
	fmt.Printf("%s %v\n", buffer, err)
	buffer, err = s.AppendMarshal(buffer[:7], make(chan int))
	fmt.Printf("%s %t\n", buffer, err != nil)
	// Output:
	// header {"name":"ann","content":"hi"} <nil>
	// header  true
}
