package doubles

import "time"

// slack is how much later than it expects a client still takes a packet.
const slack = 100 * time.Millisecond

// beats is how a family of clients keeps its connection alive.
type beats int

const (
	// noBeats: it sends what the application sends.
	noBeats beats = iota
	// answerBeats: an interval after a heartbeat came it sends one, unless one is due already; after that the
	// server has two intervals for any packet. It never begins by itself.
	answerBeats
	// ownBeats: an interval after the handshake it sends one, then the server has two intervals for its own, and
	// an interval after that it sends the next.
	ownBeats
	// steadyBeats: it sends one every interval; the server has two intervals for any packet.
	steadyBeats
)

// beat is a double's heartbeats. The double's mutex guards it.
type beat struct {
	interval time.Duration // 0: none
	timer    *time.Timer   // for the next one to send; nil: none is due
	limit    *time.Timer   // for the server; nil: it has all the time
	until    time.Time     // when the server will have been silent for too long
	stopped  bool
	came     []time.Time
	sent     []time.Time
}

// startBeats begins when the handshake is done. Called with mu held.
func (d *Double) startBeats() {
	if d.beat.interval == 0 || d.beat.stopped {
		return
	}
	switch d.traits.beats {
	case ownBeats:
		d.beat.timer = time.AfterFunc(d.beat.interval, d.sendBeat)
	case steadyBeats:
		d.beat.timer = time.AfterFunc(d.beat.interval, d.sendBeat)
		d.watch()
	}
}

// answer is called for each heartbeat that came, with mu held.
func (b beats) answer(d *Double) {
	if d.beat.interval == 0 || d.beat.stopped {
		return
	}
	switch {
	case b == answerBeats:
		d.unwatch()
		if d.beat.timer == nil {
			d.beat.timer = time.AfterFunc(d.beat.interval, d.sendBeat)
		}
	case b == ownBeats && d.beat.limit != nil: // it waits for one
		d.unwatch()
		d.beat.timer = time.AfterFunc(d.beat.interval, d.sendBeat)
	}
}

// heard is called for every packet, with mu held.
func (d *Double) heard() {
	if d.traits.beats != ownBeats {
		d.beat.until = time.Now().Add(2 * d.beat.interval)
	}
}

func (d *Double) sendBeat() {
	d.send(heartbeatPacket, nil)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.beat.stopped {
		return
	}
	d.beat.sent = append(d.beat.sent, time.Now())
	d.beat.timer = nil
	switch d.traits.beats {
	case answerBeats, ownBeats:
		d.watch()
	case steadyBeats:
		d.beat.timer = time.AfterFunc(d.beat.interval, d.sendBeat)
	}
}

// watch gives the server two intervals from now. Called with mu held.
func (d *Double) watch() {
	d.unwatch()
	d.beat.until = time.Now().Add(2 * d.beat.interval)
	d.beat.limit = time.AfterFunc(2*d.beat.interval+slack, d.silent)
}

func (d *Double) unwatch() {
	if d.beat.limit != nil {
		d.beat.limit.Stop()
		d.beat.limit = nil
	}
}

// silent runs when the server may have been silent for too long.
func (d *Double) silent() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.beat.stopped || d.beat.limit == nil {
		return
	}
	if left := time.Until(d.beat.until) + slack; left > 0 {
		d.beat.limit.Reset(left)
		return
	}
	d.crash("the server was silent for two intervals of %v", d.beat.interval)
}

func (d *Double) stopBeats() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.beat.stopped = true
	d.unwatch()
	if d.beat.timer != nil {
		d.beat.timer.Stop()
	}
}
