package nano_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/lonng/nano"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// Every code of a kick reaches the client as the last packet, behind all that was pushed before, and the session ends with it.
func TestKicks(t *testing.T) {
	for code, close := range map[string]ws.StatusCode{
		wire.KickKicked:           4000,
		wire.KickReplaced:         4003,
		wire.KickBanned:           4004,
		wire.KickResumedElsewhere: 4005,
		wire.KickProtocol:         1002,
		wire.KickSlow:             4001,
		wire.KickShutdown:         1001,
		wire.KickTimeout:          4002,
		"an application's own":    4000,
	} {
		t.Run(code, func(t *testing.T) {
			eachDialect(t, func(t *testing.T, handshake string) {
				host := newProtoHost(t)
				reasons := make(chan error, 2)
				host.OnSessionClosed(func(s *session.Session) { reasons <- s.Err() })
				nano.Handle(host.Server.Server, "kick", func(ctx context.Context, reason *string) (*int, error) {
					s := session.FromContext(ctx)
					for i := range 10 {
						if err := s.Push("onMessage", i); err != nil {
							t.Error(err)
						}
					}
					if err := s.Kick(code, *reason); err != nil {
						t.Error(err)
					}
					if err := s.Push("onMessage", 10); !errors.Is(err, nano.ErrSessionClosed) {
						t.Errorf("a push after the kick: %v", err)
					}
					if err := s.Kick(code, "again"); !errors.Is(err, nano.ErrSessionClosed) {
						t.Errorf("a second kick: %v", err)
					}
					return nil, nil
				})
				host.start()
				for _, c := range []*protoRaw{host.raw(), newProtoRaw(t, host.dialWS())} {
					c.shake(handshake)
					c.send(packRequest(1, "kick", `"say \"why\" <é>"`))
					for i := range 10 {
						if m := c.message(); string(m.Payload) != fmt.Sprint(i) {
							t.Errorf("%d: %+v", i, m)
						}
					}
					if reason := c.wantEnd(code); reason != `say "why" <é>` {
						t.Errorf("the reason is %q", reason)
					}
					if err := <-reasons; wire.CodeOf(err) != code {
						t.Errorf("the session ended with %v", err)
					}
					if socket, ok := c.Conn.(*protoWS); ok && socket.closeCode() != close {
						t.Errorf("closed with %d, want %d", socket.closeCode(), close)
					}
				}
			})
		})
	}
}

// A kick reaches a client that was never read from while it was busy, and one that goes on writing.
func TestKickReachesAWriter(t *testing.T) {
	eachDialect(t, func(t *testing.T, handshake string) {
		host := newProtoHost(t)
		begun := make(chan *session.Session, 1)
		release := make(chan struct{})
		nano.Handle(host.Server.Server, "hang", func(ctx context.Context, _ *int) (*int, error) {
			select {
			case begun <- session.FromContext(ctx):
			default:
			}
			<-release
			return nil, nil
		})
		c := host.shaken(handshake)
		c.send(packRequest(1, "hang", "1"))
		s := <-begun
		go func() {
			for i := range 100000 { // far more than is read ahead and buffered
				if _, err := c.Write(packNotify("hang", fmt.Sprint(i))); err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		if err := s.Kick(wire.KickBanned, "flood"); err != nil {
			t.Error(err)
		}
		wantKick(t, c.next(wire.PacketKick).Body, wire.KickBanned)
		close(release)
		pass(5 * time.Second)
		c.wantEnd("")
		if s := host.Stats(); s.Connections != 0 || s.Sessions != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// A shutdown tells everybody who has had a reply, and nobody else.
func TestShutdownKicks(t *testing.T) {
	eachDialect(t, func(t *testing.T, handshake string) {
		host := newProtoHost(t, nano.WithHandshake(func(ctx context.Context, _ *session.Session, h *nano.Handshake) (any, error) {
			if len(h.Raw) == 0 {
				<-ctx.Done()
			}
			return nil, nil
		}))
		protoEcho(host)
		silent, asking, replied, working := host.raw(), host.raw(), host.raw(), host.shaken(handshake)
		asking.send(pack(wire.PacketHandshake, ""))
		replied.send(pack(wire.PacketHandshake, handshake))
		replied.next(wire.PacketHandshake)
		_ = host.Broadcast("early", 1) // never acked, never sent
		working.message()
		if err := host.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		silent.wantEnd("")
		if b := asking.came(); len(b) > 1 || len(b) == 1 && (b[0].Type != wire.PacketHandshake || strings.Contains(string(b[0].Body), "200")) {
			t.Errorf("who had no reply was told %q", b[0].Body)
		}
		replied.wantEnd(wire.KickShutdown)
		working.wantEnd(wire.KickShutdown)
	})
}

// A client that does not read is closed as slow when it has been above the soft bound for five seconds.
func TestSlowKick(t *testing.T) {
	eachDialect(t, func(t *testing.T, handshake string) {
		host := newProtoHost(t)
		reasons := make(chan error, 1)
		host.OnSessionClosed(func(s *session.Session) { reasons <- s.Err() })
		protoEcho(host)
		conn := host.dialStream()
		defer conn.Close()
		go func() { _, _ = conn.Write(append(pack(wire.PacketHandshake, handshake), pack(wire.PacketAck, "")...)) }()
		synctest.Wait()
		text := strings.Repeat("x", 10000)
		begin := time.Now()
		for range 300 { // 3 MB: above the soft bound, below the hard one
			if err := host.Broadcast("onMessage", text); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-reasons; wire.CodeOf(err) != wire.KickSlow {
			t.Errorf("the session ended with %v", err)
		}
		if after := time.Since(begin); after < 5*time.Second || after > 10*time.Second {
			t.Errorf("closed after %v", after)
		}
		synctest.Wait()
		if n := host.Stats().Slow; n != 1 {
			t.Errorf("%d were slow", n)
		}
	})
}
