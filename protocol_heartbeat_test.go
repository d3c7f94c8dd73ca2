package nano_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// beatsOf returns when heartbeats came, and whether anything else did.
func beatsOf(packets []protoPacket) (at []time.Time, others int) {
	for _, p := range packets {
		if p.Type == wire.PacketHeartbeat {
			at = append(at, p.at)
		} else {
			others++
		}
	}
	return at, others
}

// checkBeats wants heartbeats from begin on: one at once, then one every interval, without drift.
func checkBeats(t *testing.T, at []time.Time, begin time.Time, interval time.Duration, want int) {
	t.Helper()
	if len(at) != want {
		t.Fatalf("%d heartbeats and not %d", len(at), want)
	}
	if !at[0].Equal(begin) {
		t.Errorf("the first came %v after the ack", at[0].Sub(begin))
	}
	for i, gap := range gaps(at) {
		if gap < interval*9/10 || gap > interval*11/10 {
			t.Errorf("%v between two heartbeats, %d and the next", gap, i)
		}
	}
	if rest := at[1:]; len(rest) > 1 {
		if got, want := rest[len(rest)-1].Sub(rest[0]), interval*time.Duration(len(rest)-1); got != want {
			t.Errorf("%d heartbeats took %v and not %v", len(rest), got, want)
		}
	}
}

func gaps(at []time.Time) (ds []time.Duration) {
	for i := 1; i < len(at); i++ {
		ds = append(ds, at[i].Sub(at[i-1]))
	}
	return ds
}

// One right after the ack, not before, then one every interval, whatever else goes to and fro.
func TestHeartbeats(t *testing.T) {
	for _, interval := range []time.Duration{30 * time.Second, 2500 * time.Millisecond, 250 * time.Millisecond, 20 * time.Millisecond} {
		for _, busy := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v, busy %v", interval, busy), func(t *testing.T) {
				eachDialect(t, func(t *testing.T, handshake string) {
					host := newProtoHost(t, nano.WithHeartbeatInterval(interval))
					protoEcho(host)
					c := host.raw()
					pass(time.Second)
					c.send(pack(wire.PacketHandshake, handshake))
					c.next(wire.PacketHandshake)
					pass(min(2*interval, 8*time.Second)) // none comes before the ack
					c.quiet()
					begin := time.Now()
					c.send(pack(wire.PacketAck, ""))
					c.next(wire.PacketHeartbeat)
					first := protoPacket{wire.Packet{Type: wire.PacketHeartbeat}, begin}
					packets := []protoPacket{first}
					const n, parts = 12, 5
					for range n * parts {
						if busy {
							c.send(packRequest(1, "echo", "1"))
						} else {
							c.send(pack(wire.PacketHeartbeat, ""))
						}
						pass(interval / parts)
						packets = append(packets, c.came()...)
					}
					at, others := beatsOf(packets)
					checkBeats(t, at, begin, interval, n+1)
					if busy != (others == n*parts) {
						t.Errorf("%d other packets", others)
					}
				})
			})
		}
	}
}

// Each of many clients that come at different times has its own heartbeats.
func TestHeartbeatsOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const interval = 10 * time.Second
		host := newProtoHost(t, nano.WithHeartbeatInterval(interval))
		protoEcho(host)
		type client struct {
			*protoRaw
			begin time.Time
			at    []time.Time
		}
		var clients []*client
		beat := func() {
			for _, c := range clients {
				at, _ := beatsOf(c.came())
				c.at = append(c.at, at...)
				c.send(pack(wire.PacketHeartbeat, ""))
			}
		}
		for i := range 40 {
			c := &client{protoRaw: host.raw()}
			c.send(pack(wire.PacketHandshake, protoNano))
			c.next(wire.PacketHandshake)
			c.begin = time.Now()
			c.send(pack(wire.PacketAck, ""))
			clients = append(clients, c)
			pass(time.Duration(i) * 37 * time.Millisecond)
			if i%5 == 4 {
				beat()
			}
			if i%7 == 6 { // somebody leaves
				_ = clients[0].Close()
				clients = clients[1:]
			}
		}
		for range 20 {
			pass(interval)
			beat()
		}
		for _, c := range clients {
			checkBeats(t, c.at, c.begin, interval, int(time.Since(c.begin)/interval)+1)
		}
	})
}

