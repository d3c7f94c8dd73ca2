package nano_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/session"
)

// journal keeps, for each session, the order in which its handlers ran. It has a lock, and a flag that finds two handlers of a
// session at once.
type journal struct {
	t  *testing.T
	mu sync.Mutex

	seen    map[int64][]string
	running map[int64]bool
}

func newJournal(t *testing.T) *journal {
	return &journal{t: t, seen: map[int64][]string{}, running: map[int64]bool{}}
}

func (j *journal) begin(s *session.Session, what string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.running[s.ID()] {
		j.t.Errorf("two handlers of a session run at once, one for %s", what)
	}
	j.running[s.ID()] = true
	j.seen[s.ID()] = append(j.seen[s.ID()], what)
}

func (j *journal) end(s *session.Session) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.running[s.ID()] = false
}

// Scribe writes into a journal.
type Scribe struct {
	component.Base
	j *journal
}

func (c *Scribe) Write(s *session.Session, text []byte) error {
	c.j.begin(s, string(text))
	defer c.j.end(s)
	if len(text)%3 == 0 {
		<-time.After(time.Millisecond)
	}
	return nil
}

// The messages of a session are handled in the order sent, whatever runs them; the closed hook comes last.
func TestOrderOverExecutors(t *testing.T) { orderOverExecutors(t, false) }

// The same when the server closes the sessions while messages are under way.
func TestOrderWhenSessionsClose(t *testing.T) { orderOverExecutors(t, true) }

func orderOverExecutors(t *testing.T, cut bool) {
	synctest.Test(t, func(t *testing.T) {
		own := scheduler.NewLoop(scheduler.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- own.Run(ctx) }()
		defer func() {
			cancel()
			must(t, <-ended)
		}()
		srv := newServer(t)
		j := newJournal(t)
		scribe := &Scribe{j: j}
		srv.Register(scribe, component.WithName("logic"))
		srv.Register(scribe, component.WithName("own"), component.WithLoop(own))
		srv.Register(scribe, component.WithName("beside"), component.Concurrent())
		srv.OnSessionClosed(func(s *session.Session) { j.begin(s, "closed") })
		const clients, messages = 5, 200
		var wg sync.WaitGroup
		for range clients {
			c := srv.Dial(t)
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(1, 2))
				for n := range messages {
					route := []string{"logic", "own", "beside"}[rnd.IntN(3)] + ".Write"
					if err := c.Notify(route, fmt.Append(nil, n)); err != nil && !cut {
						t.Error(err)
					}
				}
				if cut {
					return
				}
				if err := c.Request("nowhere", nil, nil); err == nil {
					t.Error("nowhere is somewhere")
				}
				c.Close()
			})
		}
		if cut {
			<-time.After(20 * time.Millisecond)
			for s := range srv.Sessions() {
				s.Close()
			}
		}
		wg.Wait()
		pass(time.Minute)
		j.mu.Lock()
		defer j.mu.Unlock()
		if len(j.seen) != clients {
			t.Errorf("%d sessions", len(j.seen))
		}
		for id, seen := range j.seen {
			for n, text := range seen {
				if text != fmt.Sprint(n) && n < len(seen)-1 {
					t.Fatalf("session %d: message %d is %s", id, n, text)
				}
			}
			if len(seen) != messages+1 && !cut || len(seen) < 10 || seen[len(seen)-1] != "closed" {
				t.Errorf("session %d: %d entries, the last is %s", id, len(seen), seen[len(seen)-1])
			}
		}
	})
}

// A handler that blocks in a concurrent component holds up its own session only, and not the loop that calls it by RPC.
func TestConcurrentHandlerBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		release := make(chan struct{})
		var mu sync.Mutex
		var calls []string
		srv.Register(&blocking{call: func(text string) {
			<-release
			mu.Lock()
			defer mu.Unlock()
			calls = append(calls, text)
		}}, component.Concurrent())
		srv.Register(&Life{call: func(s *session.Session) error {
			for n := range 5 {
				if err := s.RPC("blocking.Call", fmt.Append(nil, n)); err != nil {
					return err
				}
			}
			return s.Response("called")
		}})
		c, other := srv.Dial(t), srv.Dial(t)
		must(t, c.Request("Life.Call", nil, nil), other.Request("Life.Call", nil, nil)) // the loop goes on
		must(t, other.Notify("blocking.Call", []byte("mine")))
		must(t, c.Request("Life.Call", nil, nil)) // and so does the other session
		close(release)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		var own, digits []string
		for _, text := range calls {
			if text == "mine" {
				own = append(own, text)
			} else {
				digits = append(digits, text)
			}
		}
		if len(own) != 1 || len(digits) != 15 {
			t.Errorf("calls %v", calls)
		}
	})
}

