package nano_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// blockedServer is a server whose loop is blocked until release is closed.
type blockedServer struct {
	*nanotest.Server
	release chan struct{}
}

func newBlockedServer(t *testing.T, opts ...nano.Option) *blockedServer {
	t.Helper()
	b := &blockedServer{Server: newServer(t, opts...), release: make(chan struct{})}
	serveEcho(b.Server.Server)
	b.Start()
	must(t, b.Loop().Do(func() { <-b.release }))
	return b
}

// flood has a client send requests with payloads of size bytes, as fast as it may.
func (b *blockedServer) flood(t *testing.T, requests, size int) *pressClient {
	t.Helper()
	c := newPressClient(t, b.DialRaw(t)).shake()
	_ = c.SetDeadline(time.Time{})
	go func() {
		for id := range uint64(requests) {
			c.send(packRequest(id+1, "echo", floodPayload(id+1, size)))
		}
	}()
	synctest.Wait()
	return c
}

func floodPayload(id uint64, size int) string { return fmt.Sprintf("%0*d", size, id) }

// wantAll wants the answers to a flood, in order.
func (c *pressClient) wantAll(requests, size int) {
	c.t.Helper()
	for id := range uint64(requests) {
		if got := c.want(wire.Response, id+1, ""); string(got) != floodPayload(id+1, size) {
			c.t.Fatalf("answer %.20q to %d", got, id+1)
		}
	}
}

func TestWithInFlight(t *testing.T) {
	for name, test := range map[string]struct {
		messages, bytes, size int // the bounds, and of a message
		want                  int // in flight
	}{
		"messages":      {8, 0, 100, 8},
		"bytes":         {0, 1000, 300, 3},
		"one is let in": {0, 1000, 5000, 1},
		"defaults":      {0, -1, 10, 256},
		"default bytes": {-1, 0, 60_000, 17},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requests := min(400, 12<<20/test.size) // so that all answers fit into the queue, however late the client gets to read
				b := newBlockedServer(t, nano.WithInFlight(test.messages, test.bytes))
				c := b.flood(t, requests, test.size)
				pass(10 * time.Minute) // and is not timed out
				st := b.Stats()
				if st.InboundMessages != test.want || st.InboundBytes != test.want*test.size || st.Held != 1 || st.LoopQueue != 1 || st.LoopLag != 10*time.Minute {
					t.Errorf("%+v, want %d in flight", st, test.want)
				}
				close(b.release)
				c.wantAll(requests, test.size)
				synctest.Wait()
				if st := b.Stats(); st.InboundMessages != 0 || st.InboundBytes != 0 || st.Held != 0 || st.LoopQueue != 0 || st.LoopLag != 0 || st.Received != int64(requests) {
					t.Errorf("afterwards: %+v", st)
				}
			})
		})
	}
}

// However many sessions flood a loop that is blocked, no more is read than the server's bounds and one message of each. Then all is
// answered, in order.
func TestWithServerInFlight(t *testing.T) {
	for name, test := range map[string]struct{ messages, bytes, size, want int }{
		"messages": {50, 0, 20, 50},
		"bytes":    {0, 50_000, 1000, 50},
		"neither":  {0, 0, 20, 20 * (256 - 1)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const requests, sessions = 300, 20
				b := newBlockedServer(t, nano.WithServerInFlight(test.messages, test.bytes))
				var clients []*pressClient
				for range sessions {
					clients = append(clients, b.flood(t, requests, test.size))
				}
				pass(time.Minute)
				// What is borrowed by the step may not be used to the last bit.
				st := b.Stats()
				if n := st.InboundMessages - sessions; n > test.want || n < test.want-2 || st.InboundBytes != st.InboundMessages*test.size || st.Held != sessions {
					t.Errorf("%+v, want %d and %d in flight", st, test.want, sessions)
				}
				close(b.release)
				var all sync.WaitGroup
				for _, c := range clients {
					all.Go(func() { c.wantAll(requests, test.size) })
				}
				all.Wait()
				synctest.Wait()
				if st := b.Stats(); st.InboundMessages != 0 || st.InboundBytes != 0 || st.Held != 0 || st.Received != requests*sessions {
					t.Errorf("afterwards: %+v", st)
				}
			})
		})
	}
}

