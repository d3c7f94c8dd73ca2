package nano

import (
	"slices"

	"github.com/lonng/nano/component"
	"github.com/lonng/nano/internal/agent"
	"github.com/lonng/nano/internal/mailbox"
	"github.com/lonng/nano/internal/ratelimit"
	"github.com/lonng/nano/wire"
)

// WithInFlight bounds what one session has in flight: the messages that were read and whose handlers have not returned, and the
// bytes of their payloads. At a bound the session is not read from, so that in the end its client cannot send; nothing is dropped,
// and its silence does not count. One message is let in whatever its size. The default is 256 messages and 1 MiB; 0 and below mean
// the default.
func WithInFlight(messages, bytes int) Option {
	return func(c *config) { c.inFlight = mailbox.Bounds{Messages: max(0, messages), Bytes: max(0, bytes)} }
}

// WithSendQueue bounds what waits to be sent to one session, in bytes. A session above soft for 5 s, or one that a message would take
// above hard, is closed with the code "slow"; an empty queue takes any message. The defaults are 1 MiB and 16 MiB; 0 and below
// mean the default.
func WithSendQueue(soft, hard int) Option {
	return func(c *config) {
		c.queue = defaultQueue()
		soft, hard := or(max(0, soft), c.queue.Soft), or(max(0, hard), c.queue.Hard)
		if hard < soft {
			c.fail("WithSendQueue: the hard bound of %d bytes is below the soft one of %d", hard, soft)
		}
		c.queue.Soft, c.queue.Hard = soft, hard
	}
}

// WithServerInFlight bounds what all sessions of the server have in flight together, as WithInFlight does for one: however many there are
// and however far the loop falls behind, no more waits in memory. One message of each session is let in in any case and does not
// count, so that a session is slowed down by the others and never stopped. The default is 262,144 messages and 64 MiB; 0 and below
// mean the default.
func WithServerInFlight(messages, bytes int) Option {
	return func(c *config) {
		c.serverInFlight = mailbox.Bounds{Messages: max(0, messages), Bytes: max(0, bytes)}
	}
}

// orBounds is or for each of the two.
func orBounds(b, otherwise mailbox.Bounds) mailbox.Bounds {
	return mailbox.Bounds{Messages: or(b.Messages, otherwise.Messages), Bytes: or(b.Bytes, otherwise.Bytes)}
}

// RateLimit is what each session may send: two token buckets, one of messages and one of bytes. Tokens flow into a bucket at a
// rate, up to its burst; a message takes one token of the first and as many of the second as its packet has bytes, header and
// route included. A packet larger than the burst of bytes needs a full bucket, and the rest is owed. Handshakes and heartbeats are
// no messages.
//
//	nano.WithRateLimit(nano.RateLimit{Messages: 30, Bytes: 16 << 10, Policy: nano.LimitRefuse, Exempt: []string{"auth.login"}})
type RateLimit struct {
	Messages     int         // a second; 0 and below: any number; at most 1,000,000
	MessageBurst int         // at once, after a while of silence; 0 and below: those of a second
	Bytes        int         // a second; 0 and below: any number; at most 1,000,000,000
	ByteBurst    int         // at once; 0 and below: those of a second
	Policy       LimitPolicy // for messages beyond the limit
	Exempt       []string    // routes whose messages pass at any rate and take no tokens
}

// LimitPolicy says what becomes of a message beyond a RateLimit.
type LimitPolicy int

// The policies of a RateLimit.
const (
	// LimitDelay holds the message back until there are tokens for it, and with it all that the client sends after it: it is not
	// read, so that in the end the client cannot send. Nothing is lost, and the client's silence does not count meanwhile. It is the
	// default.
	LimitDelay LimitPolicy = iota
	// LimitRefuse answers a request with an error of the code "limited", and drops a notify. They take no tokens.
	LimitRefuse
	// LimitClose closes the session with the code "limited".
	LimitClose
)

const (
	maxRateMessages = 1_000_000
	maxRateBytes    = ratelimit.MaxPerSecond
)

// WithRateLimit limits how many messages, and bytes, each session may send a second. There is no limit by default, nor when
// both rates are 0 or below.
func WithRateLimit(l RateLimit) Option {
	return func(c *config) {
		messages := c.rate("Message", l.Messages, l.MessageBurst, maxRateMessages)
		bytes := c.rate("Byte", l.Bytes, l.ByteBurst, maxRateBytes)
		policies := map[LimitPolicy]agent.Policy{LimitDelay: agent.Delay, LimitRefuse: agent.Refuse, LimitClose: agent.Close}
		policy, ok := policies[l.Policy]
		if !ok {
			c.fail("WithRateLimit: there is no policy %d", l.Policy)
		}
		exempt := make(map[string]struct{}, len(l.Exempt))
		for _, route := range l.Exempt {
			if route == "" || len(route) > wire.MaxRoute {
				c.fail("WithRateLimit: Exempt has a route of %d bytes: it must have 1 to %d", len(route), wire.MaxRoute)
			}
			exempt[route] = struct{}{}
		}
		c.rateLimit = nil
		if l.Messages > 0 || l.Bytes > 0 {
			c.rateLimit = &agent.RateLimit{
				Limit:  ratelimit.Limit{Messages: messages, Bytes: bytes},
				Policy: policy,
				Exempt: exempt,
			}
		}
	}
}

// checkExempt logs the exempt routes that have no handler: a misspelt one would be limited.
func (s *Server) checkExempt(handlers []*component.Handler) {
	if s.cfg.rateLimit == nil {
		return
	}
	for route := range s.cfg.rateLimit.Exempt {
		if !slices.ContainsFunc(handlers, func(h *component.Handler) bool { return h.Route == route }) {
			s.cfg.log.Warn("nano: WithRateLimit exempts a route that has no handler", "route", route)
		}
	}
}

// rate makes a rate of the fields of a RateLimit whose names begin with name.
func (c *config) rate(name string, perSecond, burst, most int) ratelimit.Rate {
	switch {
	case perSecond > most:
		c.fail("WithRateLimit: %ss: %d a second: the most is %d", name, perSecond, most)
	case burst > ratelimit.MaxBurst:
		c.fail("WithRateLimit: %sBurst: %d: the most is %d", name, burst, ratelimit.MaxBurst)
	case perSecond > 0:
		if burst <= 0 {
			burst = perSecond
		}
		return ratelimit.NewRate(perSecond, burst)
	case burst > 0:
		c.fail("WithRateLimit: %sBurst without %ss", name, name)
	}
	return ratelimit.Rate{}
}
