package nano_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

type protoValidator = func(context.Context, *session.Session, *nano.Handshake) (any, error)

// The raw validator gets the bytes that came, whatever they are.
func TestRawValidator(t *testing.T) {
	for _, body := range []string{"", "{", "\x00\xff\x80", protoNano, protoPitaya, strings.Repeat("x", 60000)} {
		synctest.Test(t, func(t *testing.T) {
			got := make(chan string, 1)
			host := newProtoHost(t, nano.WithHandshakeValidator(func(s *session.Session, b []byte) error {
				got <- string(b)
				clear(b) // they are the validator's
				return s.Bind(7)
			}))
			protoEcho(host)
			host.raw().shake(body)
			if b := <-got; b != body {
				t.Errorf("the validator got %.100q for %.100q", b, body)
			}
			if _, ok := host.ByUID(7); !ok {
				t.Error("the user is not bound")
			}
		})
	}
}

// The parsed validator gets the fields, and what it returns is the reply's user.
func TestParsedValidator(t *testing.T) {
	for user, want := range map[any]string{
		"ann":                     `"ann"`,
		42:                        `42`,
		struct{}{}:                `{}`,
		protoName{Name: "ann"}:    `{"name":"ann"}`,
		[2]bool{true, false}:      `[true,false]`,
		new(protoName) == nil:     `false`,
		protoName{Name: "<é\x00"}: `{"name":"<é\u0000"}`,
	} {
		eachDialect(t, func(t *testing.T, handshake string) {
			host := newProtoHost(t, nano.WithHandshake(func(ctx context.Context, s *session.Session, h *nano.Handshake) (any, error) {
				if string(h.Raw) != handshake || s.ID() == 0 || s.RemoteAddr() == nil || session.FromContext(ctx) != s {
					t.Errorf("%+v", h)
				}
				if limit, ok := ctx.Deadline(); !ok || time.Until(limit) != 10*time.Second {
					t.Errorf("the limit is %v", limit)
				}
				if handshake == protoPitaya && (h.Dialect != wire.DialectPitaya || h.AppVersion != "2.1" || string(h.User) != `{"age":30}`) {
					t.Errorf("%+v", h)
				}
				return user, nil
			}))
			protoEcho(host)
			reply := host.raw().shake(handshake)
			_, tail, _ := strings.Cut(reply, `"user":`)
			sameJSON(t, strings.TrimSuffix(tail, "}"), want)
		})
	}
}

// Without a user the reply has none.
func TestNoUser(t *testing.T) {
	eachDialect(t, func(t *testing.T, handshake string) {
		host := newProtoHost(t, nano.WithHandshake(func(context.Context, *session.Session, *nano.Handshake) (any, error) { return nil, nil }))
		protoEcho(host)
		if reply := host.raw().shake(handshake); strings.Contains(reply, "user") {
			t.Error(reply)
		}
	})
}

// Both must accept, the raw one first.
func TestBothValidators(t *testing.T) {
	for _, test := range []struct {
		raw, parsed error
		want        string
	}{
		{nil, nil, "raw parsed"},
		{errors.New("no"), nil, "raw"},
		{nil, errors.New("no"), "raw parsed"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var calls []string
			host := newProtoHost(t,
				nano.WithHandshake(func(context.Context, *session.Session, *nano.Handshake) (any, error) {
					calls = append(calls, "parsed")
					return nil, test.parsed
				}),
				nano.WithHandshakeValidator(func(*session.Session, []byte) error {
					calls = append(calls, "raw")
					return test.raw
				}))
			protoEcho(host)
			c := host.raw()
			c.send(pack(wire.PacketHandshake, ""))
			accepted := strings.HasPrefix(string(c.next(wire.PacketHandshake).Body), `{"code":200`)
			if got := strings.Join(calls, " "); got != test.want || accepted != (test.raw == nil && test.parsed == nil) {
				t.Errorf("called %s, accepted %v", got, accepted)
			}
		})
	}
}

// A validator that hangs costs its client the connection when the handshake's time is over, and nobody else anything.
func TestHangingValidator(t *testing.T) {
	release := make(chan struct{})
	for name, hang := range map[string]protoValidator{
		"minds its context": func(ctx context.Context, s *session.Session, _ *nano.Handshake) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
		"does not": func(ctx context.Context, s *session.Session, _ *nano.Handshake) (any, error) {
			<-release
			return "late", nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachDialect(t, func(t *testing.T, handshake string) {
				release = make(chan struct{})
				host := newProtoHost(t, nano.WithHandshake(func(ctx context.Context, s *session.Session, h *nano.Handshake) (any, error) {
					if len(h.Raw) == 0 {
						return nil, nil
					}
					return hang(ctx, s, h)
				}))
				calls := protoEcho(host)
				c := host.raw()
				pass(4 * time.Second) // the limit is counted from the connection's beginning
				c.send(pack(wire.PacketHandshake, handshake), pack(wire.PacketAck, ""), packNotify("echo", "1"))
				pass(6*time.Second - time.Millisecond)
				if c.quiet(); !c.isOpen() {
					t.Fatal("refused before its time")
				}
				other := host.shaken("")
				pass(time.Millisecond)
				if body := string(c.next(wire.PacketHandshake).Body); !strings.Contains(body, `"code":500`) && !strings.Contains(body, `"code":400`) {
					t.Error(body)
				}
				c.wantEnd("")
				close(release)
				pass(2 * time.Second)
				other.send(packRequest(1, "echo", "1"))
				other.message()
				if s := host.Stats(); s.Connections != 1 || s.Sessions != 1 || calls.Load() != 1 {
					t.Errorf("%+v, %d calls", s, calls.Load())
				}
			})
		})
	}
}

