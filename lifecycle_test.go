package nano_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/session"
)

// diary keeps what happened on the loop, in order.
type diary struct {
	t      *testing.T
	srv    *nanotest.Server
	events []string
}

func (d *diary) note(format string, args ...any) {
	d.t.Helper()
	event := fmt.Sprintf(format, args...)
	if !d.srv.Loop().OnLoop() {
		d.t.Errorf("%s is not on the loop", event)
	}
	d.events = append(d.events, event)
}

// life returns a component that notes its steps.
func (d *diary) life(name string) *Life {
	step := func(step string) func() { return func() { d.note("%s %s", name, step) } }
	return &Life{init: step("Init"), afterInit: step("AfterInit"), beforeShutdown: step("BeforeShutdown"), shutdown: step("Shutdown")}
}

func (d *diary) want(events ...string) {
	d.t.Helper()
	if !slices.Equal(d.events, events) {
		d.t.Errorf("events\n\t%s\nwant\n\t%s", strings.Join(d.events, "\n\t"), strings.Join(events, "\n\t"))
	}
}

func TestOrderOfStartAndStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		d := &diary{t: t, srv: srv}
		a, b := d.life("a"), d.life("b")
		srv.Register(a)
		srv.Register(b, component.WithName("b"))
		must(t, srv.Loop().Do(func() { d.note("task from before") }))
		nameSessions(srv)
		srv.OnSessionClosed(func(s *session.Session) { d.note("closed hook of the server, user %d", s.UID()) })
		c := srv.Dial(t)
		s := sessionOf(t, srv, c)
		must(t, s.Bind(7), s.OnClose(func(reason error) { d.note("close hook of the session: %v", reason) }))
		b.beforeShutdown = func() {
			d.note("b BeforeShutdown")
			check(t, s.Push("onBye", Hello{"bye"}))
		}
		a.shutdown = func() {
			d.note("a Shutdown with %d sessions", len(slices.Collect(srv.Sessions())))
		}
		must(t, srv.Shutdown(t.Context()))
		d.want("a Init", "b Init", "a AfterInit", "b AfterInit", "task from before",
			"b BeforeShutdown", "a BeforeShutdown",
			"close hook of the session: shutdown: the server is shutting down", "closed hook of the server, user 7",
			"b Shutdown", "a Shutdown with 0 sessions")
		c.Expect("onBye", nil)
		if code, _ := c.ExpectKick(); code != "shutdown" {
			t.Errorf("kicked with %q", code)
		}
		if err := srv.Loop().Do(func() {}); err == nil {
			t.Error("a task is accepted after the end")
		}
	})
}

func TestInitPanics(t *testing.T) {
	for _, step := range []string{"Init", "AfterInit"} {
		synctest.Test(t, func(t *testing.T) {
			log := newLogBook()
			srv := nano.New(log.option(), nano.WithTCP("127.0.0.1:0"))
			life := &Life{beforeShutdown: func() { t.Error("BeforeShutdown was called") }}
			boom := func() { panic("boom") }
			if step == "Init" {
				life.init = boom
			} else {
				life.afterInit = boom
			}
			srv.Register(life)
			ran := false
			must(t, srv.Loop().Do(func() { ran = true }))
			for range 2 {
				if err := srv.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "*nano_test.Life."+step) {
					t.Errorf("Run: %v", err)
				}
			}
			log.wants(t, "boom", "lifecycle_test.go")
			must(t, srv.Shutdown(t.Context()))
			if ran {
				t.Error("a task ran on a server that did not start")
			}
		})
	}
}

// Init may call any method of the server.
func TestInitUsesTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLogBook()
		srv := newServer(t, log.option())
		ticks, posted := 0, false
		srv.Register(&Life{init: func() {
			_, _ = srv.Stats(), srv.Addrs()
			_, _ = srv.Session(1)
			check(t, srv.Broadcast("nobody", 1), srv.Loop().Do(func() { posted = true }))
			srv.Loop().NewTimer(time.Second, func() { ticks++ })
			srv.Register(&component.Base{})
			nano.Handle(srv.Server, "late", hello)
			if err := srv.Shutdown(t.Context()); !errors.Is(err, nano.ErrOnLoop) {
				t.Errorf("Shutdown in Init: %v", err)
			}
		}})
		c := srv.Dial(t)
		must(t, c.Request("Life.Call", nil, nil))
		wantCode(t, c.Request("late", nil, nil), "not-found")
		<-time.After(3500 * time.Millisecond)
		onLoop(t, srv, func() {
			if ticks != 3 || !posted {
				t.Errorf("%d ticks, posted: %v", ticks, posted)
			}
		})
		log.wants(t, "Register after the start", "Handle after the start", "route=late")
	})
}

