package nano_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/session"
)

// What is wrong with the options is returned by Run and Serve, all of it, and never a panic.
func TestOptionsMisused(t *testing.T) {
	opts := []nano.Option{
		nil,
		nano.WithComponents(nil),
		nano.WithLogger(nil),
		nano.WithTimerPrecision(0),
		nano.WithMaxPacketSize(1 << 24),
		nano.WithDictionary(map[string]uint16{"a": 1, "b": 1}),
		nano.WithMaster(),
		nano.WithTCP("127.0.0.1:0"),
	}
	srv := nano.New(opts...)
	srv.Register(&Life{}, component.Concurrent(), component.WithSchedulerName("x"))
	srv.Register(nil)
	srv.Register(&Failing{}, nil)
	nano.Handle(srv, "hello", hello, component.WithLoop(nil))
	err := srv.Run(t.Context())
	for _, text := range []string{
		"option number 1 is nil", "WithComponents: nil", "WithLogger: nil", "WithTimerPrecision(0s): the least is 1ms",
		"WithMaxPacketSize(16777216): the most is 16777215", "WithDictionary", "WithMaster",
		"*nano_test.Life: both Concurrent and WithSchedulerName", "Register was given nil", "*nano_test.Failing: option number 1 is nil",
		`route "hello": WithLoop(nil)`,
	} {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in the error\n%v", text, err)
		}
	}
	if again := srv.Run(t.Context()); again == nil || again.Error() != err.Error() {
		t.Errorf("Run again: %v", again)
	}
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown of a server that did not start: %v", err)
	}
}

// Values that mean the default do.
func TestOptionsOfZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, nano.WithSerializer(nil), nano.WithPipeline(nil), nano.WithDictionary(nil), nano.WithHandshake(nil),
			nano.WithHandshakeValidator(nil), nano.WithHTTP(nil), nano.WithTLS(nil), nano.WithCheckOriginFunc(nil), nano.WithWSPath(""),
			nano.WithHandshakeTimeout(-1), nano.WithWriteTimeout(0), nano.WithShutdownTimeout(-1), nano.WithMaxPacketSize(-1),
			nano.WithCompression(-1), nano.WithTLSConfig("", ""), nano.WithUnregisterCallback(nil), nano.WithRemoteServiceRoute(nil), nano.WithSlog(nil))
		nano.Handle(srv.Server, "hello", hello)
		c := srv.Dial(t)
		must(t, c.Request("hello", Hello{strings.Repeat("a", 60<<10)}, nil)) // below the limit of 64 KiB
		_ = c.Notify("hello", Hello{strings.Repeat("a", 64<<10)})
		if code, _ := c.ExpectKick(); code != "protocol" {
			t.Errorf("kicked with %q", code)
		}
	})
}

func TestMaxPacketSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, nano.WithMaxPacketSize(100))
		nano.Handle(srv.Server, "hello", hello)
		c := srv.Dial(t, nanotest.WithHandshake("{}"))
		must(t, c.Request("hello", Hello{"ann"}, nil))
		_ = c.Notify("hello", Hello{strings.Repeat("a", 100)})
		if code, _ := c.ExpectKick(); code != "protocol" {
			t.Errorf("kicked with %q", code)
		}
	})
}

// WithComponents may be given several times, and beside Register.
func TestComponentsAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var more component.Components
		more.Register(&Life{}, component.WithName("second"))
		srv := newServer(t, comps(&Life{}), nano.WithComponents(&more))
		srv.Register(&Life{}, component.WithName("third"))
		c := srv.Dial(t)
		must(t, c.Request("Life.Call", nil, nil), c.Request("second.Call", nil, nil), c.Request("third.Call", nil, nil))
	})
}

func TestTimerPrecision(t *testing.T) {
	for every, opts := range map[time.Duration][]nano.Option{
		time.Second:            nil,
		100 * time.Millisecond: {nano.WithTimerPrecision(100 * time.Millisecond)},
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, opts...)
			checks, ticks := 0, 0
			srv.Register(&Life{init: func() {
				srv.Loop().NewCondTimer(condition(func() bool {
					checks++
					return false
				}), func() {})
				srv.Loop().NewTimer(time.Millisecond, func() { ticks++ })
			}})
			srv.Start()
			<-time.After(10*time.Second + 500*time.Microsecond)
			onLoop(t, srv, func() {
				if want := int(10 * time.Second / every); checks != want || ticks != 10_000 {
					t.Errorf("precision %v: %d checks, want %d; %d ticks of a timer, want 10000", every, checks, want, ticks)
				}
			})
		})
	}
}

// What is registered when the server has started is not served, and logged.
func TestRegisterAfterTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLogBook()
		srv := newServer(t, log.option())
		c := srv.Dial(t)
		srv.Register(&Life{init: func() { t.Error("Init was called") }})
		nano.Handle(srv.Server, "hello", hello)
		nano.HandleNotify(srv.Server, "bye", func(context.Context, *Hello) error { return nil })
		for _, route := range []string{"Life.Call", "hello", "bye"} {
			wantCode(t, c.Request(route, nil, nil), "not-found")
		}
		log.wants(t, "Register after the start", "*nano_test.Life", "route=hello", "route=bye")
	})
}

func TestHandleNotify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		var got []string
		nano.HandleNotify(srv.Server, "say", func(ctx context.Context, m *Hello) error {
			if !srv.Loop().OnLoop() {
				t.Error("a function is not on the loop")
			}
			got = append(got, m.Name)
			if s := session.FromContext(ctx); s.LastMid() != 0 {
				return s.Response("said")
			}
			return nil
		})
		c := srv.Dial(t)
		var said string
		must(t, c.Notify("say", Hello{"one"}), c.Request("say", Hello{"two"}, &said))
		if strings.Join(got, " ") != "one two" || said != "said" {
			t.Errorf("got %q, answered %q", got, said)
		}
	})
}

// A loop that has stopped refuses its messages with a code.
func TestComponentOnAStoppedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := scheduler.NewLoop(scheduler.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		must(t, own.Run(ctx))
		srv := newServer(t)
		srv.Register(&Life{}, component.WithLoop(own))
		c := srv.Dial(t)
		wantCode(t, c.Request("Life.Call", nil, nil), "shutdown")
		wantCode(t, c.Request("Life.Call", nil, nil), "shutdown")
		if st := srv.Stats(); st.Failed != 2 || st.Unanswered != 0 {
			t.Errorf("%+v", st)
		}
	})
}