// Sessions that fill the server's bounds slow the others down to one message at a time, and stop nobody.
func TestServerInFlightIsolates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, nano.WithServerInFlight(10, 0))
		other := scheduler.NewLoop(scheduler.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- other.Run(ctx) }()
		release := make(chan struct{})
		nano.Handle(srv.Server, "stuck", func(_ context.Context, b *[]byte) (*[]byte, error) {
			<-release
			return b, nil
		}, component.WithLoop(other))
		serveEcho(srv.Server)

		stuck := newPressClient(t, srv.DialRaw(t)).shake()
		for id := range uint64(30) {
			stuck.send(packRequest(id+1, "stuck", "x"))
		}
		synctest.Wait()
		if st := srv.Stats(); st.InboundMessages != 11 || st.Held != 1 {
			t.Errorf("%+v", st)
		}
		c := newPressClient(t, srv.DialRaw(t)).shake()
		for id := range uint64(100) {
			c.send(packRequest(id+1, "echo", floodPayload(id+1, 5)))
		}
		c.wantAll(100, 5)
		for id := range uint64(10) {
			c.checkEcho(200+id, "side")
		}
		close(release)
		for id := range uint64(30) {
			stuck.want(wire.Response, id+1, "")
		}
		must(t, srv.Shutdown(t.Context()))
		cancel()
		must(t, <-ended)
	})
}

// Sessions of random depth on several executors, under small bounds: everything is answered once and in order, and nothing is left.
func TestInFlightModel(t *testing.T) {
	for seed := range 5 {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, nano.WithInFlight(1+3*seed, 500), nano.WithServerInFlight(1+5*seed, 2000))
			serveEcho(srv.Server)
			srv.Start()
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					c := newPressClient(t, srv.DialRaw(t)).shake()
					_ = c.SetDeadline(time.Time{})
					const requests = 500
					go func() {
						for id := range uint64(requests) {
							route := "echo"
							if (int(id)/(i+1))%2 == 1 {
								route = "side"
							}
							c.send(packRequest(id+1, route, floodPayload(id+1, 1+int(id*37)%400)))
						}
					}()
					for id := range uint64(requests) {
						if got := c.want(wire.Response, id+1, ""); string(got) != floodPayload(id+1, 1+int(id*37)%400) {
							t.Errorf("answer %q to %d", got, id+1)
							return
						}
					}
				})
			}
			all.Wait()
			synctest.Wait()
			if st := srv.Stats(); st.InboundMessages != 0 || st.InboundBytes != 0 || st.Held != 0 || st.Received != 4000 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// A client that goes while its reader is held is noticed, heartbeats or not.
func TestHeldReaderGone(t *testing.T) {
	for name, opt := range map[string]nano.Option{
		"heartbeats": nano.WithHeartbeatInterval(30 * time.Second), "no heartbeats": nano.WithHeartbeatInterval(0),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBlockedServer(t, opt, nano.WithInFlight(4, 0))
				ends := endsOf(b.Server.Server)
				c, stays := b.flood(t, 20, 10), b.flood(t, 20, 10)
				pass(10 * time.Minute)
				var sessions []*session.Session
				for s := range b.Sessions() {
					sessions = append(sessions, s)
				}
				if len(sessions) != 2 {
					t.Fatalf("%d sessions", len(sessions))
				}
				c.Close()
				pass(time.Minute + time.Second)
				if n := count(sessions, func(s *session.Session) bool { return s.Err() != nil }); n != 1 {
					t.Errorf("%d of 2 sessions have ended", n)
				}
				close(b.release)
				stays.wantAll(20, 10)
				wantReason(t, ends, "gone")
			})
		})
	}
}

func count[T any](all []T, is func(T) bool) (n int) {
	for _, v := range all {
		if is(v) {
			n++
		}
	}
	return n
}

// What is queued for a client that does not read shows.
func TestStatsOutbound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		nameSessions(srv)
		c := newPressClient(t, srv.DialRaw(t)).shake()
		peer := srv.Dial(t)
		must(t, peer.Request("me", nil, nil))
		for range 10 {
			must(t, srv.Broadcast("p", make([]byte, 50<<10)))
		}
		synctest.Wait()
		// The network takes 64 KiB, and some is on its way.
		if n := srv.Stats().OutboundBytes; n < 10*50<<10-64<<10-60<<10 || n > 10*51<<10 {
			t.Errorf("%d bytes are queued", n)
		}
		for range 10 {
			c.want(wire.Push, 0, "p")
		}
		synctest.Wait()
		if n := srv.Stats().OutboundBytes; n != 0 {
			t.Errorf("%d bytes are queued when all was read", n)
		}
	})
}
