package pipeline_test

import (
	"errors"
	"fmt"

	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/pipeline"
	"github.com/lonng/nano/session"
)

// A pipeline that decrypts what comes in and encrypts what goes out, with a counter in each session. A server takes it as
// nano.WithPipeline(p).
func Example() {
	p := pipeline.New()
	p.Inbound().PushBack(func(s *session.Session, m *pipeline.Message) error {
		n := s.Int("received")
		s.Set("received", n+1)
		return xor(m.Data, byte(n))
	})
	p.Outbound().PushBack(func(s *session.Session, m *pipeline.Message) error {
		n := s.Int("sent")
		s.Set("sent", n+1)
		return xor(m.Data, byte(n))
	})

	s := session.New(mock.NewNetworkEntity())
	for range 2 { // what the server does with each message
		m := &pipeline.Message{Route: "Room.Say", Data: []byte{'h' ^ byte(s.Int("received"))}}
		fmt.Println(p.Inbound().Process(s, m), string(m.Data))
	}
	fmt.Println(p.Inbound().Process(s, &pipeline.Message{}))
	// Output:
	// <nil> h
	// <nil> h
	// no payload
}

func xor(data []byte, key byte) error {
	if len(data) == 0 {
		return errors.New("no payload")
	}
	for i := range data {
		data[i] ^= key
	}
	return nil
}

// A filter may refuse a message: the client's request is answered with its error.
func ExampleChannel() {
	p := pipeline.New()
	p.Inbound().PushBack(func(s *session.Session, m *pipeline.Message) error {
		fmt.Println("asks for", m.Route)
		return nil
	})
	p.Inbound().PushFront(func(s *session.Session, m *pipeline.Message) error { // before the other
		if s.UID() == 0 && m.Route != "login" {
			return errors.New("log in first")
		}
		return nil
	})

	s := session.New(mock.NewNetworkEntity())
	fmt.Println(p.Inbound().Process(s, &pipeline.Message{Route: "shop.buy"}))
	fmt.Println(p.Inbound().Process(s, &pipeline.Message{Route: "login"}))
	// Output:
	// log in first
	// asks for login
	// <nil>
}
