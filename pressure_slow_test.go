package nano_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// queued returns the bytes that wait for a session's client.
func queued(s *session.Session) int {
	return s.NetworkEntity().(interface{ Queued() int }).Queued()
}

// A client that stops reading is ended as slow within the bound that it passes, and nobody else feels it.
func TestPressureSlow(t *testing.T) {
	const kib = 1 << 10
	for name, test := range map[string]struct {
		pushes, size int
		from, to     time.Duration // when it ends
	}{
		"hard bound":    {17, 1000 * kib, 0, 0},
		"soft bound":    {20, 100 * kib, 5 * time.Second, 5 * time.Second},
		"write timeout": {4, 50 * kib, 10 * time.Second, 10 * time.Second},
		"one large":     {1, 10000 * kib, 5 * time.Second, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t)
				nameSessions(srv)
				serveEcho(srv.Server)
				room := srv.NewGroup("room")
				var ended time.Time
				srv.OnSessionClosed(func(*session.Session) { ended = time.Now() })

				slow := newPressClient(t, srv.DialRaw(t)).shake()
				_ = slow.SetDeadline(time.Time{})
				slow.send(packRequest(1, "me", ""))
				synctest.Wait() // and reads no more, not even the answer
				var victim *session.Session
				for s := range srv.Sessions() {
					victim = s
				}
				peer := srv.Dial(t)
				must(t, room.Add(victim), room.Add(sessionOf(t, srv, peer)))

				start := time.Now()
				for range test.pushes {
					_ = victim.Push("state", make([]byte, test.size))
				}
				for second := range 15 {
					if n := queued(victim); n > 16<<20+test.size {
						t.Errorf("%d bytes are queued", n)
					}
					slow.send(pack(wire.PacketHeartbeat, "")) // it is not silent
					must(t, room.Broadcast("tick", second))
					var got []byte
					must(t, peer.Request("echo", fmt.Append(nil, second), &got))
					if d := time.Since(start); d != time.Duration(second)*time.Second {
						t.Fatalf("second %d of a peer came after %v", second, d)
					}
					pass(time.Second)
				}
				for second := range 15 {
					var got int
					peer.Expect("tick", &got)
					if got != second {
						t.Errorf("a peer got tick %d, want %d", got, second)
					}
				}
				if d := ended.Sub(start); d < test.from || d > test.to {
					t.Errorf("ended after %v, want %v to %v", d, test.from, test.to)
				}
				if e, ok := errors.AsType[*nano.Error](victim.Err()); !ok || e.Code != wire.KickSlow {
					t.Errorf("ended with %v", victim.Err())
				}
				if st := srv.Stats(); st.Slow != 1 || st.Connections != 1 || room.Count() != 1 {
					t.Errorf("%+v, %d in the room", st, room.Count())
				}
				if err := victim.Push("state", 1); !errors.Is(err, nano.ErrSessionClosed) {
					t.Errorf("a push afterwards: %v", err)
				}
			})
		})
	}
}

// A slow client that takes up reading in time loses nothing.
func TestPressureSlowRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		nameSessions(srv)
		c := newPressClient(t, srv.DialRaw(t)).shake()
		_ = c.SetDeadline(time.Time{})
		c.send(packRequest(1, "me", ""))
		synctest.Wait()
		for round := range 3 {
			for s := range srv.Sessions() {
				for i := range 40 {
					must(t, s.Push("p", append(fmt.Appendf(nil, "%d ", 40*round+i), make([]byte, 100<<10)...)))
				}
			}
			pass(4900 * time.Millisecond)
			if round == 0 {
				c.want(wire.Response, 1, "")
			}
			for i := range 40 {
				var got int
				if _, err := fmt.Sscan(string(c.want(wire.Push, 0, "p")), &got); err != nil || got != 40*round+i {
					t.Fatalf("push %d, %v, want %d", got, err, 40*round+i)
				}
			}
		}
	})
}

// Over real sockets, whose buffers take some: the slow end, the others go on, and memory stays bounded.
func TestPressureSlowSockets(t *testing.T) {
	const stalled = 4
	h := newPressHost(t)
	flood := make(chan error, stalled)
	big := make([]byte, 256<<10)
	nano.Handle(h.Server, "flood", func(ctx context.Context, _ *[]byte) (*[]byte, error) {
		s := session.FromContext(ctx)
		go func() { // more than all buffers hold
			for range 1 << 10 {
				if err := s.Push("p", big); err != nil {
					flood <- err
					return
				}
			}
			flood <- nil
		}()
		return &[]byte{}, nil
	})
	serveEcho(h.Server)
	ends := endsOf(h.Server)
	h.start()
	for name, dial := range pressTransports {
		t.Run(name, func(t *testing.T) {
			others := []*pressClient{h.tcp().shake(), h.ws().shake()}
			before := heapInUse()
			var slow []*pressClient
			for range stalled {
				c := dial(h).shake()
				c.send(packRequest(1, "flood", "")) // and reads nothing
				slow = append(slow, c)
			}
			id := uint64(0)
			for range stalled {
				for ended := false; !ended; {
					select {
					case err := <-flood:
						if !errors.Is(err, nano.ErrSlow) && !errors.Is(err, nano.ErrSessionClosed) {
							t.Errorf("the flood ended with %v", err)
						}
						ended = true
					default:
						id++
						for _, c := range others {
							c.checkEcho(id, "echo")
						}
					}
				}
				wantReason(t, ends, wire.KickSlow)
			}
			if grown := int64(heapInUse()) - int64(before); grown > stalled*64<<20 {
				t.Errorf("the heap grew by %d MiB", grown>>20)
			}
			for _, c := range append(slow, others...) {
				c.Close()
			}
			for range others {
				wantReason(t, ends, "gone")
			}
		})
	}
}

// heapInUse is after a collection.
func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