// A validator's panic, and a user that does not encode, refuse the client.
func TestBrokenValidators(t *testing.T) {
	for name, broken := range map[string]protoValidator{
		"panic": func(context.Context, *session.Session, *nano.Handshake) (any, error) { panic("validator") },
		"user":  func(context.Context, *session.Session, *nano.Handshake) (any, error) { return func() {}, nil },
	} {
		t.Run(name, func(t *testing.T) {
			eachDialect(t, func(t *testing.T, handshake string) {
				host := newProtoHost(t, nano.WithHandshake(broken))
				protoEcho(host)
				c := host.raw()
				c.send(pack(wire.PacketHandshake, handshake))
				code := 500
				if handshake == protoPitaya {
					code = 400
				}
				sameJSON(t, string(c.next(wire.PacketHandshake).Body), fmt.Sprintf(`{"code":%d,"msg":"internal error"}`, code))
				c.wantEnd("")
			})
		})
	}
}

// There is no way round a validator.
func TestNoWayRoundTheValidator(t *testing.T) {
	const bad, good = `{"user":"bad"}`, `{"user":"good"}`
	handshake := func(body string) []byte { return pack(wire.PacketHandshake, body) }
	ack, call := pack(wire.PacketAck, ""), packNotify("echo", "1")
	for name, sent := range map[string][][]byte{
		"ack only":              {ack, call},
		"data first":            {call},
		"data, then handshake":  {call, handshake(good), ack, call},
		"ack, then handshake":   {ack, handshake(good), ack, call},
		"bad, then good":        {handshake(bad), handshake(good), ack, call},
		"bad, ack":              {handshake(bad), ack, call},
		"bad, many acks":        {handshake(bad), ack, ack, ack, call, call},
		"bad and bad":           {handshake(bad), handshake(bad), ack, call},
		"heartbeats, bad, data": {pack(wire.PacketHeartbeat, ""), handshake(bad), pack(wire.PacketHeartbeat, ""), call},
	} {
		t.Run(name, func(t *testing.T) {
			for _, together := range []bool{true, false} {
				synctest.Test(t, func(t *testing.T) {
					var asked atomic.Int64
					host := newProtoHost(t, nano.WithHandshake(func(_ context.Context, _ *session.Session, h *nano.Handshake) (any, error) {
						asked.Add(1)
						if string(h.User) != `"good"` {
							return nil, errors.New("refused")
						}
						return nil, nil
					}))
					calls := protoEcho(host)
					c := host.raw()
					if together {
						sent = [][]byte{slices.Concat(sent...)}
					}
					for _, b := range sent {
						c.send(b)
						synctest.Wait()
					}
					for _, p := range c.came() {
						if p.Type != wire.PacketHandshake || strings.Contains(string(p.Body), "200") {
							t.Errorf("a %v came: %q", p.Type, p.Body)
						}
					}
					if c.isOpen() || calls.Load() != 0 || asked.Load() > 1 {
						t.Errorf("open %v, %d messages handled, the validator was asked %d times", c.isOpen(), calls.Load(), asked.Load())
					}
				})
			}
		})
	}
}

// A second handshake is not looked at, also not while the first is being decided.
func TestOneHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		host := newProtoHost(t, nano.WithHandshake(func(_ context.Context, s *session.Session, h *nano.Handshake) (any, error) {
			asked.Add(1)
			<-time.After(time.Second)
			return nil, s.Bind(int64(len(h.Raw)))
		}))
		protoEcho(host)
		c := host.raw()
		c.send(pack(wire.PacketHandshake, `{}`), pack(wire.PacketHandshake, `{"much":"longer"}`))
		pass(time.Second)
		c.next(wire.PacketHandshake)
		c.send(pack(wire.PacketHandshake, `{"other":1}`), pack(wire.PacketAck, ""), pack(wire.PacketHandshake, `{}`))
		c.next(wire.PacketHeartbeat)
		pass(5 * time.Second)
		c.quiet()
		if _, ok := host.ByUID(2); !ok || asked.Load() != 1 {
			t.Errorf("asked %d times", asked.Load())
		}
	})
}

// A session that its validator kicks is refused with the kick's reason; one that it closes ends without a word.
func TestValidatorEndsTheSession(t *testing.T) {
	for name, end := range map[string]func(*session.Session){
		"close": func(s *session.Session) { s.Close() },
		"kick":  func(s *session.Session) { _ = s.Kick(wire.KickBanned, "go away") },
	} {
		t.Run(name, func(t *testing.T) {
			eachDialect(t, func(t *testing.T, handshake string) {
				host := newProtoHost(t, nano.WithHandshake(func(_ context.Context, s *session.Session, _ *nano.Handshake) (any, error) {
					_ = s.Push("onMessage", 1)
					end(s)
					_ = s.Push("onMessage", 2)
					return nil, nil
				}))
				protoEcho(host)
				c := host.raw()
				c.send(pack(wire.PacketHandshake, handshake), pack(wire.PacketAck, ""))
				if name == "kick" {
					code := 500
					if handshake == protoPitaya {
						code = 400
					}
					sameJSON(t, string(c.next(wire.PacketHandshake).Body), fmt.Sprintf(`{"code":%d,"msg":"go away"}`, code))
				}
				c.wantEnd("")
			})
		})
	}
}
