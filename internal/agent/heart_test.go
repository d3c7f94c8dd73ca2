package agent

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano/internal/memnet"
	"github.com/lonng/nano/wire"
)

// checkEmpty fails when a heart without connections has a timer or remembers any.
func checkEmpty(t testing.TB, h *heart) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	held := 0
	for i := range h.slots {
		held += cap(h.slots[i]) + cap(h.due[i])
	}
	for _, c := range h.visited[:cap(h.visited)] {
		if c != nil {
			held++
		}
	}
	if h.size != 0 || held != 0 || h.timer != nil && h.timer.Stop() {
		t.Errorf("the heart holds %d connections, %d places, a timer", h.size, held)
	}
}

// Each of many connections gets a heartbeat once an interval, whenever it came.
func TestHeartbeatInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const interval, beats = 30 * time.Second, 20
		r := newRig(t, func(c *Config) { c.Heartbeat = interval })
		rnd := rand.New(rand.NewPCG(1, 1))
		var wg sync.WaitGroup
		for range 200 {
			advance(time.Duration(rnd.IntN(1000)) * time.Millisecond)
			p, _ := r.working(0) // reads the first, which comes with the ack
			wg.Go(func() {
				last := time.Now()
				for n := range beats {
					p.want(wire.PacketHeartbeat)
					gap := time.Since(last)
					if gap > interval || gap < interval && n > 0 || gap < interval-interval/ticks {
						t.Errorf("heartbeat %d came after %v", n, gap)
					}
					last = time.Now()
					p.send(packet(wire.PacketHeartbeat, ""))
				}
				p.Close()
			})
		}
		wg.Wait()
		r.wg.Wait()
		checkEmpty(t, &r.beats)
		r.end()
	})
}

// A connection that falls silent is ended two intervals later, within a tenth of one: a twentieth after its deadline.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, interval := range []time.Duration{30 * time.Second, time.Second, 333 * time.Millisecond, 7777777 * time.Microsecond} {
			r := newRig(t, func(c *Config) { c.Heartbeat = interval })
			rnd := rand.New(rand.NewPCG(2, 2))
			var wg sync.WaitGroup
			for range 100 {
				<-time.After(upTo(rnd, interval/10))
				p, _ := r.working(0)
				talk := upTo(rnd, 5*interval)
				wg.Go(func() { checkSilence(t, p, interval, r.beats.silence(wire.DialectNano), talk) })
			}
			wg.Wait()
			r.end()
		}
	})
}

func upTo(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }

// checkSilence speaks for a while, at less than the interval, and measures.
func checkSilence(t *testing.T, p *peer, interval, deadline, talk time.Duration) {
	for end := time.Now().Add(talk); time.Now().Before(end); {
		<-time.After(interval * 9 / 7)
		if _, err := p.Write(packet(wire.PacketHeartbeat, "")); err != nil {
			t.Errorf("ended while it spoke: %v", err)
			return
		}
	}
	silent := time.Now()
	p.wantKick(wire.KickTimeout)
	d := time.Since(silent)
	if d < deadline || d > deadline+interval/ticks+time.Millisecond || d < 2*interval || d > 2*interval+interval/10 {
		t.Errorf("interval %v: ended after %v of silence, the deadline is %v", interval, d, deadline)
	}
	p.Close()
}

// A Pitaya client is told whole seconds, and its deadline follows them.
func TestSilenceAsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Heartbeat = 300 * time.Millisecond })
		p := r.connect(0)
		p.send(packet(wire.PacketHandshake, `{"sys":{"platform":"mac","libVersion":"0.3.5"}}`))
		p.want(wire.PacketHandshake)
		p.send(packet(wire.PacketAck, ""))
		start := time.Now()
		p.wantKick(wire.KickTimeout)
		if d := time.Since(start); d < 2*time.Second || d > 2*time.Second+100*time.Millisecond {
			t.Errorf("ended after %v", d)
		}
		p.Close()
		r.end()
	})
}

// Without heartbeats nobody is ever too silent, and there is no timer.
func TestHeartbeatsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Heartbeat = -1 })
		p := r.connect(0)
		p.shake()
		advance(1000 * time.Hour)
		p.send(request(1, "still here"))
		p.want(wire.PacketData)
		if r.beats.timer != nil {
			t.Error("there is a timer")
		}
		p.Close()
		r.end()
	})
}

func TestNoTimerWhenEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		for range 3 {
			var peers []*peer
			for range 10 {
				advance(time.Second)
				p, _ := r.working(0)
				peers = append(peers, p)
			}
			advance(25 * time.Second) // some are due
			for _, p := range peers {
				p.Close()
			}
			synctest.Wait()
			checkEmpty(t, &r.beats)
			advance(time.Hour)
		}
		r.end()
	})
}

// A process that was held up for long neither sends all the heartbeats that it missed nor ends clients whose heartbeats
// it could not read.
func TestHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		p, c := r.working(0)
		advance(time.Second)
		r.beats.mu.Lock()
		r.beats.next = r.beats.next.Add(-time.Hour)
		r.beats.mu.Unlock()
		c.idleSince.Store(c.idleSince.Load() - int64(time.Hour)) // the reader could not run either
		for range ticks {
			r.beats.visit()
		}
		synctest.Wait()
		_ = p.SetReadDeadline(time.Now())
		if pk, err := p.next(); err == nil {
			t.Errorf("got a %v at once: %s", pk.Type, pk.Body)
		}
		_ = p.SetReadDeadline(time.Time{})
		p.send(packet(wire.PacketHeartbeat, "")) // in time for the next visit
		p.want(wire.PacketHeartbeat)
		p.send(request(1, "alive"))
		p.want(wire.PacketData)
		p.Close()
		r.end()
	})
}

// A timer that fires beside a visit, or before its time, does nothing.
func TestStrayVisits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		p, _ := r.working(0)
		var wg sync.WaitGroup
		go p.beatBack()
		for range 100 {
			for range 3 {
				wg.Go(r.beats.visit)
			}
			<-time.After(time.Second)
		}
		wg.Wait()
		p.Close()
		synctest.Wait()
		r.beats.visit()
		checkEmpty(t, &r.beats)
		r.end()
	})
}

// Connections come and go beside the visits. This one is for the race detector.
func TestHeartRaces(t *testing.T) {
	s := newRig(t, func(c *Config) { c.Heartbeat = ticks * time.Millisecond })
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a, b := memnet.Pipe(0)
				c := newConn(s.Server, b)
				c.state.Store(working)
				c.silence = 1
				c.idleSince.Store(1)
				var both sync.WaitGroup
				both.Go(func() { s.beats.add(c) })
				both.Go(func() { c.end(wire.NewError(ReasonClosed, ""), nil) })
				both.Wait()
				<-c.q.Close(nil)
				a.Close()
				b.Close()
				if c.beat.in {
					t.Error("an ended connection is in the heart")
				}
			}
		})
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a, b := memnet.Pipe(0)
				c := newConn(s.Server, b)
				c.state.Store(working)
				s.beats.add(c)
				s.beats.visit()
				c.end(wire.NewError(ReasonClosed, ""), nil)
				<-c.q.Close(nil)
				a.Close()
				b.Close()
			}
		})
	}
	<-time.After(300 * time.Millisecond)
	close(stop)
	wg.Wait()
	for visiting := true; visiting; runtime.Gosched() {
		s.beats.mu.Lock()
		visiting = s.beats.visiting
		s.beats.mu.Unlock()
	}
	checkEmpty(t, &s.beats)
}