// A client that is silent for two intervals, as it was told them, is kicked within a tenth of one.
func TestSilence(t *testing.T) {
	for _, interval := range []time.Duration{30 * time.Second, 2500 * time.Millisecond, 200 * time.Millisecond} {
		t.Run(interval.String(), func(t *testing.T) {
			eachDialect(t, func(t *testing.T, handshake string) {
				host := newProtoHost(t, nano.WithHeartbeatInterval(interval))
				protoEcho(host)
				told := interval
				if handshake == protoPitaya {
					told = (interval + time.Second - 1).Truncate(time.Second)
				}
				for _, last := range []string{"ack", "heartbeat", "data", "handshake"} {
					for part := range 23 { // of the interval, so that all phases of the server's clock are met
						c := host.shaken(handshake)
						pass(interval * time.Duration(part) / 23)
						switch last {
						case "heartbeat":
							c.send(pack(wire.PacketHeartbeat, ""))
						case "data":
							c.send(packNotify("echo", "1"))
						case "handshake":
							c.send(pack(wire.PacketHandshake, handshake))
						case "ack":
							if part > 0 {
								continue
							}
						}
						begin := time.Now()
						pass(2*told + told/5)
						if c.isOpen() {
							t.Fatalf("%s: open after %v", last, time.Since(begin))
						}
						packets := c.came()
						if kick := packets[len(packets)-1]; kick.Type != wire.PacketKick {
							t.Errorf("no kick but a %v", kick.Type)
						} else {
							wantKick(t, kick.Body, wire.KickTimeout)
						}
						if after := c.endedAt.Sub(begin); after < 2*told || after > 2*told+told/10 {
							t.Errorf("%s: closed after %v of silence, %.3f intervals", last, after, float64(after)/float64(told))
						}
					}
				}
			})
		})
	}
}

// A client that says anything just in time stays.
func TestAnyPacketIsLife(t *testing.T) {
	const interval = 5 * time.Second
	for name, p := range map[string][]byte{
		"heartbeat":           pack(wire.PacketHeartbeat, ""),
		"heartbeat, a body":   pack(wire.PacketHeartbeat, "\x07"),
		"notify":              packNotify("echo", "1"),
		"request, no handler": packRequest(1, "nobody", "1"),
		"handshake":           pack(wire.PacketHandshake, protoNano),
	} {
		t.Run(name, func(t *testing.T) {
			eachDialect(t, func(t *testing.T, handshake string) {
				host := newProtoHost(t, nano.WithHeartbeatInterval(interval))
				protoEcho(host)
				c := host.shaken(handshake)
				for range 50 {
					pass(2*interval - time.Millisecond)
					c.send(p)
				}
				if !c.isOpen() {
					t.Error("the connection has ended")
				}
			})
		})
	}
}

// With heartbeats off none is sent and nobody is closed for silence.
func TestHeartbeatsOff(t *testing.T) {
	for _, interval := range []time.Duration{0, -time.Second} {
		eachDialect(t, func(t *testing.T, handshake string) {
			host := newProtoHost(t, nano.WithHeartbeatInterval(interval))
			protoEcho(host)
			c := host.shaken(handshake)
			pass(24 * time.Hour)
			if c.quiet(); !c.isOpen() {
				t.Error("closed for silence")
			}
			c.send(pack(wire.PacketHeartbeat, ""), packRequest(1, "echo", "1"))
			if m := c.message(); string(m.Payload) != "1" {
				t.Errorf("%+v", m)
			}
		})
	}
}

// What is pushed before the ack arrives after it, in order, with nothing between.
func TestPushesBeforeTheAck(t *testing.T) {
	eachDialect(t, func(t *testing.T, handshake string) {
		host := newProtoHost(t, nano.WithHeartbeatInterval(3*time.Second), nano.WithHandshake(func(_ context.Context, s *session.Session, h *nano.Handshake) (any, error) {
			if len(h.Raw) == 0 {
				return nil, nil
			}
			for i := range 100 {
				if err := s.Push("early", i); err != nil {
					t.Error(err)
				}
			}
			<-time.After(5 * time.Second)
			return nil, nil
		}))
		protoEcho(host)
		host.shaken("") // has heartbeats meanwhile
		c := host.raw()
		c.send(pack(wire.PacketHandshake, handshake))
		pass(5*time.Second - 1)
		c.quiet()
		pass(1)
		c.next(wire.PacketHandshake)
		for i := 100; i < 200; i++ {
			if err := host.Broadcast("early", i); err != nil {
				t.Error(err)
			}
		}
		pass(4 * time.Second)
		c.quiet()
		c.send(pack(wire.PacketAck, ""))
		c.next(wire.PacketHeartbeat)
		for i := range 200 {
			if m := c.message(); m.Type != wire.Push || string(m.Route) != "early" || string(m.Payload) != fmt.Sprint(i) {
				t.Fatalf("%d: %+v", i, m)
			}
		}
		c.quiet()
	})
}

// A push that comes while the ack does takes its place among the others.
func TestPushesAroundTheAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := newProtoHost(t)
		protoEcho(host)
		var clients []*protoRaw
		for range 20 {
			c := host.raw()
			c.send(pack(wire.PacketHandshake, protoNano))
			c.next(wire.PacketHandshake)
			clients = append(clients, c)
		}
		go func() {
			for i := range 500 {
				_ = host.Broadcast("n", i)
			}
		}()
		for _, c := range clients {
			go c.send(pack(wire.PacketAck, ""))
		}
		for i, c := range clients {
			c.next(wire.PacketHeartbeat)
			var got []string
			for _, p := range c.came() {
				m, err := wire.ParseMessage(p.Body)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, string(m.Payload))
			}
			var want []string
			for n := range 500 {
				want = append(want, fmt.Sprint(n))
			}
			if !slices.Equal(got, want) {
				t.Errorf("client %d got %.100s…", i, strings.Join(got, " "))
			}
		}
	})
}