type blocking struct {
	component.Base
	call func(string)
}

func (b *blocking) Call(_ *session.Session, text []byte) error {
	b.call(string(text))
	return nil
}

// A handler that calls others by RPC still answers its own request, wherever those run.
func TestRPCLeavesTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := scheduler.NewLoop(scheduler.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- own.Run(ctx) }()
		defer func() {
			cancel()
			must(t, <-ended)
		}()
		srv := newServer(t, nano.WithHandshakeValidator(func(s *session.Session, _ []byte) error {
			s.Set("scheduler", inlineScheduler{})
			return nil
		}))
		called := make(chan struct{}, 10)
		other := &blocking{call: func(string) { called <- struct{}{} }}
		srv.Register(other, component.WithName("beside"), component.Concurrent())
		srv.Register(other, component.WithName("own"), component.WithLoop(own))
		srv.Register(other, component.WithName("inline"), component.WithSchedulerName("scheduler"))
		srv.Register(other, component.WithName("logic"))
		caller := &Life{call: func(s *session.Session) error {
			for _, name := range []string{"beside", "own", "inline"} {
				if err := s.RPC(name+".Call", nil); err != nil {
					return err
				}
				<-called // while this handler runs
			}
			if err := s.RPC("logic.Call", nil); err != nil {
				return err
			}
			return s.Response("called")
		}}
		srv.Register(caller)
		srv.Register(caller, component.WithName("Aside"), component.Concurrent())
		c := srv.Dial(t)
		for range 3 {
			must(t, c.Request("Life.Call", nil, nil), c.Request("Aside.Call", nil, nil))
		}
	})
}

// What one session calls by RPC in a concurrent component runs in the order of the calls; a handler that panics does no harm.
func TestOrderOfRPCs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		var got []string
		srv.Register(&blocking{call: func(text string) {
			if text == "50" {
				panic("fifty")
			}
			got = append(got, text)
		}}, component.Concurrent())
		nameSessions(srv)
		s := sessionOf(t, srv, srv.Dial(t))
		var want []string
		for n := range 100 {
			must(t, s.RPC("blocking.Call", fmt.Append(nil, n)))
			if n != 50 {
				want = append(want, fmt.Sprint(n))
			}
		}
		if synctest.Wait(); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("calls %v", got)
		}
	})
}

// The closed hook waits for what was called by RPC.
func TestClosedHookWaitsForRPC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		done := false
		srv.Register(&blocking{call: func(string) {
			<-time.After(3 * time.Second)
			done = true
		}}, component.Concurrent())
		nameSessions(srv)
		hooked := make(chan bool, 1)
		srv.OnSessionClosed(func(*session.Session) { hooked <- done })
		c := srv.Dial(t)
		s := sessionOf(t, srv, c)
		must(t, s.RPC("blocking.Call", nil))
		c.Close()
		if !<-hooked {
			t.Error("the closed hook came before the end of the call")
		}
		if err := s.RPC("blocking.Call", nil); err != nano.ErrSessionClosed {
			t.Errorf("RPC after the end: %v", err)
		}
	})
}

// A client's requests are answered in the order sent, also those that are refused before they get to a handler.
func TestOrderOfAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		nano.Handle(srv.Server, "hello", hello)
		srv.Register(&Failing{}, component.Concurrent())
		c := newProtoRaw(t, srv.DialRaw(t))
		c.shake(protoNano)
		routes := []string{"hello", "nowhere", "Failing.Session"}
		var all []byte
		const n = 99
		for id := range uint64(n) {
			all = append(all, packRequest(id+1, routes[id%3], `{"name":"ann"}`)...)
		}
		c.send(all)
		answered := map[uint64]bool{}
		for range n - n/3 { // Failing.Session answers nothing to this
			answered[c.message().ID] = true
		}
		for id := range uint64(n) {
			if answered[id+1] != (id%3 != 2) {
				t.Errorf("request %d: answered %v", id+1, answered[id+1])
			}
		}
	})
}
