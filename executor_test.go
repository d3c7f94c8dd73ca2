package nano_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// Schedulers of a program's own, good and bad.
type (
	inlineScheduler   []int // which cannot be compared
	droppingScheduler struct{}
	brokenScheduler   struct{ n int }
)

func (inlineScheduler) Schedule(task scheduler.Task) { task() }
func (droppingScheduler) Schedule(scheduler.Task)    {}
func (b *brokenScheduler) Schedule(scheduler.Task)   { b.n++ } // panics when it is nil

// What a session's scheduler does wrong stays with that session.
func TestSchedulersInTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var set any
		srv := newServer(t, nano.WithHandshakeValidator(func(s *session.Session, _ []byte) error {
			s.Set("scheduler", set)
			return nil
		}))
		onLoop := false
		srv.Register(&Life{call: func(s *session.Session) error {
			onLoop = srv.Loop().OnLoop()
			return s.Response("called")
		}}, component.WithSchedulerName("scheduler"))
		dial := func(scheduler any) *nanotest.Client {
			set = scheduler
			return srv.Dial(t)
		}
		for range 2 { // the second after a request that was dropped
			for name, test := range map[string]struct {
				scheduler any
				onLoop    bool
			}{
				"inline":             {inlineScheduler{}, false},
				"none":               {nil, true},
				"of another type":    {"scheduler", true},
				"the logic loop":     {srv.Loop(), true},
				"a loop as a value":  {scheduler.LocalScheduler(srv.Loop()), true},
				"inline, by pointer": {&inlineScheduler{}, false},
			} {
				c := dial(test.scheduler)
				must(t, c.Request("Life.Call", nil, nil), c.Request("Life.Call", nil, nil))
				if onLoop != test.onLoop {
					t.Errorf("%s: on the loop: %v", name, onLoop)
				}
			}
			wantCode(t, dial((*brokenScheduler)(nil)).Request("Life.Call", nil, nil), "internal")
			_, err := dial(droppingScheduler{}).Go("Life.Call", nil)
			must(t, err)
		}
	})
}

// What is wrong with an RPC is its error, wherever the handler would run.
func TestRPCThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped := scheduler.NewLoop(scheduler.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		must(t, stopped.Run(ctx))
		var set any = inlineScheduler{}
		srv := newServer(t, nano.WithHandshakeValidator(func(s *session.Session, _ []byte) error {
			s.Set("scheduler", set)
			return nil
		}))
		ran := 0
		life := &Life{call: func(*session.Session) error { ran++; return errPlain }}
		srv.Register(life, component.WithName("stopped"), component.WithLoop(stopped))
		srv.Register(life, component.WithName("inline"), component.WithSchedulerName("scheduler"))
		nano.Handle(srv.Server, "hello", hello)
		nameSessions(srv)
		s := sessionOf(t, srv, srv.Dial(t))
		if err := s.RPC("stopped.Call", nil); !errors.Is(err, scheduler.ErrStopped) {
			t.Errorf("RPC to a loop that has stopped: %v", err)
		}
		if err := s.RPC("hello", make(chan int)); err == nil {
			t.Error("a channel is sent")
		}
		if err := s.RPC("hello", []byte("no JSON")); !errors.Is(err, &nano.Error{Code: "bad-request"}) {
			t.Errorf("RPC with what does not decode: %v", err)
		}
		must(t, s.RPC("inline.Call", nil)) // its own errors are logged
		if ran != 1 || srv.Stats().Failed != 1 {
			t.Errorf("the handler ran %d times, %+v", ran, srv.Stats())
		}
	})
}

// Requests by code find their handler; those to nowhere say what was asked for.
func TestRouteCodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, nano.WithDictionary(map[string]uint16{"Life.Call": 1, "ghost": 2}))
		srv.Register(&Life{})
		c := newProtoRaw(t, srv.DialRaw(t))
		c.shake(protoNano)
		for code, want := range map[uint16]string{
			1: `"called"`,
			2: `{"code":"not-found","msg":"no such route","metadata":{"route":"ghost"}}`,
			9: `{"code":"not-found","msg":"no such route","metadata":{"route":"code 9"}}`,
		} {
			c.send(packMessage(wire.Head{Type: wire.Request, ID: uint64(code), Code: code}, ""))
			if m := c.message(); m.ID != uint64(code) || string(m.Payload) != want {
				t.Errorf("code %d: %d, %s", code, m.ID, m.Payload)
			}
		}
	})
}
