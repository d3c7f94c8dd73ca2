package agent

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano/wire"
)

// FuzzConnection has a client say anything, in pieces of any size: the server does not panic, the connection ends, nothing is left behind, and
// another client goes on.
func FuzzConnection(f *testing.F) {
	hs, ack := packet(wire.PacketHandshake, "{}"), packet(wire.PacketAck, "")
	both := append(append([]byte(nil), hs...), ack...)
	f.Add(both, byte(0), false)
	f.Add(append(both, request(1, "x")...), byte(1), false)
	f.Add(append(both, request(1<<63, "x")...), byte(7), true)
	f.Add(append(both, message(wire.Head{Type: wire.Notify, Route: "news"}, "x")...), byte(3), true)
	f.Add(append(both, message(wire.Head{Type: wire.Request, ID: 9, Code: 7, Deflated: true}, string(wire.Deflate(nil, make([]byte, 1000))))...), byte(200), false)
	f.Add(append(both, message(wire.Head{Type: wire.Response, ID: 9}, "x")...), byte(2), false)
	f.Add(append(packet(wire.PacketHandshake, `{"sys":{"platform":"mac","libVersion":"1"},"user":{"a":[1,2]}}`), ack...), byte(5), true)
	f.Add(packet(wire.PacketHandshake, `{"sys":{"nano":1}}`), byte(0), false)
	f.Add([]byte{4, 0xff, 0xff, 0xff, 0, 0}, byte(0), true)
	f.Add(append(both, 4, 0, 0, 1), byte(0), true)
	f.Add(append(both, packet(wire.PacketHeartbeat, "\xac\x02")...), byte(0), false)
	f.Fuzz(func(t *testing.T, say []byte, piece byte, half bool) {
		synctest.Test(t, func(t *testing.T) { fuzzConnection(t, say, int(piece)+1, half) })
	})
}

func fuzzConnection(t *testing.T, say []byte, piece int, half bool) {
	r := newRig(t, func(c *Config) { c.MaxPacket = 2000 })
	witness, _ := r.working(0)
	p := r.connect(1000)
	go func() {
		for len(say) > 0 {
			n := min(piece, len(say))
			if _, err := p.Write(say[:n]); err != nil {
				break
			}
			say = say[n:]
		}
		if half {
			_ = p.CloseWrite()
		}
	}()
	readAll(t, p)
	_ = p.Close()

	_ = witness.SetReadDeadline(time.Time{})
	witness.send(request(1, "still here"))
	for {
		pk, err := witness.next()
		if err != nil {
			t.Fatalf("the witness: %v", err)
		}
		if pk.Type == wire.PacketData {
			break
		}
	}
	_ = witness.Close()
	start := time.Now()
	r.end()
	if d := time.Since(start); d > 3*time.Second {
		t.Errorf("it took %v to end", d)
	}
}

// readAll reads what the server says, for as long as a handshake may take or, if the client goes on to say nothing, as it may be
// silent, and checks that it is in order.
func readAll(t *testing.T, p *peer) {
	_ = p.SetReadDeadline(time.Now().Add(50 * time.Second)) // less than the witness may be silent
	replied, kicked := false, false
	for {
		pk, err := p.next()
		switch {
		case err == io.EOF:
			return
		case isTimeout(err) && replied:
			return // it is silent, and may be
		case err != nil:
			t.Fatalf("the connection ended with %v", err)
		case kicked:
			t.Fatalf("a %v after the kick", pk.Type)
		case pk.Type == wire.PacketHandshake && !replied:
			replied = true
		case pk.Type == wire.PacketHandshake, !replied:
			t.Fatalf("a %v out of place: %q", pk.Type, pk.Body)
		case pk.Type == wire.PacketKick:
			kicked = true
		case pk.Type == wire.PacketData:
			if _, err := wire.ParseMessage(pk.Body); err != nil {
				t.Fatal(err)
			}
		}
	}
}
