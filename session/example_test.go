package session_test

import (
	"errors"
	"fmt"

	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/session"
)

// Servers make the sessions of their clients; these examples make their own.
func newExampleSession() *session.Session { return session.New(mock.NewNetworkEntity()) }

func Example() {
	entity := mock.NewNetworkEntity()
	s := session.New(entity)

	// What a handler does with the session of its client:
	if err := s.Bind(1001); err != nil {
		fmt.Println(err)
	}
	s.Set("room", "lobby")
	_ = s.Push("onWelcome", "hello "+s.String("room"))
	_ = s.Response("ok")

	fmt.Println(s.UID(), entity.FindResponseByRoute("onWelcome"), entity.LastResponse())
	// Output: 1001 hello lobby ok
}

func ExampleSession_Bind() {
	s := newExampleSession()
	fmt.Println(s.UID(), s.Bind(7), s.UID())
	fmt.Println(errors.Is(s.Bind(0), session.ErrIllegalUID))
	s.Clear()
	fmt.Println(s.UID())
	// Output:
	// 0 <nil> 7
	// true
	// 0
}

func ExampleSession_Set() {
	s := newExampleSession()
	s.Set("level", 12)
	s.Set("name", "ann")

	// Of another type than the value's, or of a key that is not there, the typed getters return zero.
	fmt.Println(s.Int("level"), s.String("name"), s.Int64("level"), s.Int("score"))
	fmt.Println(s.HasKey("level"), s.HasKey("score"))
	s.Remove("level")
	fmt.Println(s.State())
	// Output:
	// 12 ann 0 0
	// true false
	// map[name:ann]
}

func ExampleGet() {
	type Player struct{ Name string }
	s := newExampleSession()
	s.Set("player", &Player{"ann"})

	if p, ok := session.Get[*Player](s, "player"); ok {
		fmt.Println(p.Name)
	}
	_, ok := session.Get[string](s, "player")
	fmt.Println(ok)
	// Output:
	// ann
	// false
}

// What a session holds can be carried over to another.
func ExampleSession_Restore() {
	old, fresh := newExampleSession(), newExampleSession()
	old.Set("score", 10)
	fresh.Restore(old.State())
	old.Set("score", 0)
	fmt.Println(fresh.Int("score"))
	// Output: 10
}

// The answer may come later, from any goroutine.
func ExampleSession_ResponseMID() {
	entity := mock.NewNetworkEntity()
	s := session.New(entity)

	mid := s.LastMid() // in the handler
	done := make(chan error)
	go func() { done <- s.ResponseMID(mid, "found it") }()

	fmt.Println(<-done, entity.FindResponseByMID(mid))
	// Output: <nil> found it
}

func ExampleFromContext() {
	s := newExampleSession()
	_ = s.Bind(7)
	ctx := s.Context() // what a handler that takes a context gets
	fmt.Println(session.FromContext(ctx).UID())
	// Output: 7
}

func ExampleSession_OnClose() {
	s, owner := session.Open(1, mock.NewNetworkEntity())
	_ = s.OnClose(func(reason error) { fmt.Println("closed:", reason, s.Err() == reason) })

	end(owner, errors.New("the connection was lost")) // as the server does
	fmt.Println(s.OnClose(func(error) {}))
	// Output:
	// closed: the connection was lost true
	// session: closed
}

func ExampleHooks_OnClosed() {
	var hooks session.Hooks // session.Lifetime are those of nano.Listen
	hooks.OnClosed(func(s *session.Session) { fmt.Println("user", s.UID(), "has left") })

	s := newExampleSession()
	_ = s.Bind(7)
	for _, hook := range hooks.All() { // as the server does
		hook(s)
	}
	// Output: user 7 has left
}

func ExampleSession_Router() {
	s := newExampleSession()
	s.Router().Bind("Game", "10.0.0.7:4000")
	fmt.Println(s.Router().Find("Game"))
	s.Router().Delete("Game")
	fmt.Println(s.Router().Find("Game"))
	// Output:
	// 10.0.0.7:4000 true
	//  false
}
