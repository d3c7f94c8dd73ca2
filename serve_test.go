package nano_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/internal/memnet"
)

func TestServeSeveralListeners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := nano.New(newLogBook().option())
		inits := 0
		srv.Register(&Life{init: func() { inits++ }})
		a, servedA := serve(t, srv)
		b, servedB := serve(t, srv)
		synctest.Wait()
		if addrs := srv.Addrs(); len(addrs) != 2 || inits != 1 {
			t.Errorf("addresses %v, Init %d times", addrs, inits)
		}
		shakeHands(t, dialMem(t, a))
		conn := dialMem(t, b)
		shakeHands(t, conn)
		synctest.Wait()
		if st := srv.Stats(); st.Connections != 2 || st.Sessions != 2 {
			t.Errorf("%+v", st)
		}
		must(t, srv.Shutdown(t.Context()), <-servedA, <-servedB)
		if st := srv.Stats(); st.Connections != 0 || st.Sessions != 0 || len(srv.Addrs()) != 0 {
			t.Errorf("%+v, addresses %v", st, srv.Addrs())
		}
		if err := srv.Serve(t.Context(), memnet.Listen("late")); err != nano.ErrServerClosed {
			t.Errorf("Serve after Shutdown: %v", err)
		}
	})
}

// The end of Serve's context ends its listener, not the connections.
func TestServeContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		nameSessions(srv)
		c := srv.Dial(t) // through another listener
		ctx, cancel := context.WithCancel(t.Context())
		l, served := memnet.Listen("test"), make(chan error, 1)
		go func() { served <- srv.Serve(ctx, l) }()
		conn := dialMem(t, l)
		shakeHands(t, conn)
		synctest.Wait()
		cancel()
		must(t, <-served)
		if _, err := l.Dial(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("the listener is open: %v", err)
		}
		synctest.Wait()
		if st := srv.Stats(); st.Sessions != 2 {
			t.Errorf("%d sessions", st.Sessions)
		}
		must(t, c.Request("me", nil, nil))
	})
}

// temporary is an error after which accepting may succeed.
type temporary struct{ error }

func (temporary) Temporary() bool { return true }

// badListener answers each Accept with the next result.
type badListener struct {
	*memnet.Listener
	results []error
	at      []time.Time
}

func (l *badListener) Accept() (net.Conn, error) {
	if len(l.at) == len(l.results) {
		return l.Listener.Accept()
	}
	err := l.results[len(l.at)]
	l.at = append(l.at, time.Now())
	if err == nil {
		return l.Listener.Accept()
	}
	return nil, err
}

func TestAcceptErrorsBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLogBook()
		srv := nano.New(log.option())
		srv.Register(&Life{})
		many := temporary{errors.New("too many open files")}
		l := &badListener{Listener: memnet.Listen("test"), results: []error{many, many, many, many, many, many, many, many, many, many, nil, many, many}}
		for range 2 {
			dialMem(t, l.Listener)
		}
		served := make(chan error, 1)
		go func() { served <- srv.Serve(t.Context(), l) }()
		<-time.After(time.Minute)
		var pauses []string
		for i := range l.at[:len(l.at)-1] {
			pauses = append(pauses, l.at[i+1].Sub(l.at[i]).String())
		}
		if want := "[5ms 10ms 20ms 40ms 80ms 160ms 320ms 640ms 1s 1s 0s 5ms]"; fmt.Sprint(pauses) != want {
			t.Errorf("pauses %v, want %v", pauses, want)
		}
		log.wants(t, "cannot accept", "too many open files", "pause=640ms")
		if n := srv.Stats().Accepted; n != 2 {
			t.Errorf("%d connections", n)
		}
		must(t, srv.Shutdown(t.Context()), <-served)
	})
}

// A pause does not hold up the end.
func TestShutdownWhileAcceptPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := nano.New(newLogBook().option())
		srv.Register(&Life{})
		l := &badListener{Listener: memnet.Listen("test"), results: slices.Repeat([]error{temporary{errors.New("no")}}, 1000)}
		served := make(chan error, 1)
		go func() { served <- srv.Serve(t.Context(), l) }()
		<-time.After(10*time.Second + time.Millisecond)
		began := time.Now()
		must(t, srv.Shutdown(t.Context()), <-served)
		if took := time.Since(began); took != 0 {
			t.Errorf("Shutdown took %v", took)
		}
	})
}

func TestListenerFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := nano.New(newLogBook().option())
		srv.Register(&Life{})
		broken := errors.New("the cable is cut")
		err := srv.Serve(t.Context(), &badListener{Listener: memnet.Listen("test"), results: []error{broken}})
		if !errors.Is(err, broken) {
			t.Errorf("Serve: %v", err)
		}
		must(t, srv.Shutdown(t.Context()))
	})
}

func TestRunWithNothingToListenOn(t *testing.T) {
	srv := nano.New(newLogBook().option())
	srv.Register(&Life{})
	err := srv.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "WithTCP") || !strings.Contains(err.Error(), "Serve") {
		t.Errorf("Run: %v", err)
	}
	if err := srv.Run(t.Context()); err != nano.ErrServerClosed {
		t.Errorf("Run again: %v", err)
	}
}

// One bad address of several: nothing is served, nothing stays open, the components have their end.
func TestRunWithABadAddress(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	log := newLogBook()
	srv := nano.New(nano.WithTCP("127.0.0.1:0"), nano.WithWebSocket(taken.Addr().String()), log.option())
	steps := 0
	srv.Register(&Life{init: func() { steps++ }, shutdown: func() { steps++ }})
	if err := srv.Run(t.Context()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("Run: %v", err)
	}
	if steps != 2 || strings.Contains(log.String(), "listening") {
		t.Errorf("%d steps, log\n%s", steps, log)
	}
}

// running runs a server until the test has ended and returns the address of each listener.
func running(t *testing.T, srv *nano.Server, log *logBook, listeners int) (addrs []string) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx) }()
	t.Cleanup(func() {
		cancel(errors.New("the test is over"))
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	log.await(t, "nano: listening", listeners)
	for _, m := range listenAddress.FindAllStringSubmatch(log.String(), -1) {
		addrs = append(addrs, m[1])
	}
	return addrs
}

func TestRunUntilTheContextEnds(t *testing.T) {
	log := newLogBook()
	srv := nano.New(nano.WithTCP("127.0.0.1:0"), nano.WithTCP("127.0.0.1:0"), log.option())
	srv.Register(&Life{})
	for _, addr := range running(t, srv, log, 2) {
		conn, err := net.Dial("tcp", addr)
		must(t, err)
		conn.Close()
	}
}

func TestRunUntilShutdown(t *testing.T) {
	log := newLogBook()
	srv := nano.New(nano.WithTCP("127.0.0.1:0"), log.option())
	srv.Register(&Life{})
	running(t, srv, log, 1)
	must(t, srv.Shutdown(t.Context()))
}

// Shutdown at any moment of the start makes Run return nothing.
func TestShutdownWhileRunStarts(t *testing.T) {
	for range 50 {
		srv := nano.New(nano.WithTCP("127.0.0.1:0"), newLogBook().option())
		started := make(chan struct{})
		srv.Register(&Life{init: func() { close(started) }})
		ended := make(chan error, 1)
		go func() { ended <- srv.Run(t.Context()) }()
		<-started
		must(t, srv.Shutdown(t.Context()), <-ended)
	}
}

func TestDuplicateRoutes(t *testing.T) {
	srv := nano.New(nano.WithTCP("127.0.0.1:0"), newLogBook().option())
	srv.Register(&Life{})
	srv.Register(&Life{})
	srv.Register(&Failing{}, component.WithName("same"), component.WithNameFunc(func(string) string { return "route" }))
	nano.Handle(srv, "hello", hello)
	nano.Handle(srv, "hello", hello)
	nano.Handle(srv, "Life.Call", failFunc)
	err := srv.Run(t.Context())
	for _, text := range []string{
		`route "Life.Call" has two handlers: github.com/lonng/nano_test.failFunc and (*nano_test.Life).Call`,
		`route "hello" has two handlers: github.com/lonng/nano_test.hello and github.com/lonng/nano_test.hello`,
		`route "same.route" has two handlers: (*nano_test.Failing).Context and (*nano_test.Failing).Result`,
	} {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in the error\n%v", text, err)
		}
	}
}

func TestBadRoutes(t *testing.T) {
	srv := nano.New(nano.WithTCP("127.0.0.1:0"), newLogBook().option())
	nano.Handle(srv, "", hello)
	nano.Handle(srv, strings.Repeat("r", 256), hello)
	nano.Handle[Hello, Greeting](srv, "nothing", nil)
	nano.HandleNotify[Hello](srv, "none", nil)
	err := srv.Run(t.Context())
	for _, text := range []string{"has 0 bytes", "has 256 bytes", `"nothing" is nil`, `"none" is nil`} {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in the error\n%v", text, err)
		}
	}
}
