// Package ratelimit limits the messages, and their bytes, that one sender may send a second: a token bucket for each of the two.
//
//	limit := ratelimit.Limit{Messages: ratelimit.NewRate(20, 40), Bytes: ratelimit.NewRate(16<<10, 64<<10)}
//	var l ratelimit.Limiter // of one sender; its buckets are full
//	for {
//		l.At(now) // whenever the time is known anyway
//		wait := l.Take(&limit, size, clock) // 0: the message may pass
//	}
//
// Asking for the time costs more than all the rest, so the clock is asked only when the buckets, as they were at the last known
// time, do not hold enough. What is taken is charged when the time is known next, which is late rather than early: in no span of
// time passes more than a full bucket and what flows in during that span.
package ratelimit

import "time"

const second = int64(time.Second)

// The most that a Rate can be. It is kept to within a thousandth up to a million a second.
const (
	MaxPerSecond = 1_000_000_000
	MaxBurst     = 1_000_000_000
)

// Rate is how many tokens flow into a bucket a second, and how many it holds. The zero Rate limits nothing.
type Rate struct {
	perSecond int64
	depth     int64 // the nanoseconds in which an empty bucket fills
}

// NewRate returns a rate. Both must be above 0 and at most the maxima.
func NewRate(perSecond, burst int) Rate {
	return Rate{perSecond: int64(perSecond), depth: int64(burst) * second / int64(perSecond)}
}

// price returns the nanoseconds in which n tokens flow in.
func (r Rate) price(n int) int64 {
	if r.perSecond == 0 {
		return 0
	}
	return int64(n) * second / r.perSecond
}

// Limit is what senders are limited to.
type Limit struct {
	Messages Rate
	Bytes    Rate
}

// shortHold is how long it pays to hold back a sender at least.
const shortHold = 10 * time.Millisecond

// Hold returns for how long to hold back a sender for which Take returned wait: somewhat longer, so that several messages may pass
// then, yet no longer than a bucket takes to fill, so that nothing is lost by it.
func (l *Limit) Hold(wait time.Duration) time.Duration {
	longest := shortHold
	for _, r := range []Rate{l.Messages, l.Bytes} {
		if r.perSecond > 0 {
			longest = min(longest, time.Duration(r.depth))
		}
	}
	return max(wait, longest)
}

// Limiter is the buckets of one sender. The zero Limiter's are full. One goroutine at a time may use it.
type Limiter struct {
	now      int64 // the last known time
	messages bucket
	bytes    bucket
}

// bucket is measured by the time in which it fills.
type bucket struct {
	full  int64 // when it is full
	taken int64 // since the last known time, not yet charged
}

// At tells the time in nanoseconds, from any start on. It must not go back.
func (l *Limiter) At(now int64) {
	l.now = now
	l.messages.charge(now)
	l.bytes.charge(now)
}

func (b *bucket) charge(now int64) {
	if b.taken > 0 {
		b.full = max(b.full, now) + b.taken
		b.taken = 0
	}
}

// wait returns how long it takes until the bucket holds price, or is full if it can never hold as much.
func (b *bucket) wait(now, price int64, r Rate) int64 {
	return max(0, max(0, b.full-now)+b.taken+min(price, r.depth)-r.depth)
}

// Take takes a message of size bytes and returns 0, or returns how long it takes until the message may pass. One that is larger
// than the bucket needs a full one, and the rest is owed. clock returns the time as At is told it.
func (l *Limiter) Take(limit *Limit, size int, clock func() int64) (wait time.Duration) {
	message, bytes := limit.Messages.price(1), limit.Bytes.price(size)
	if l.wait(limit, message, bytes) > 0 {
		l.At(clock())
		if wait := l.wait(limit, message, bytes); wait > 0 {
			return time.Duration(wait)
		}
	}
	l.messages.taken += message
	l.bytes.taken += bytes
	return 0
}

func (l *Limiter) wait(limit *Limit, message, bytes int64) int64 {
	return max(l.messages.wait(l.now, message, limit.Messages), l.bytes.wait(l.now, bytes, limit.Bytes))
}
