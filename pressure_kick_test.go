package nano_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// A kick reaches a client whose own input was not read: unread bytes in the server's socket must not turn the close
// into a reset.
func TestPressureKickOverUnreadInput(t *testing.T) {
	h := newPressHost(t)
	held := make(chan *session.Session)
	release := make(chan struct{})
	nano.Handle(h.Server, "hold", func(ctx context.Context, _ *[]byte) (*[]byte, error) {
		held <- session.FromContext(ctx)
		<-release
		return &[]byte{}, nil
	})
	serveEcho(h.Server)
	ends := endsOf(h.Server)
	h.start()
	for name, dial := range pressTransports {
		t.Run(name, func(t *testing.T) {
			for round := range 10 {
				c := dial(h).shake()
				c.send(packRequest(1, "hold", ""))
				s := <-held
				flooded := make(chan struct{})
				go func() { // until the server's buffers are full, or all is sent
					defer close(flooded)
					for range 4 {
						for id := range uint64(300) {
							if _, err := c.Write(packRequest(id+2, "echo", string(make([]byte, 1000)))); err != nil {
								return
							}
						}
					}
				}()
				if round%2 == 0 {
					must(t, s.Push("last", "words"))
				}
				must(t, s.Kick(wire.KickBanned, "that is enough"))
				if round%3 == 0 {
					release <- struct{}{} // else the loop is blocked until all is over
				}
				if reason := c.wantKick(wire.KickBanned); reason != "that is enough" {
					t.Errorf("reason %q", reason)
				}
				<-flooded
				c.Close()
				if round%3 != 0 {
					release <- struct{}{}
				}
				wantReason(t, ends, wire.KickBanned)
			}
		})
	}
}

// A handler beside the loop blocks the reader itself: the kick goes out meanwhile.
func TestPressureKickOfBlockedReader(t *testing.T) {
	h := newPressHost(t)
	held := make(chan *session.Session)
	nano.Handle(h.Server, "hold", func(ctx context.Context, _ *[]byte) (*[]byte, error) {
		held <- session.FromContext(ctx)
		<-ctx.Done()
		return nil, ctx.Err()
	}, component.Concurrent())
	ends := endsOf(h.Server)
	h.start()
	for name, dial := range pressTransports {
		t.Run(name, func(t *testing.T) {
			for range 10 {
				c := dial(h).shake()
				c.send(packRequest(1, "hold", ""))
				s := <-held
				for id := range uint64(100) {
					c.send(packRequest(id+2, "hold", "unread"))
				}
				must(t, s.Kick(wire.KickReplaced, "elsewhere"))
				c.wantKick(wire.KickReplaced)
				c.Close()
				wantReason(t, ends, wire.KickReplaced)
			}
		})
	}
}

// What was queued before a kick arrives before it, all of it.
func TestPressureKickComesLast(t *testing.T) {
	h := newPressHost(t)
	nano.Handle(h.Server, "farewell", func(ctx context.Context, _ *[]byte) (*[]byte, error) {
		s := session.FromContext(ctx)
		for i := range 2000 {
			if err := s.Push("p", fmt.Append(nil, i)); err != nil {
				return nil, err
			}
		}
		return &[]byte{}, s.Kick("maintenance", "see you")
	})
	ends := endsOf(h.Server)
	h.start()
	for name, dial := range pressTransports {
		t.Run(name, func(t *testing.T) {
			c := dial(h).shake()
			c.send(packRequest(1, "farewell", ""))
			for i := range 2000 {
				if got := c.want(wire.Push, 0, "p"); string(got) != fmt.Sprint(i) {
					t.Fatalf("push %q, want %d", got, i)
				}
			}
			c.wantKick("maintenance")
			wantReason(t, ends, "maintenance")
			if web, ok := c.Conn.(*protoWS); ok && web.closeCode() != 4000 {
				t.Errorf("close code %d", web.closeCode())
			}
			c.Close()
		})
	}
}

// Each reason has its WebSocket close code.
func TestPressureCloseCodes(t *testing.T) {
	h := newPressHost(t)
	nano.Handle(h.Server, "kick", func(ctx context.Context, code *[]byte) (*[]byte, error) {
		s := session.FromContext(ctx)
		if len(*code) == 0 {
			s.Close()
			return nil, nil
		}
		return nil, s.Kick(string(*code), "x")
	})
	h.start()
	for code, want := range map[string]uint16{
		"": 1000, wire.KickShutdown: 1001, wire.KickProtocol: 1002, wire.KickKicked: 4000, wire.KickSlow: 4001, wire.KickTimeout: 4002,
		wire.KickReplaced: 4003, wire.KickBanned: 4004, wire.KickResumedElsewhere: 4005, "vote": 4000, "\xff\xfe": 4000, string(make([]byte, 500)): 4000,
	} {
		c := h.ws().shake()
		c.send(packRequest(1, "kick", code))
		if kick := c.wantEnd(); (kick == "") != (code == "") {
			t.Errorf("%q: kick %q", code, kick)
		}
		if got := c.Conn.(*protoWS).closeCode(); uint16(got) != want {
			t.Errorf("%q: close code %d, want %d", code, got, want)
		}
		c.Close()
	}
}
