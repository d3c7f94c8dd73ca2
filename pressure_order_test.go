package nano_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/internal/memnet"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// pressLog is what was done for a session. It has no lock: that the server keeps the order is what the race detector
// watches.
type pressLog struct {
	numbers []uint32
	closed  int // how many numbers there were at each closed hook
	hooks   int
}

// pressMix serves three routes that note numbers: on the loop, beside it, and on a loop of their own. It returns the function that
// ends the third.
func pressMix(t *testing.T, srv *nanotest.Server) (endLoop func()) {
	note := func(ctx context.Context, b *[]byte) (*[]byte, error) {
		s := session.FromContext(ctx)
		l, ok := s.Value("log").(*pressLog)
		if !ok {
			l = &pressLog{}
			s.Set("log", l)
		}
		l.numbers = append(l.numbers, binary.BigEndian.Uint32(*b))
		if len(*b) > 4 && (*b)[4] == 1 {
			s.Close()
		}
		return b, nil
	}
	own := scheduler.NewLoop(scheduler.Config{Name: "own"})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = own.Run(ctx) })
	endLoop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	t.Cleanup(endLoop)
	nano.Handle(srv.Server, "loop", note)
	nano.Handle(srv.Server, "side", note, component.Concurrent())
	nano.Handle(srv.Server, "own", note, component.WithLoop(own))
	return endLoop
}

var pressRoutes = [...]string{"loop", "side", "own"}

// What a session sends to three executors at random is handled in the order sent, and its closed hook comes last.
func TestPressureOrder(t *testing.T) {
	sessions, messages := 60, 400
	if testing.Short() {
		sessions, messages = 20, 200
	}
	srv := newServer(t)
	pressMix(t, srv)
	logs := make(chan *pressLog, sessions)
	srv.OnSessionClosed(func(s *session.Session) {
		l, ok := s.Value("log").(*pressLog)
		if !ok { // it ended before its first message
			l = &pressLog{}
		}
		l.closed, l.hooks = len(l.numbers), l.hooks+1
		logs <- l
	})
	var clients sync.WaitGroup
	for i := range sessions {
		c := newPressClient(t, srv.DialRaw(t)).shake()
		clients.Go(func() { pressOrderClient(t, c, i, messages) })
	}
	for range sessions {
		select {
		case l := <-logs:
			for i, n := range l.numbers {
				if int(n) != i {
					t.Fatalf("message %d was handled as number %d", n, i)
				}
			}
			if l.hooks != 1 || l.closed != len(l.numbers) {
				t.Errorf("%d closed hooks, after %d of %d messages", l.hooks, l.closed, len(l.numbers))
			}
		case <-time.After(time.Minute):
			t.Fatal("no session ends")
		}
	}
	clients.Wait()
}

// pressOrderClient sends numbered messages to routes at random. How it ends depends on seed: it shuts its write side when all
// is sent, it goes, or its last message makes the server close it.
func pressOrderClient(t *testing.T, c *pressClient, seed, messages int) {
	r := rand.New(rand.NewPCG(uint64(seed), 9))
	go func() {
		for i := range uint32(messages) {
			body := binary.BigEndian.AppendUint32(nil, i)
			if seed%3 == 2 && int(i) == messages/2 {
				body = append(body, 1)
			}
			route := pressRoutes[r.IntN(len(pressRoutes))]
			if r.IntN(2) == 0 {
				c.send(packNotify(route, string(body)))
			} else {
				c.send(packRequest(uint64(i)+1, route, string(body)))
			}
		}
		switch seed % 3 {
		case 0:
			_ = c.Conn.(*memnet.Conn).CloseWrite()
		case 1:
			_ = c.Close()
		}
	}()
	last := uint64(0)
	for {
		m, err := c.message()
		if err != nil {
			break
		}
		if m.Type != wire.Response || m.ID <= last {
			t.Errorf("%v %d after %d", m.Type, m.ID, last)
		}
		last = m.ID
	}
	_ = c.Close()
}

// A component's loop that ends before its server refuses its messages, and neither their sessions nor the others' wait for it.
func TestPressureOwnLoopEnds(t *testing.T) {
	srv := newServer(t)
	endLoop := pressMix(t, srv)
	const sessions, messages = 8, 1000
	ends := endsOf(srv.Server)
	halfway := make(chan struct{}, sessions)
	var clients sync.WaitGroup
	for range sessions {
		c := newPressClient(t, srv.DialRaw(t)).shake()
		clients.Go(func() {
			go func() {
				for id := range uint64(messages) {
					if id == messages/2 {
						halfway <- struct{}{}
					}
					c.send(packRequest(id+1, "own", "1234"))
				}
			}()
			refused := 0
			for id := range uint64(messages) {
				m, err := c.message()
				if err != nil || m.ID != id+1 {
					t.Errorf("answer %d, %v, want %d", m.ID, err, id+1)
					return
				}
				if m.IsError {
					refused++
				} else if refused > 0 {
					t.Error("handled after one was refused")
				}
			}
			c.send(packRequest(messages+1, "loop", "1234"))
			c.want(wire.Response, messages+1, "")
			_ = c.Close()
		})
	}
	<-halfway
	endLoop()
	clients.Wait()
	for range sessions {
		wantReason(t, ends, "gone")
	}
}

// Handlers that answer later, from elsewhere, answer what they were asked, once each.
func TestPressureLateAnswers(t *testing.T) {
	const requests = 300
	srv := newServer(t)
	var asked sync.WaitGroup
	nano.HandleNotify(srv.Server, "later", func(ctx context.Context, b *[]byte) error {
		s := session.FromContext(ctx)
		mid := s.LastMid()
		for range 3 { // one of them is the first
			asked.Go(func() { _ = s.ResponseMID(mid, *b) })
		}
		return nil
	})
	c := newPressClient(t, srv.DialRaw(t)).shake()
	go func() {
		for id := range uint64(requests) {
			c.send(packRequest(id+1, "later", fmt.Sprint(id+1)))
		}
	}()
	seen := make(map[uint64]bool)
	for range requests {
		m, err := c.message()
		if err != nil || seen[m.ID] || string(m.Payload) != fmt.Sprint(m.ID) {
			t.Fatalf("answer %d %q, %v", m.ID, m.Payload, err)
		}
		seen[m.ID] = true
	}
	asked.Wait()
	c.send(packRequest(requests+1, "nowhere", ""))
	if m, err := c.message(); err != nil || m.ID != requests+1 {
		t.Errorf("a second answer to %d, %v", m.ID, err)
	}
}
