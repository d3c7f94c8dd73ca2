package nano_test

import (
	"bufio"
	"context"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/internal/memnet"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// pressLife connects, does the handshake, joins a room as a user, and goes, in one of several ways.
func pressLife(c *pressClient, way int) {
	c.shake()
	c.send(packRequest(1, "enter", ""))
	c.want(wire.Response, 1, "")
	switch way % 4 {
	case 0:
		_ = c.Close()
	case 1: // with an answer on its way
		c.send(packRequest(2, "enter", ""))
		_ = c.Close()
	case 2:
		reset(c.Conn)
	case 3:
		c.send(packRequest(2, "leave", ""))
		c.wantEnd()
		_ = c.Close()
	}
}

// reset ends a connection as a client does that is killed.
func reset(nc net.Conn) {
	switch nc := nc.(type) {
	case *memnet.Conn:
		_ = nc.Reset()
	case *net.TCPConn:
		_ = nc.SetLinger(0)
		_ = nc.Close()
	case *protoWS:
		reset(nc.Conn)
	}
}

// 10,000 clients that come and go leave no session, goroutine, membership or memory behind.
func TestPressureCycles(t *testing.T) {
	cycles := 10_000
	if testing.Short() || raceEnabled {
		cycles = 2000
	}
	t.Run("memory", func(t *testing.T) {
		srv := newServer(t)
		hall := newPressHall(srv.Server)
		srv.Start()
		dial := func() *pressClient { return undeadlined(t, srv.DialRaw(t)) }
		checkCycles(t, srv.Server, hall, cycles, dial)
	})
	for name, dial := range map[string]func(*pressHost) net.Conn{
		"tcp": func(h *pressHost) net.Conn { return h.dialTCP() },
		"websocket": func(h *pressHost) net.Conn {
			nc, err := net.Dial("tcp", h.web.Addr().String())
			must(t, err)
			return upgradeProto(t, nc)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newPressHost(t)
			hall := newPressHall(h.Server)
			h.start()
			checkCycles(t, h.Server, hall, cycles/5, func() *pressClient { return undeadlined(t, dial(h)) })
		})
	}
}

// undeadlined is a client that the test does not remember.
func undeadlined(t *testing.T, nc net.Conn) *pressClient {
	return &pressClient{Conn: nc, t: t, in: bufio.NewReader(nc)}
}

// pressHall is a room, and the users who ever entered.
type pressHall struct {
	room *nano.Group
	mu   sync.Mutex
	uids map[int64]bool
}

func newPressHall(s *nano.Server) *pressHall {
	h := &pressHall{room: s.NewGroup("room"), uids: make(map[int64]bool)}
	nano.Handle(s, "enter", h.enter)
	nano.Handle(s, "leave", func(ctx context.Context, _ *[]byte) (*[]byte, error) {
		return nil, session.FromContext(ctx).Kick("bye", "")
	})
	return h
}

func (h *pressHall) enter(ctx context.Context, _ *[]byte) (*[]byte, error) {
	s := session.FromContext(ctx)
	uid := s.ID()%500 + 1
	_ = h.room.Add(s)
	_ = s.OnClose(func(error) {})
	s.Set("load", make([]byte, 1<<10))
	h.mu.Lock()
	h.uids[uid] = true
	h.mu.Unlock()
	return &[]byte{}, s.Bind(uid)
}

func checkCycles(t *testing.T, s *nano.Server, hall *pressHall, cycles int, dial func() *pressClient) {
	const workers = 16
	run := func(n int) {
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := range n / workers {
					pressLife(dial(), w+i)
				}
			})
		}
		wg.Wait()
		awaitEmpty(t, s)
	}
	run(workers * 10) // what is made once
	goroutines, heap := settled()
	run(cycles)
	goroutines2, heap2 := settled()
	if goroutines2 > goroutines+2 {
		t.Errorf("%d goroutines became %d", goroutines, goroutines2)
	}
	if grown := int64(heap2) - int64(heap); grown > 256<<10 {
		t.Errorf("the heap grew by %d bytes over %d cycles", grown, cycles)
	}
	if n := hall.room.Count(); n != 0 {
		t.Errorf("%d members left", n)
	}
	for range s.Sessions() {
		t.Error("a session is left")
	}
	for uid := range hall.uids {
		if _, ok := s.ByUID(uid); ok {
			t.Errorf("user %d is left", uid)
		}
	}
	if st := s.Stats(); st.Accepted < int64(cycles) || st.Slow != 0 {
		t.Errorf("%+v", st)
	}
}

// awaitEmpty waits until all sessions' hooks have run.
func awaitEmpty(t *testing.T, s *nano.Server) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 20_000 {
		if st := s.Stats(); st.Sessions == 0 && st.Connections == 0 && st.LoopQueue == 0 {
			return
		}
		<-tick.C
	}
	t.Fatalf("left: %+v", s.Stats())
}

// settled returns the goroutines and the heap's bytes after collections that also empty pools.
func settled() (goroutines int, heap uint64) {
	for range 3 {
		heap = heapInUse()
	}
	return runtime.NumGoroutine(), heap
}