// Shutdown waits for handlers wherever they run; a session's hooks come after them.
func TestShutdownWaitsForHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		d := &diary{t: t, srv: srv}
		srv.OnSessionClosed(func(*session.Session) { d.note("closed hook") })
		srv.Register(d.life("a"))
		done := make(chan string, 1)
		srv.Register(&Life{call: func(s *session.Session) error {
			<-s.Context().Done() // the kick
			<-time.After(3 * time.Second)
			done <- fmt.Sprint("the handler ends after ", context.Cause(s.Context()))
			return nil
		}}, component.WithName("slow"), component.Concurrent())
		srv.OnSessionClosed(func(*session.Session) {
			select {
			case text := <-done:
				d.note("%s", text)
			default:
				t.Error("the closed hook came before the end of the handler")
			}
		})
		c := srv.Dial(t)
		must(t, c.Notify("slow.Call", nil))
		synctest.Wait()
		began := time.Now()
		must(t, srv.Shutdown(t.Context()))
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("Shutdown took %v", took)
		}
		d.want("a Init", "a AfterInit", "a BeforeShutdown", "closed hook",
			"the handler ends after shutdown: the server is shutting down", "a Shutdown")
	})
}

// What a running handler on the loop does comes before BeforeShutdown.
func TestShutdownWaitsForTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		d := &diary{t: t, srv: srv}
		life := d.life("a")
		life.call = func(s *session.Session) error {
			<-time.After(2 * time.Second)
			d.note("handler")
			return s.Response(nil)
		}
		srv.Register(life)
		answer, err := srv.Dial(t).Go("Life.Call", nil)
		must(t, err)
		synctest.Wait()
		must(t, srv.Shutdown(t.Context()), answer(nil))
		d.want("a Init", "a AfterInit", "handler", "a BeforeShutdown", "a Shutdown")
	})
}

// When the context ends first Shutdown returns, with what it waited for.
func TestShutdownContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := nano.New(newLogBook().option())
		release := make(chan struct{})
		shutdown := 0
		srv.Register(&Life{call: func(*session.Session) error {
			<-release
			return nil
		}, shutdown: func() { shutdown++ }})
		l, served := serve(t, srv)
		conn := dialMem(t, l)
		shakeHands(t, conn)
		writeAll(t, conn, packNotify("Life.Call", ""))
		synctest.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		err := srv.Shutdown(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "BeforeShutdown") || time.Since(began) != time.Second {
			t.Errorf("Shutdown: %v after %v", err, time.Since(began))
		}
		must(t, <-served)
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown again: %v", err)
		}
		close(release)
		conn.Close()
		synctest.Wait()
		if n := len(slices.Collect(srv.Sessions())); n != 0 || shutdown != 0 {
			t.Errorf("%d sessions are left, Shutdown was called %d times", n, shutdown)
		}
	})
}

func TestShutdownTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		stopped := 0
		srv.Register(&Life{shutdown: func() { stopped++ }})
		srv.Dial(t)
		errs := make(chan error)
		for range 5 {
			go func() { errs <- srv.Shutdown(t.Context()) }()
		}
		for range 5 {
			must(t, <-errs)
		}
		if stopped != 1 {
			t.Errorf("Shutdown was called %d times", stopped)
		}
	})
}

func TestShutdownBeforeTheStart(t *testing.T) {
	srv := nano.New(nano.WithTCP("127.0.0.1:0"))
	srv.Register(&Life{init: func() { t.Error("Init was called") }})
	must(t, srv.Shutdown(t.Context()), srv.Shutdown(t.Context()))
	if err := srv.Run(t.Context()); err != nano.ErrServerClosed {
		t.Errorf("Run: %v", err)
	}
}

func TestShutdownOnTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		ended := make(chan error, 1)
		srv.Register(&Life{call: func(s *session.Session) error {
			if err := srv.Shutdown(s.Context()); !errors.Is(err, nano.ErrOnLoop) || !strings.Contains(err.Error(), "go srv.Shutdown") {
				t.Errorf("Shutdown on the loop: %v", err)
			}
			go func() { ended <- srv.Shutdown(context.Background()) }()
			return s.Response(nil)
		}})
		must(t, srv.Dial(t).Request("Life.Call", nil, nil), <-ended)
	})
}

// Hooks that panic are logged; the others run.
func TestHooksThatPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLogBook()
		srv := newServer(t, log.option())
		nameSessions(srv)
		var ran []string
		srv.OnSessionClosed(func(*session.Session) { panic("server hook") })
		srv.OnSessionClosed(func(*session.Session) { ran = append(ran, "server") })
		srv.Register(&Life{beforeShutdown: func() { panic("before") }, shutdown: func() { ran = append(ran, "shutdown") }})
		srv.Register(&Life{shutdown: func() { panic("shutdown") }}, component.WithName("b"))
		s := sessionOf(t, srv, srv.Dial(t))
		must(t, s.OnClose(func(error) { panic("session hook") }), s.OnClose(func(error) { ran = append(ran, "session") }))
		must(t, srv.Shutdown(t.Context()))
		if fmt.Sprint(ran) != "[session server shutdown]" {
			t.Errorf("ran %v", ran)
		}
		log.wants(t, "server hook", "session hook", "panic=before", "panic=shutdown", "*nano_test.Life.BeforeShutdown panicked")
	})
}
