package nano_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/session"
)

func TestAsync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		loop := srv.Loop()
		var steps []string
		srv.Register(&Life{call: func(s *session.Session) error {
			mid := s.LastMid()
			err := nano.Async(s.Context(), func(ctx context.Context) (string, error) {
				if loop.OnLoop() || session.FromContext(ctx) != s {
					t.Error("the work is on the loop, or without its session")
				}
				<-time.After(time.Second)
				return "result", errPlain
			}, func(result string, err error) {
				if !loop.OnLoop() || err != errPlain {
					t.Errorf("back on the loop: %v, %v", loop.OnLoop(), err)
				}
				steps = append(steps, "then")
				_ = s.ResponseMID(mid, result)
			})
			steps = append(steps, "handler")
			return err
		}})
		var got string
		began := time.Now()
		must(t, srv.Dial(t).Request("Life.Call", nil, &got))
		if got != "result" || time.Since(began) != time.Second || strings.Join(steps, " ") != "handler then" {
			t.Errorf("%q after %v, steps %v", got, time.Since(began), steps)
		}
	})
}

// Async comes back to where the handler runs.
func TestAsyncComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := scheduler.NewLoop(scheduler.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- own.Run(ctx) }()
		defer func() {
			cancel()
			must(t, <-ended)
		}()
		l := &lane{tasks: make(chan scheduler.Task, 10)}
		go l.run()
		defer close(l.tasks)

		srv := newServer(t, nano.WithHandshakeValidator(func(s *session.Session, _ []byte) error {
			s.Set("lane", l)
			return nil
		}))
		back := func(on func() bool) *Life {
			return &Life{call: func(s *session.Session) error {
				return nano.Async(s.Context(), func(context.Context) (uint64, error) { return s.LastMid(), nil },
					func(mid uint64, err error) { _ = s.ResponseMID(mid, on()) })
			}}
		}
		srv.Register(back(srv.Loop().OnLoop), component.WithName("logic"))
		srv.Register(back(srv.Loop().OnLoop), component.WithName("concurrent"), component.Concurrent())
		srv.Register(back(own.OnLoop), component.WithName("own"), component.WithLoop(own))
		srv.Register(back(func() bool { return l.ran.Load() == 2 }), component.WithName("lane"), component.WithSchedulerName("lane"))
		c := srv.Dial(t)
		for _, name := range []string{"logic", "concurrent", "own", "lane"} {
			var there bool
			if must(t, c.Request(name+".Call", nil, &there)); !there {
				t.Errorf("%s: then ran elsewhere", name)
			}
		}
	})
}

func TestAsyncPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, 1)
		got := make(chan error, 1)
		must(t, nano.Async(p.sessions[0].Context(), func(context.Context) (int, error) { panic(errPlain) },
			func(n int, err error) { got <- err }))
		err := <-got
		if e, ok := errors.AsType[*scheduler.PanicError](err); !ok || !errors.Is(err, errPlain) || !strings.Contains(string(e.Stack), "TestAsyncPanics") {
			t.Errorf("then got %v", err)
		}
	})
}

func TestAsyncOnALoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, 0)
		p.Start()
		got := make(chan bool, 1)
		ctx := scheduler.NewContext(t.Context(), p.Loop())
		must(t, nano.Async(ctx, func(context.Context) (int, error) { return 7, nil },
			func(n int, err error) { got <- n == 7 && err == nil && p.Loop().OnLoop() }))
		if !<-got {
			t.Error("then ran elsewhere, or got something else")
		}
	})
}

func TestAsyncWithoutALoop(t *testing.T) {
	never := func(int, error) { t.Error("then was called") }
	work := func(context.Context) (int, error) {
		t.Error("the work was done")
		return 0, nil
	}
	for name, ctx := range map[string]context.Context{
		"a bare context":         t.Context(),
		"a mock session's":       session.New(mock.NewNetworkEntity()).Context(),
		"a cancelled bare one's": func() context.Context { c, f := context.WithCancel(t.Context()); f(); return c }(),
	} {
		if err := nano.Async(ctx, work, never); err == nil || !strings.Contains(err.Error(), "Async needs") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The work's context ends with the session, and then is called all the same.
func TestAsyncWhenTheSessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, 1)
		got := make(chan error, 1)
		must(t, nano.Async(p.sessions[0].Context(), func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}, func(_ int, err error) { got <- err }))
		p.clients[0].Close()
		if err := <-got; err != context.Canceled {
			t.Errorf("then got %v", err)
		}
	})
}

// Shutdown waits for the work and for then, which may begin more.
func TestShutdownWaitsForAsync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, 1)
		ctx := p.sessions[0].Context()
		var steps []string
		step := func(name string, more func()) {
			check(t, nano.Async(ctx, func(context.Context) (string, error) {
				<-time.After(time.Second)
				return name, nil
			}, func(name string, _ error) {
				steps = append(steps, name)
				if more != nil {
					more()
				}
			}))
		}
		step("first", func() { step("second", nil) })
		began := time.Now()
		must(t, p.Shutdown(t.Context()))
		if strings.Join(steps, " ") != "first second" || time.Since(began) != 2*time.Second {
			t.Errorf("%v after %v", steps, time.Since(began))
		}
	})
}
