package agent

import (
	"sync"
	"time"

	"github.com/lonng/nano/wire"
)

// heartbeat is the packet. Nobody writes to it.
var heartbeat = []byte{byte(wire.PacketHeartbeat), 0, 0, 0}

// ticks is into how many slots an interval is divided: a connection's silence is noticed within one of them.
const ticks = 20

// heart sends the heartbeats of all connections of a server and ends the silent ones, with one timer, which runs only while there
// are connections. Each connection has a slot, visited once an interval; one whose silence would end before the next visit is
// looked at in the slot in which it does. A visit also looks after readers that are held; without heartbeats only those have a place.
type heart struct {
	// static
	quiet    bool // no heartbeats
	interval time.Duration
	tick     time.Duration
	epoch    time.Time

	mu    sync.Mutex // guards what follows
	timer *time.Timer
	next  time.Time // when the timer fires
	at    int       // the slot that it visits then
	slots [ticks][]*Conn
	due   [ticks][]*Conn // connections to look at only
	size  int

	visiting bool    // visit runs and will set the timer itself
	visited  []*Conn // owned by visit
}

// beat is a connection's place in the heart.
type beat struct {
	in   bool
	slot int
	pos  int
	work int64 // the idleSince of a reader at work, at the last visit; owned by visit
}

func (h *heart) init(interval time.Duration) {
	h.interval = interval
	if h.quiet = interval <= 0; h.quiet {
		h.interval = watchInterval
	}
	h.tick = max(time.Millisecond, h.interval/ticks)
	h.epoch = time.Now()
}

func (h *heart) on() bool { return !h.quiet }

// now is the time since the epoch in nanoseconds, never 0.
func (h *heart) now() int64 { return int64(time.Since(h.epoch)) + 1 }

// silence returns for how long a client of the dialect may be silent, 0 for ever. It is two intervals and a little: clients
// that send theirs an interval after ours, unless one is due already, find one due every other time, and then
// send one every two intervals, by what the network took sooner or later.
func (h *heart) silence(d wire.Dialect) time.Duration {
	if !h.on() {
		return 0
	}
	told := wire.ToldHeartbeat(d, h.interval)
	return 2*told + told/25
}

// add begins the heartbeats of c.
func (h *heart) add(c *Conn) {
	if h.on() {
		h.enter(c)
	}
}

// enter gives c a place until remove.
func (h *heart) enter(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.state.Load() == closing { // and remove was here already
		return
	}
	if h.size == 0 {
		h.start()
	}
	h.size++
	slot := (h.at + ticks - 1) % ticks
	c.beat.in, c.beat.slot, c.beat.pos = true, slot, len(h.slots[slot])
	h.slots[slot] = append(h.slots[slot], c)
}

// start is called with mu held.
func (h *heart) start() {
	h.next = time.Now()
	if !h.visiting {
		h.wind()
	}
}

// wind sets the timer for the next visit. Called with mu held.
func (h *heart) wind() {
	h.next = h.next.Add(h.tick)
	if now := time.Now(); h.next.Before(now) {
		h.next = now // the process was held up: go on from here, without all the visits that were missed
	}
	if h.timer == nil {
		h.timer = time.AfterFunc(time.Until(h.next), h.visit)
	} else {
		h.timer.Reset(time.Until(h.next))
	}
}

// remove ends the heartbeats of c.
func (h *heart) remove(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.beat.in {
		return
	}
	c.beat.in = false
	h.size--
	s := h.slots[c.beat.slot]
	last := len(s) - 1
	s[c.beat.pos] = s[last]
	s[c.beat.pos].beat.pos = c.beat.pos
	s[last] = nil
	h.slots[c.beat.slot] = s[:last]
	if h.size == 0 {
		h.timer.Stop()
		h.slots, h.due = [ticks][]*Conn{}, [ticks][]*Conn{}
	}
}

// visit is the timer's function.
func (h *heart) visit() {
	h.mu.Lock()
	if !h.expected() {
		h.mu.Unlock()
		return
	}
	// Readers that were held up as well have input that they could not yet look at: silence is judged at the next visit.
	late := time.Since(h.next) > h.tick
	h.visiting = true
	h.visited = append(h.visited[:0], h.slots[h.at]...)
	due := h.due[h.at]
	h.due[h.at] = nil
	h.at = (h.at + 1) % ticks
	h.mu.Unlock()

	now := h.now()
	for _, c := range h.visited {
		if h.on() {
			_ = c.q.Append(heartbeat)
		}
		h.look(c, now, late)
		if !late {
			c.checkHeld()
		}
	}
	for _, c := range due {
		h.look(c, now, late)
	}
	clear(h.visited)

	h.mu.Lock()
	defer h.mu.Unlock()
	h.visiting = false
	if h.size > 0 {
		h.wind()
	}
}

// expected reports whether the timer, which may have fired just before it was stopped or set anew, fired for h.next.
// Called with mu held.
func (h *heart) expected() bool {
	if h.visiting || h.size == 0 {
		return false
	}
	if early := time.Until(h.next); early > 0 {
		h.timer.Reset(early)
		return false
	}
	return true
}

// look ends c if it was silent for too long, and looks again in time if it might be before the next visit.
func (h *heart) look(c *Conn, now int64, late bool) {
	since := c.idleSince.Load()
	if since == 0 || since >= atWork || c.silence == 0 {
		return
	}
	left := time.Duration(since-now) + c.silence
	if left <= 0 && !late {
		c.kick(wire.NewError(wire.KickTimeout, "no sign of life for two heartbeats"))
		return
	}
	if left >= h.interval {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.beat.in {
		return
	}
	slot := (h.at + int((max(left, 1)+h.tick-1)/h.tick) - 1) % ticks
	h.due[slot] = append(h.due[slot], c)
}
