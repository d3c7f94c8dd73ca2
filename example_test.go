package nano_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/pipeline"
	"github.com/lonng/nano/serialize/msgpack"
	"github.com/lonng/nano/session"
)

// inMemory stands for the *testing.T of a test, so that the examples have clients.
type inMemory struct {
	testing.TB
	cleanups []func()
}

func (m *inMemory) Helper()                   {}
func (m *inMemory) Cleanup(fn func())         { m.cleanups = append(m.cleanups, fn) }
func (m *inMemory) Errorf(f string, v ...any) { fmt.Printf(f+"\n", v...) }
func (m *inMemory) Fatalf(f string, v ...any) { panic(fmt.Sprintf(f, v...)) }

func (m *inMemory) end() {
	for len(m.cleanups) > 0 {
		last := m.cleanups[len(m.cleanups)-1]
		m.cleanups = m.cleanups[:len(m.cleanups)-1]
		last()
	}
}

// ChatRoom is a component: its methods are handlers, and what it keeps needs no lock.
type ChatRoom struct {
	component.Base
	group *nano.Group
	names map[int64]string
}

type ChatJoin struct {
	Name string `json:"name"`
}

type ChatLine struct {
	From string `json:"from"`
	Text string `json:"text"`
}

// Join answers by its result.
func (r *ChatRoom) Join(s *session.Session, m *ChatJoin) (*ChatLine, error) {
	if m.Name == "" {
		return nil, nano.Errorf("no-name", "who are you?")
	}
	r.names[s.ID()] = m.Name
	return &ChatLine{"room", "welcome " + m.Name}, r.group.Add(s)
}

// Say is called by notifies.
func (r *ChatRoom) Say(s *session.Session, text []byte) error {
	return r.group.Broadcast("onLine", &ChatLine{r.names[s.ID()], string(text)})
}

func Example() {
	// In a program: srv := nano.New(nano.WithWebSocket(":3250")), and at the end srv.Run(ctx).
	t := new(inMemory)
	defer t.end()
	srv := nanotest.NewServer(t)
	srv.Register(&ChatRoom{group: nano.NewGroup("room"), names: map[int64]string{}}, component.WithName("room"))
	srv.OnSessionClosed(func(s *session.Session) {}) // on the loop, as the handlers

	ann, bob := srv.Dial(t), srv.Dial(t)
	var welcome, line ChatLine
	fmt.Println(ann.Request("room.Join", ChatJoin{"ann"}, &welcome), welcome.Text)
	fmt.Println(bob.Request("room.Join", ChatJoin{"bob"}, &welcome), welcome.Text)
	_ = bob.Notify("room.Say", []byte("hello"))
	ann.Expect("onLine", &line)
	fmt.Println(line.From, "says", line.Text)
	fmt.Println(ann.Request("room.Join", ChatJoin{}, nil))
	// Output:
	// <nil> welcome ann
	// <nil> welcome bob
	// bob says hello
	// no-name: who are you?
}

func ExampleHandle() {
	t := new(inMemory)
	defer t.end()
	srv := nanotest.NewServer(t)

	type Add struct{ A, B int }
	nano.Handle(srv.Server, "math.add", func(ctx context.Context, m *Add) (*int, error) {
		sum := m.A + m.B
		return &sum, nil
	})
	nano.Handle(srv.Server, "math.divide", func(ctx context.Context, m *Add) (*int, error) {
		if m.B == 0 {
			return nil, nano.Errorf("division-by-zero", "cannot divide %d", m.A)
		}
		quotient := m.A / m.B
		return &quotient, nil
	})

	c := srv.Dial(t)
	var sum int
	fmt.Println(c.Request("math.add", Add{2, 3}, &sum), sum)
	err := c.Request("math.divide", Add{1, 0}, nil)
	fmt.Println(errors.Is(err, &nano.Error{Code: "division-by-zero"}), err)
	// Output:
	// <nil> 5
	// true division-by-zero: cannot divide 1
}

