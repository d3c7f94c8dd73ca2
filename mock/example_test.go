package mock_test

import (
	"errors"
	"fmt"

	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/session"
)

type buyRequest struct{ Item string }

func buy(s *session.Session, m *buyRequest) error {
	if s.UID() == 0 {
		return errors.New("log in first")
	}
	if err := s.Push("onCoins", 90); err != nil {
		return err
	}
	return s.Response("you have a " + m.Item)
}

// A handler is a method: a test calls it.
func Example() {
	entity := mock.NewNetworkEntity()
	s := session.New(entity)
	fmt.Println(buy(s, &buyRequest{"sword"}))

	_ = s.Bind(7)
	fmt.Println(buy(s, &buyRequest{"sword"}))
	fmt.Println(entity.LastResponse())
	fmt.Println(entity.FindResponseByRoute("onCoins"))
	// Output:
	// log in first
	// <nil>
	// you have a sword
	// 90
}

func ExampleNetworkEntity_SetLastMid() {
	entity := mock.NewNetworkEntity()
	s := session.New(entity)
	for mid, item := range []string{"sword", "shield"} {
		entity.SetLastMid(uint64(mid) + 10)
		_ = s.Response(item)
	}
	fmt.Println(entity.FindResponseByMID(10), entity.FindResponseByMID(11))
	// Output: sword shield
}
