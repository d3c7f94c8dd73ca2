package agent

import (
	"time"

	"github.com/lonng/nano/internal/ratelimit"
	"github.com/lonng/nano/wire"
)

// RateLimit limits the messages that each connection may send once its handshake is done. Bytes are those of packets, headers included.
type RateLimit struct {
	ratelimit.Limit
	Policy Policy
	Exempt map[string]struct{} // routes whose messages pass and do not count
}

// Policy says what becomes of a message beyond the limit.
type Policy uint8

// The policies.
const (
	Delay  Policy = iota // it waits, and all that comes after it
	Refuse               // a request is answered with an error, a notify is dropped
	Close                // its session is closed
)

// limiter is a connection's own part of the RateLimit.
type limiter struct {
	ratelimit.Limiter             // owned by the reader
	timer             *time.Timer // owned by the reader; nil until it is needed
}

var errLimited = wire.NewError(wire.CodeLimited, "too many messages")

// admit reports whether a message of size bytes goes on, which may take a while.
func (c *Conn) admit(m *wire.MessageView, size int) bool {
	limit := c.server.cfg.RateLimit
	if c.server.exempt(m) {
		return true
	}
	clock := c.server.beats.now
	wait := c.limiter.Take(&limit.Limit, size, clock)
	if wait == 0 {
		return true
	}
	switch limit.Policy {
	case Refuse:
		c.server.Counters.Limited.Add(1)
		_ = c.Fail(m.ID, errLimited, false)
		return false
	case Close:
		if c.kick(wire.NewError(wire.KickLimited, errLimited.Message)) {
			c.server.Counters.Flooded.Add(1)
		}
		return false
	}
	c.server.Counters.Delayed.Add(1)
	for wait > 0 {
		if !c.pause(limit.Hold(wait)) {
			return false
		}
		wait = c.limiter.Take(&limit.Limit, size, clock)
	}
	return true
}

func (s *Server) exempt(m *wire.MessageView) bool {
	routes := s.cfg.RateLimit.Exempt
	if len(routes) == 0 {
		return false
	}
	if m.Code == 0 {
		_, ok := routes[string(m.Route)]
		return ok
	}
	route, ok := s.cfg.Dictionary.Route(m.Code)
	if ok {
		_, ok = routes[route]
	}
	return ok
}

// pause makes the reader wait. It returns false when the session ends meanwhile.
func (c *Conn) pause(d time.Duration) bool {
	c.uncork()
	l := c.limiter
	if l.timer == nil {
		l.timer = time.NewTimer(d)
	} else {
		l.timer.Reset(d)
	}
	c.Holding(true)
	defer c.Holding(false)
	select {
	case <-l.timer.C:
		return true
	case <-c.session.Context().Done():
		l.timer.Stop()
		return false
	}
}
