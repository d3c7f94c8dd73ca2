package agent

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano/internal/mailbox"
	"github.com/lonng/nano/wire"
)

// take has messages handled on the reader, which takes a while, until the session ends.
func take(d time.Duration, handled *int) func(*Conn, *wire.MessageView) {
	return func(c *Conn, m *wire.MessageView) {
		if !c.Box().Enter(inline{}, m.ID, len(m.Payload)) {
			return
		}
		defer c.Box().Leave(len(m.Payload))
		select {
		case <-time.After(d):
			*handled++
		case <-c.Session().Context().Done():
		}
	}
}

// A client that shuts its side, and still takes heartbeats, is noticed though its reader is in a handler.
func TestHeldByHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handled := 0
		r := newRig(t, func(c *Config) { c.Dispatch = take(24*time.Hour, &handled) })
		p, c := r.working(0)
		stays, _ := r.working(0)
		p.send(request(1, "x"))
		stays.send(request(1, "x"))
		go stays.beatBack()
		advance(time.Hour)
		if c.state.Load() != working {
			t.Fatal("ended while its client was there")
		}
		_ = p.CloseWrite()
		start := time.Now()
		for {
			if pk, err := p.next(); err != nil {
				break
			} else if pk.Type != wire.PacketHeartbeat {
				t.Errorf("got a %v", pk.Type)
			}
		}
		if d := time.Since(start); d > 31*time.Second {
			t.Errorf("noticed after %v", d)
		}
		p.Close()
		synctest.Wait()
		if c.reason == nil || c.reason.Code != ReasonGone || r.Len() != 1 || handled != 0 {
			t.Errorf("ended with %v, %d connections, %d handled", c.reason, r.Len(), handled)
		}
		r.end()
	})
}

// One that shuts its side is not ended while its reader goes on: what it said before is handled.
func TestSlowReaderIsNotHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages = 10
		handled := 0
		r := newRig(t, func(c *Config) { c.Dispatch = take(25*time.Second, &handled) })
		p, _ := r.working(0)
		for id := range uint64(messages) {
			p.send(request(id+1, strings.Repeat("x", 4000))) // about one a read
		}
		_ = p.CloseWrite()
		go p.beatBack()
		advance(messages * 26 * time.Second)
		if handled != messages || r.reason().Code != ReasonGone {
			t.Errorf("%d handled, ended with %v", handled, r.reason())
		}
		p.Close()
		r.end()
	})
}

// Without heartbeats the timer runs while a reader is held back, to see whether its client has gone.
func TestHeldWithoutHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var held []*Conn
		r := newRig(t, func(c *Config) {
			c.Heartbeat = 0
			c.InFlight = mailbox.Bounds{Messages: 1, Bytes: 1}
			c.Dispatch = func(c *Conn, m *wire.MessageView) {
				if c.Box().Enter("elsewhere", m.ID, len(m.Payload)) { // until the test says so
					held = append(held, c)
				}
			}
		})
		peers := []*peer{r.connect(0), r.connect(0), r.connect(0)}
		for _, p := range peers {
			p.shake()
			p.send(request(1, "x"), request(2, "y"))
		}
		advance(time.Hour)
		if r.beats.size != 3 || r.Load().Held != 3 {
			t.Errorf("%d are watched, %+v", r.beats.size, r.Load())
		}
		peers[0].Close()
		_ = peers[1].Reset()
		advance(61 * time.Second)
		if r.beats.size != 1 || r.Load().Connections != 1 {
			t.Errorf("%d are watched, %+v", r.beats.size, r.Load())
		}
		for _, c := range held {
			c.Box().Leave(1)
		}
		synctest.Wait()
		checkEmpty(t, &r.beats)
		held[len(held)-1].Box().Leave(1) // what came in last
		peers[2].send(request(3, "z"))
		synctest.Wait()
		if l := r.Load(); l.Held != 0 || l.InboundMessages != 1 || l.InboundBytes != 1 {
			t.Errorf("%+v", l)
		}
		held[len(held)-1].Box().Leave(1)
		peers[2].Close()
		r.end()
	})
}
