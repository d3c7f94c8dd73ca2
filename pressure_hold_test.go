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
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// What a handler pushed arrives while the handler goes on for long.
func TestPressurePushBeforeBlocking(t *testing.T) {
	h := newPressHost(t)
	release := make(chan struct{})
	block := func(ctx context.Context, _ *[]byte) (*[]byte, error) {
		s := session.FromContext(ctx)
		for i := range 5 {
			if err := s.Push("before", fmt.Appendf(nil, "%d", i)); err != nil {
				return nil, err
			}
		}
		<-release
		return &[]byte{}, nil
	}
	nano.Handle(h.Server, "block", block)
	nano.Handle(h.Server, "blockSide", block, component.Concurrent())
	h.start()
	for name, dial := range pressTransports {
		for _, route := range []string{"block", "blockSide"} {
			t.Run(name+" "+route, func(t *testing.T) {
				c := dial(h).shake()
				c.send(packRequest(1, route, ""))
				for i := range 5 {
					if got := c.want(wire.Push, 0, "before"); string(got) != fmt.Sprint(i) {
						t.Errorf("push %q, want %d", got, i)
					}
				}
				release <- struct{}{}
				c.want(wire.Response, 1, "")
				c.Close()
			})
		}
	}
}

// A client whose reader is held back, by a blocked loop and the bound of what is in flight, is not ended for its silence;
// its peers are fine; when the loop goes on, all of its requests are answered in order.
func TestPressureHeldReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const requests = 600 // more than may be in flight
		srv := newServer(t)
		release := make(chan struct{})
		nano.Handle(srv.Server, "block", func(context.Context, *[]byte) (*[]byte, error) {
			<-release
			return &[]byte{}, nil
		})
		serveEcho(srv.Server)

		held, peer := newPressClient(t, srv.DialRaw(t)).shake(), srv.Dial(t)
		_ = held.SetDeadline(time.Time{})
		held.send(packRequest(1, "block", ""))
		for id := uint64(2); id <= requests; id++ {
			held.send(packRequest(id, "echo", fmt.Sprint(id)))
		}
		for minute := range 30 { // the loop is blocked
			pass(time.Minute)
			var got []byte
			if err := peer.Request("side", fmt.Append(nil, minute), &got); err != nil || string(got) != fmt.Sprint(minute) {
				t.Fatalf("minute %d: a peer got %q, %v", minute, got, err)
			}
		}
		if n := srv.Stats().LoopQueue; n > 256 {
			t.Errorf("%d tasks wait for the loop", n)
		}
		close(release)
		held.want(wire.Response, 1, "")
		for id := uint64(2); id <= requests; id++ {
			if got := held.want(wire.Response, id, ""); string(got) != fmt.Sprint(id) {
				t.Fatalf("answer %q to %d", got, id)
			}
		}
	})
}

// A client that goes while its reader is held back is noticed at the next heartbeat.
func TestPressureHeldReaderGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		release, gone := make(chan struct{}), make(chan time.Duration, 300)
		nano.Handle(srv.Server, "block", func(ctx context.Context, _ *[]byte) (*[]byte, error) {
			start := time.Now()
			<-ctx.Done()
			gone <- time.Since(start)
			<-release
			return nil, nil
		})
		ends := endsOf(srv.Server)
		c := newPressClient(t, srv.DialRaw(t)).shake()
		for id := range uint64(300) {
			c.send(packRequest(id+1, "block", ""))
		}
		synctest.Wait()
		c.Close()
		if d := <-gone; d > 31*time.Second {
			t.Errorf("noticed after %v", d)
		}
		close(release)
		wantReason(t, ends, "gone")
	})
}

// A blocked loop holds up its own clients' answers only: other connections are served, come and go.
func TestPressureBlockedLoop(t *testing.T) {
	h := newPressHost(t)
	blocked, release := make(chan struct{}), make(chan struct{})
	nano.Handle(h.Server, "block", func(context.Context, *[]byte) (*[]byte, error) {
		close(blocked)
		<-release
		return &[]byte{}, nil
	})
	serveEcho(h.Server)
	h.start()
	c := h.tcp().shake()
	c.send(packRequest(1, "block", ""))
	<-blocked
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				other := h.tcp().shake()
				for id := range uint64(20) {
					other.checkEcho(id+1, "side")
				}
				other.Close()
			}
		})
	}
	wg.Wait()
	close(release)
	c.want(wire.Response, 1, "")
	c.Close()
}
