package component_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/lonng/nano/component"
	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/session"
)

type JoinRequest struct{ Room string }
type JoinReply struct{ Members int }

// Room is a component: its methods of certain shapes are handlers.
type Room struct {
	component.Base
	members int
}

func (r *Room) Init() { fmt.Println("the room opens") }

func (r *Room) Join(ctx context.Context, req *JoinRequest) (*JoinReply, error) {
	r.members++
	return &JoinReply{r.members}, nil
}

func (r *Room) Say(s *session.Session, text []byte) error {
	return s.Push("onSay", strings.ToUpper(string(text)))
}

func (r *Room) Members() int { return r.members } // of another shape: no handler

// What a server does with a component.
func Example() {
	var comps component.Components
	comps.Register(&Room{})

	entity := mock.NewNetworkEntity()
	s := session.New(entity)
	for _, registered := range comps.List() {
		registered.Comp.Init()
		handlers, err := registered.Handlers()
		if err != nil {
			fmt.Println(err)
		}
		for _, h := range handlers {
			req := any(new([]byte("hello")))
			if h.New != nil {
				req = h.New() // the payload is decoded into it
			}
			res, err := h.Call(s.Context(), s, req)
			fmt.Println(h.Route, res, err)
		}
	}
	fmt.Println(entity.FindResponseByRoute("onSay"))
	// Output:
	// the room opens
	// Room.Join &{1} <nil>
	// Room.Say <nil> <nil>
	// HELLO
}

func printRoutes(opts ...component.Option) {
	handlers, err := component.Registered{Comp: &Room{}, Opts: opts}.Handlers()
	if err != nil {
		fmt.Println(err)
	}
	for _, h := range handlers {
		fmt.Println(h.Route)
	}
}

func ExampleWithName() {
	printRoutes(component.WithName("lobby"))
	// Output:
	// lobby.Join
	// lobby.Say
}

func ExampleWithNameFunc() {
	printRoutes(component.WithName("lobby"), component.WithNameFunc(strings.ToLower))
	// Output:
	// lobby.join
	// lobby.say
}

func ExampleConcurrent() {
	// A component runs in one place.
	printRoutes(component.Concurrent(), component.WithSchedulerName("room"))
	// Output: component: *component_test.Room: both Concurrent and WithSchedulerName: choose one
}

func ExampleWithLoop() {
	loop := scheduler.NewLoop(scheduler.Config{Name: "rooms"}) // the program runs it: go loop.Run(ctx)
	handlers, _ := component.Registered{Comp: &Room{}, Opts: []component.Option{component.WithLoop(loop)}}.Handlers()
	fmt.Println(handlers[0].Executor.Loop == loop)
	// Output: true
}

func ExampleWithSchedulerName() {
	// The scheduler is found in the session when a message comes: s.Set("room", loop)
	handlers, _ := component.Registered{Comp: &Room{}, Opts: []component.Option{component.WithSchedulerName("room")}}.Handlers()
	fmt.Println(handlers[0].Executor.SessionKey)
	// Output: room
}

func ExampleFunc() {
	h, err := component.Func("room.join", func(ctx context.Context, req *JoinRequest) (*JoinReply, error) {
		return &JoinReply{len(req.Room)}, nil
	})
	if err != nil {
		fmt.Println(err)
	}
	res, err := h.Call(context.Background(), nil, &JoinRequest{"lobby"})
	fmt.Println(h.Route, res, err)
	// Output: room.join &{5} <nil>
}

func ExampleNotify() {
	h, _ := component.Notify("room.say", func(ctx context.Context, text *[]byte) error {
		fmt.Println(string(*text))
		return nil
	})
	_, err := h.Call(context.Background(), nil, new([]byte("hello")))
	fmt.Println(err)
	// Output:
	// hello
	// <nil>
}
