package nano_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// protoEcho answers with what came, and counts.
func protoEcho(h *protoHost) *atomic.Int64 {
	var calls atomic.Int64
	nano.Handle(h.Server.Server, "echo", func(ctx context.Context, m *json.RawMessage) (*json.RawMessage, error) {
		calls.Add(1)
		return m, nil
	})
	return &calls
}

// Each packet that is out of place in a state, and what becomes of the connection.
func TestStates(t *testing.T) {
	const kicked = wire.KickProtocol
	var (
		handshake = pack(wire.PacketHandshake, protoNano)
		ack       = pack(wire.PacketAck, "")
		beat      = pack(wire.PacketHeartbeat, "")
		kick      = pack(wire.PacketKick, `{"code":"x","reason":"y"}`)
		call      = packRequest(1, "echo", `1`)
		large     = []byte{byte(wire.PacketData), 1, 0, 1} // 64 KiB and one byte
	)
	for name, test := range map[string]struct {
		state string // connected, replied or working
		send  []byte
		want  string // "open", "" for an end without a word, or a kick's code
	}{
		"connected, ack":       {"connected", ack, ""},
		"connected, data":      {"connected", call, ""},
		"connected, kick":      {"connected", kick, ""},
		"connected, heartbeat": {"connected", beat, "open"},
		"connected, no type":   {"connected", []byte{0}, ""},
		"connected, type 6":    {"connected", []byte{6}, ""},
		"connected, too large": {"connected", []byte{1, 1, 0, 1}, ""},

		"replied, handshake": {"replied", handshake, "open"},
		"replied, heartbeat": {"replied", beat, "open"},
		"replied, data":      {"replied", call, kicked},
		"replied, notify":    {"replied", packNotify("echo", `1`), kicked},
		"replied, kick":      {"replied", kick, kicked},
		"replied, type 0":    {"replied", []byte{0}, kicked},
		"replied, too large": {"replied", large, kicked},

		"working, handshake": {"working", handshake, "open"},
		"working, heartbeat": {"working", beat, "open"},
		"working, body":      {"working", pack(wire.PacketHeartbeat, "\xac\x02"), "open"},
		"working, ack":       {"working", ack, kicked},
		"working, kick":      {"working", kick, kicked},
		"working, response":  {"working", packMessage(wire.Head{Type: wire.Response, ID: 1}, `1`), kicked},
		"working, push":      {"working", packMessage(wire.Head{Type: wire.Push, Route: "echo"}, `1`), kicked},
		"working, type 255":  {"working", []byte{255}, kicked},
		"working, too large": {"working", large, kicked},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host := newProtoHost(t)
				calls := protoEcho(host)
				c := host.raw()
				switch test.state {
				case "replied":
					c.send(handshake)
					c.next(wire.PacketHandshake)
				case "working":
					c.shake(protoNano)
				}
				c.send(test.send)
				if test.want != "open" {
					c.wantEnd(test.want)
				} else if c.quiet(); !c.isOpen() {
					t.Error("the connection has ended")
				}
				if n := calls.Load(); n != 0 {
					t.Errorf("%d messages were handled", n)
				}
				if test.want != "open" {
					pass(2 * time.Second)
					if s := host.Stats(); s.Connections != 0 || s.Sessions != 0 {
						t.Errorf("there are %d connections and %d sessions", s.Connections, s.Sessions)
					}
				}
			})
		})
	}
}

// After what was ignored the connection goes on.
func TestIgnoredPackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := newProtoHost(t)
		protoEcho(host)
		c := host.raw()
		handshake := pack(wire.PacketHandshake, protoNano)
		c.send(pack(wire.PacketHeartbeat, ""), handshake, handshake, pack(wire.PacketHeartbeat, ""), handshake)
		c.next(wire.PacketHandshake)
		c.send(pack(wire.PacketAck, `{"with":"a body"}`), handshake, packRequest(9, "echo", `"hi"`))
		c.next(wire.PacketHeartbeat)
		if m := c.message(); m.Type != wire.Response || m.ID != 9 || string(m.Payload) != `"hi"` {
			t.Errorf("%+v", m)
		}
		c.quiet()
	})
}

// Every invalid vector costs a client its connection, and it is told why.
func TestInvalidVectors(t *testing.T) {
	text, err := os.ReadFile("wire/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Invalid []struct{ Name, Hex string } }
	if err := json.Unmarshal(text, &all); err != nil || len(all.Invalid) == 0 {
		t.Fatal(len(all.Invalid), err)
	}
	for _, v := range all.Invalid {
		t.Run(v.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host := newProtoHost(t)
				reasons := make(chan error, 2)
				host.OnSessionClosed(func(s *session.Session) { reasons <- s.Err() })
				c, other := host.shaken(protoNano), host.shaken(protoNano)
				b, err := hex.DecodeString(v.Hex)
				if err != nil {
					t.Fatal(err)
				}
				c.send(b)
				if reason := c.wantEnd(wire.KickProtocol); !strings.HasPrefix(reason, "wire: ") {
					t.Errorf("the reason is %q", reason)
				}
				if code := wire.CodeOf(<-reasons); code != wire.KickProtocol {
					t.Errorf("the session ended with %q", code)
				}
				if other.quiet(); !other.isOpen() {
					t.Error("another client's connection has ended")
				}
			})
		})
	}
}

// Who has not got through the handshake in ten seconds is out, whatever it sends meanwhile.
func TestHandshakeTimeout(t *testing.T) {
	for name, test := range map[string]struct {
		send  []byte
		every []byte
		want  string
	}{
		"silent":          {nil, nil, ""},
		"heartbeats":      {nil, pack(wire.PacketHeartbeat, ""), ""},
		"a slow one":      {pack(wire.PacketHandshake, protoNano)[:8], []byte(" "), ""},
		"no ack":          {pack(wire.PacketHandshake, protoNano), nil, wire.KickTimeout},
		"no ack, beats":   {pack(wire.PacketHandshake, protoNano), pack(wire.PacketHeartbeat, ""), wire.KickTimeout},
		"only handshakes": {pack(wire.PacketHandshake, protoNano), pack(wire.PacketHandshake, protoNano), wire.KickTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host := newProtoHost(t)
				c := host.raw()
				begin := time.Now()
				c.send(test.send)
				if test.want != "" {
					c.next(wire.PacketHandshake)
				}
				for i := 1; i < 20; i++ {
					pass(500 * time.Millisecond)
					if !c.isOpen() {
						t.Fatalf("ended after %v", time.Since(begin))
					}
					c.send(test.every)
				}
				pass(499 * time.Millisecond)
				if c.quiet(); !c.isOpen() {
					t.Fatalf("ended after %v", time.Since(begin))
				}
				pass(time.Millisecond)
				c.wantEnd(test.want)
			})
		})
	}
}

// A handshake in time lifts the limit, and the option moves it.
func TestHandshakeTimeoutOption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := newProtoHost(t, nano.WithHandshakeTimeout(3*time.Second), nano.WithHeartbeatInterval(0))
		slow, silent := host.raw(), host.raw()
		pass(2900 * time.Millisecond)
		slow.shake(protoNano)
		pass(time.Hour)
		if silent.wantEnd(""); !slow.isOpen() {
			t.Error("the client that was in time is out")
		}
	})
}
