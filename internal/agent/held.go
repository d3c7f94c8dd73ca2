package agent

import (
	"time"

	"github.com/lonng/nano/internal/hangup"
	"github.com/lonng/nano/wire"
)

// watchInterval is the heart's where there are no heartbeats.
const watchInterval = 30 * time.Second

// atWork is added to idleSince while the reader is at work on what it has read.
const atWork = int64(1) << 62

// Holding implements mailbox.Owner.
func (c *Conn) Holding(waits bool) {
	c.held.Store(waits)
	switch beats := &c.server.beats; {
	case beats.on(): // c has its place
	case waits:
		beats.enter(c)
	default:
		beats.remove(c)
	}
}

// checkHeld ends c when its client has gone and the reader cannot know, as it has been at the same input for a whole interval: it is
// held back, or a handler holds it. It is called once an interval, by visit.
//
// Heartbeats that cannot be written tell the same. But the first one after the client has closed is still taken by the network, there
// may be none, and a client that has vanished takes them in silence for a quarter of an hour.
func (c *Conn) checkHeld() {
	since := c.idleSince.Load()
	if since < atWork || since != c.beat.work {
		c.beat.work = since
		return
	}
	if err := hangup.Check(c.nc); err != nil {
		c.end(wire.Errorf(ReasonGone, "the client has gone: %w", err), nil)
	}
}