func ExampleHandleNotify() {
	t := new(inMemory)
	defer t.end()
	srv := nanotest.NewServer(t)
	nano.HandleNotify(srv.Server, "say", func(ctx context.Context, text *string) error {
		s := session.FromContext(ctx)
		return s.Push("onSay", "you said "+*text)
	})

	c := srv.Dial(t)
	_ = c.Notify("say", "hello")
	var said string
	c.Expect("onSay", &said)
	fmt.Println(said)
	// Output: you said hello
}

func ExampleGroup() {
	t := new(inMemory)
	defer t.end()
	srv := nanotest.NewServer(t)
	table := nano.NewGroup("table")
	nano.Handle(srv.Server, "sit", func(ctx context.Context, seat *int64) (*int, error) {
		s := session.FromContext(ctx)
		if err := s.Bind(*seat); err != nil {
			return nil, err
		}
		if err := table.Add(s); err != nil {
			return nil, err
		}
		n := table.Count()
		return &n, nil
	})

	var sitting int
	players := []*nanotest.Client{srv.Dial(t), srv.Dial(t), srv.Dial(t)}
	for i, p := range players {
		if err := p.Request("sit", i+1, &sitting); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(sitting, "are sitting,", table.Members())

	_ = table.Broadcast("onDeal", "a card for everybody")
	_ = table.Multicast("onOdd", "for odd seats", func(s *session.Session) bool { return s.UID()%2 == 1 })
	var card, odd string
	players[2].Expect("onDeal", &card)
	players[2].Expect("onOdd", &odd)
	fmt.Println(card, "and one", odd)
	// Output:
	// 3 are sitting, [1 2 3]
	// a card for everybody and one for odd seats
}

func ExampleAsync() {
	t := new(inMemory)
	defer t.end()
	srv := nanotest.NewServer(t)
	scores := map[string]int{} // the loop's alone
	nano.HandleNotify(srv.Server, "load", func(ctx context.Context, name *string) error {
		return nano.Async(ctx, func(ctx context.Context) (int, error) {
			return len(*name) * 100, nil // asks a database, say: off the loop, it may block
		}, func(score int, err error) { // on the loop again
			if err == nil {
				scores[*name] = score
				_ = session.FromContext(ctx).Push("onLoaded", scores)
			}
		})
	})

	c := srv.Dial(t)
	_ = c.Notify("load", "ann")
	var loaded map[string]int
	c.Expect("onLoaded", &loaded)
	fmt.Println(loaded)
	// Output: map[ann:300]
}

func ExampleWithPipeline() {
	t := new(inMemory)
	defer t.end()
	p := pipeline.New()
	p.Inbound().PushBack(func(s *session.Session, m *pipeline.Message) error {
		if s.UID() == 0 && m.Route != "login" {
			return nano.Errorf("unauthenticated", "log in first")
		}
		return nil
	})
	srv := nanotest.NewServer(t, nano.WithPipeline(p))
	nano.HandleNotify(srv.Server, "login", func(ctx context.Context, uid *int64) error {
		s := session.FromContext(ctx)
		return errors.Join(s.Bind(*uid), s.Response("welcome"))
	})
	nano.Handle(srv.Server, "secret", func(context.Context, *struct{}) (*string, error) {
		secret := "42"
		return &secret, nil
	})

	c := srv.Dial(t)
	var answer string
	fmt.Println(c.Request("secret", nil, nil))
	fmt.Println(c.Request("login", 7, &answer), answer)
	fmt.Println(c.Request("secret", nil, &answer), answer)
	// Output:
	// unauthenticated: log in first
	// <nil> welcome
	// <nil> 42
}

// A token in the handshake says who a client is; those without are refused.
func ExampleWithHandshake() {
	users := map[string]int64{`"token-of-ann"`: 1001}
	t := new(inMemory)
	defer t.end()
	srv := nanotest.NewServer(t, nano.WithHandshake(func(ctx context.Context, s *session.Session, h *nano.Handshake) (user any, err error) {
		uid, ok := users[string(h.User)]
		if !ok {
			return nil, nano.Errorf("unauthenticated", "no such token")
		}
		return map[string]int64{"uid": uid}, s.Bind(uid)
	}))
	nano.Handle(srv.Server, "who", func(ctx context.Context, _ *struct{}) (*int64, error) {
		uid := session.FromContext(ctx).UID()
		return &uid, nil
	})

	c := srv.Dial(t, nanotest.WithHandshake(`{"user":"token-of-ann"}`))
	var reply struct{ User map[string]int64 }
	var uid int64
	fmt.Println(c.HandshakeReply(&reply), reply.User)
	fmt.Println(c.Request("who", nil, &uid), uid)
	_, online := srv.ByUID(1001)
	fmt.Println(online)
	// Output:
	// <nil> map[uid:1001]
	// <nil> 1001
	// true
}

// Servers in one process share nothing; a group may hold sessions of both.
func ExampleNew() {
	t := new(inMemory)
	defer t.end()
	players := nanotest.NewServer(t, nano.WithSerializer(msgpack.NewSerializer()))
	admins := nanotest.NewServer(t, nano.WithHeartbeatInterval(0))
	everybody := nano.NewGroup("everybody")
	for _, srv := range []*nanotest.Server{players, admins} {
		nano.Handle(srv.Server, "join", func(ctx context.Context, _ *struct{}) (*int, error) {
			return nil, everybody.Add(session.FromContext(ctx))
		})
	}
	nano.Handle(admins.Server, "announce", func(ctx context.Context, text *string) (*int, error) {
		n := everybody.Count()
		return &n, everybody.Broadcast("onNews", *text)
	})

	player := players.Dial(t, nanotest.WithSerializer(msgpack.NewSerializer()))
	admin := admins.Dial(t)
	fmt.Println(player.Request("join", nil, nil), admin.Request("join", nil, nil))
	var told int
	fmt.Println(admin.Request("announce", "maintenance at noon", &told), told)
	var news string
	player.Expect("onNews", &news)
	fmt.Println(news)
	fmt.Println(player.Request("announce", "hello", nil))
	// Output:
	// <nil> <nil>
	// <nil> 2
	// maintenance at noon
	// not-found: no such route
}

func ExampleServer_Run() {
	srv := nano.New(nano.WithTCP("127.0.0.1:0"), nano.WithWebSocket("127.0.0.1:0"))
	srv.Register(&ChatRoom{group: nano.NewGroup("room"), names: map[int64]string{}})
	ctx, cancel := context.WithCancel(context.Background()) // or signal.NotifyContext
	_ = srv.Loop().Do(func() {
		fmt.Println("the loop runs")
		cancel()
	})
	fmt.Println(srv.Run(ctx))
	fmt.Println(srv.Run(ctx))
	// Output:
	// the loop runs
	// <nil>
	// nano: the server is shut down
}

// Greeter is a component of the default server.
type Greeter struct{ component.Base }

// AfterInit is called when all components are there. Timers that are made here end with the run.
func (*Greeter) AfterInit() {
	go nano.Invoke(func() { // from any goroutine, onto the loop
		fmt.Println("on the loop")
		nano.Shutdown()
	})
}

func (*Greeter) Greet(s *session.Session, name []byte) error {
	return s.Response("hello " + string(name))
}

// A program in the manner of nano 0.5.
func ExampleListen() {
	components := &component.Components{}
	components.Register(&Greeter{}, component.WithName("greeter"))
	err := nano.Listen("127.0.0.1:0", nano.WithComponents(components), nano.WithIsWebsocket(true))
	fmt.Println(err)
	// Output:
	// on the loop
	// <nil>
}
