package nanotest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/session"
)

// playground stands for the *testing.T of a test.
type playground struct {
	testing.TB
	cleanups []func()
}

func (p *playground) Helper()                   {}
func (p *playground) Cleanup(fn func())         { p.cleanups = append(p.cleanups, fn) }
func (p *playground) Errorf(f string, v ...any) { fmt.Printf(f+"\n", v...) }
func (p *playground) Fatalf(f string, v ...any) { panic(fmt.Sprintf(f, v...)) }

func (p *playground) end() {
	for len(p.cleanups) > 0 {
		last := p.cleanups[len(p.cleanups)-1]
		p.cleanups = p.cleanups[:len(p.cleanups)-1]
		last()
	}
}

// Lobby is the game under test.
type Lobby struct {
	component.Base
	group *nano.Group
}

type Player struct {
	Name string `json:"name"`
}

func (l *Lobby) Join(ctx context.Context, p *Player) (*Player, error) {
	if p.Name == "" {
		return nil, nano.Errorf("no-name", "who are you?")
	}
	if err := l.group.Broadcast("onJoin", p); err != nil {
		return nil, err
	}
	return p, l.group.Add(session.FromContext(ctx))
}

// In a test t is its *testing.T, and synctest.Test runs it in fake time.
func Example() {
	t := new(playground)
	defer t.end()

	srv := nanotest.NewServer(t)
	srv.Register(&Lobby{group: nano.NewGroup("lobby")})

	ann, bob := srv.Dial(t), srv.Dial(t)
	if err := ann.Request("Lobby.Join", Player{"ann"}, nil); err != nil {
		t.Fatalf("%v", err)
	}
	var reply Player
	if err := bob.Request("Lobby.Join", Player{"bob"}, &reply); err != nil {
		t.Fatalf("%v", err)
	}
	fmt.Println("bob got", reply.Name)

	var joined Player
	ann.Expect("onJoin", &joined)
	fmt.Println("ann was told of", joined.Name)

	err := ann.Request("Lobby.Join", Player{}, nil)
	fmt.Println(errors.Is(err, &nano.Error{Code: "no-name"}), err)
	// Output:
	// bob got bob
	// ann was told of bob
	// true no-name: who are you?
}

// Several requests may be under way.
func ExampleClient_Go() {
	t := new(playground)
	defer t.end()
	srv := nanotest.NewServer(t)
	nano.Handle(srv.Server, "wait", func(ctx context.Context, ms *int) (*string, error) {
		done := fmt.Sprint("waited ", *ms)
		<-time.After(time.Duration(*ms) * time.Millisecond)
		return &done, nil
	}, component.Concurrent())

	a, b := srv.Dial(t), srv.Dial(t)
	slow, _ := a.Go("wait", 20)
	fast, _ := b.Go("wait", 1)
	var first, second string
	fmt.Println(fast(&first), slow(&second))
	fmt.Println(first, "and", second)
	// Output:
	// <nil> <nil>
	// waited 1 and waited 20
}

func ExampleClient_ExpectKick() {
	t := new(playground)
	defer t.end()
	srv := nanotest.NewServer(t)
	nano.HandleNotify(srv.Server, "cheat", func(ctx context.Context, _ *struct{}) error {
		return session.FromContext(ctx).Kick("banned", "cheating")
	})

	c := srv.Dial(t)
	_ = c.Notify("cheat", nil)
	fmt.Println(c.ExpectKick())
	// Output: banned cheating
}

func ExampleWithHandshake() {
	t := new(playground)
	defer t.end()
	srv := nanotest.NewServer(t, nano.WithHandshake(func(_ context.Context, _ *session.Session, h *nano.Handshake) (any, error) {
		return "welcome back, " + string(h.User), nil
	}))

	c := srv.Dial(t, nanotest.WithHandshake(`{"user":7}`))
	var reply struct{ User string }
	_ = c.HandshakeReply(&reply)
	fmt.Println(reply.User)
	// Output: welcome back, 7
}
