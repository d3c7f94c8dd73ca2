package agent

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano/internal/memnet"
	"github.com/lonng/nano/internal/ratelimit"
	"github.com/lonng/nano/wire"
)

func limited(p Policy, exempt ...string) func(*Config) {
	return func(c *Config) {
		routes := make(map[string]struct{})
		for _, r := range exempt {
			routes[r] = struct{}{}
		}
		c.RateLimit = &RateLimit{Limit: ratelimit.Limit{Messages: ratelimit.NewRate(10, 2)}, Policy: p, Exempt: routes}
	}
}

// The bytes are those of the packet, as it came: deflated.
func TestLimitCountsPackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) {
			c.RateLimit = &RateLimit{Limit: ratelimit.Limit{Bytes: ratelimit.NewRate(100, 200)}, Policy: Refuse}
		})
		p, _ := r.working(0)
		deflated := message(wire.Head{Type: wire.Request, ID: 1, Route: "echo", Deflated: true}, string(wire.Deflate(nil, make([]byte, 10_000))))
		if len(deflated) >= 100 {
			t.Fatalf("%d bytes", len(deflated))
		}
		p.send(deflated)
		if b := p.want(wire.PacketData); len(b) < 10_000 {
			t.Errorf("answered with %d bytes", len(b))
		}
		rest := 200 - len(deflated) - len(request(2, ""))
		p.send(request(2, string(make([]byte, rest))), request(3, ""))
		p.want(wire.PacketData)
		m, err := wire.ParseMessage([]byte(p.want(wire.PacketData)))
		if err != nil || m.ID != 3 || !m.IsError {
			t.Errorf("%+v, %v", m, err)
		}
		if n := r.Counters.Limited.Load(); n != 1 {
			t.Errorf("%d refused", n)
		}
		p.Close()
		r.end()
	})
}

// Heartbeats pass at any rate and take no tokens.
func TestLimitSparesHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, limited(Close))
		p, _ := r.working(0)
		for range 100 {
			p.send(packet(wire.PacketHeartbeat, ""))
		}
		p.send(request(1, "a"), request(2, "b"))
		p.want(wire.PacketData)
		p.want(wire.PacketData)
		p.send(request(3, "c"))
		p.wantKick(wire.KickLimited)
		p.Close()
		synctest.Wait()
		if e := r.reason(); e.Code != "limited" || closeCode(e) != 4006 || r.Counters.Flooded.Load() != 1 {
			t.Errorf("ended with %v, close code %d, %d counted", e, closeCode(e), r.Counters.Flooded.Load())
		}
		r.end()
	})
}

// What is queued when a message is held back leaves at once.
func TestDelaySendsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, limited(Delay))
		p, _ := r.working(0)
		start := time.Now()
		p.send(request(1, "a"), request(2, "b"), request(3, "c"))
		p.want(wire.PacketData)
		p.want(wire.PacketData)
		if d := time.Since(start); d != 0 {
			t.Errorf("the first came after %v", d)
		}
		p.want(wire.PacketData)
		if d := time.Since(start); d != 100*time.Millisecond {
			t.Errorf("the third came after %v", d)
		}
		p.Close()
		r.end()
	})
}

// A message that passes costs no allocation, nor does one that is refused by silence.
func TestAdmitAllocations(t *testing.T) {
	r := newRig(t, limited(Refuse, "login"))
	_, nc := memnet.Pipe(0)
	c := newConn(r.Server, nc)
	defer nc.Close()
	for _, route := range []string{"login", "echo"} {
		m := wire.MessageView{Type: wire.Notify, Route: []byte(route)}
		if n := testing.AllocsPerRun(100, func() { c.admit(&m, 10) }); n != 0 {
			t.Errorf("%s: %v allocations", route, n)
		}
	}
}
