package agent

import (
	"time"

	"github.com/lonng/nano/wire"
)

// writeSize is how much is written at a time, in bytes: whole frames, or one frame that is larger.
const writeSize = 64 << 10

// WriteFrames implements sendq.Conn.
func (c *Conn) WriteFrames(b []byte) error {
	for len(b) > 0 {
		n := c.piece(b)
		c.extendDeadline(n)
		if _, err := c.nc.Write(b[:n]); err != nil {
			return err
		}
		c.q.Wrote(n)
		b = b[n:]
	}
	if c.stream {
		c.setWriteDeadline(time.Time{}) // the queue goes on without waiting
	}
	return nil
}

// piece returns how much of b to write at a time. A stream may have been cut within a frame.
func (c *Conn) piece(b []byte) int {
	if c.stream {
		return min(len(b), writeSize)
	}
	return wholeFrames(b, writeSize)
}

// wholeFrames returns the length of the frames at the head of b that fit into limit bytes, or of the first one.
func wholeFrames(b []byte, limit int) int {
	if len(b) <= limit {
		return len(b)
	}
	end := 0
	for end < len(b) {
		h := b[end:]
		frame := wire.HeaderLen + int(h[1])<<16 + int(h[2])<<8 + int(h[3])
		if end > 0 && end+frame > limit {
			break
		}
		end += frame
	}
	return end
}

// extendDeadline gives a write of n bytes its time. Setting a deadline costs more than a small write, so it is set again only
// when a second of it has gone, or an eighth of a short one, and when a larger write had more.
func (c *Conn) extendDeadline(n int) {
	timeout := c.server.cfg.WriteTimeout * time.Duration((n+writeSize-1)/writeSize)
	now := time.Now()
	if left := c.deadline.Sub(now); left <= timeout && left > timeout-min(time.Second, timeout/8) {
		return
	}
	c.setWriteDeadline(now.Add(timeout))
}

func (c *Conn) setWriteDeadline(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason != nil {
		return // end has set the last one
	}
	c.deadline = t
	_ = c.nc.SetWriteDeadline(t)
}

// WriteFailed implements sendq.Conn.
func (c *Conn) WriteFailed(err error) {
	if isTimeout(err) {
		c.tooSlow()
		return
	}
	c.end(wire.Errorf(ReasonGone, "the connection was lost: %w", err), nil)
}

// Overflow implements sendq.Conn.
func (c *Conn) Overflow() { c.tooSlow() }

func (c *Conn) tooSlow() {
	if c.kick(wire.NewError(wire.KickSlow, "the client reads too slowly")) {
		c.server.Counters.Slow.Add(1)
	}
}
