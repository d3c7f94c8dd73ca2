package mailbox

import "sync/atomic"

// Pool bounds what all boxes of a server have under way together. Each box may have one message beside it, whatever its size; for
// more it borrows, in steps, and it gives back what it no longer needs. So sessions with one message at a time never touch the
// pool, and a busy one touches it once for many messages.
//
// A box that is refused waits until its own messages have been handled, and then asks again. It needs nobody to wake it: messages of one
// session are handled in order, so the one that waits would not have been handled any sooner.
type Pool struct {
	// static
	bounds Bounds
	step   Bounds // how much is borrowed at a time at least

	_        [64]byte // all boxes write what follows
	messages atomic.Int64
	bytes    atomic.Int64
}

// The most that is borrowed without need.
const (
	stepMessages = 16
	stepBytes    = 16 << 10
)

// NewPool returns a pool that lends up to bounds, which must be above 0.
func NewPool(bounds Bounds) *Pool {
	return &Pool{bounds: bounds, step: Bounds{
		Messages: min(max(bounds.Messages/1024, 1), stepMessages),
		Bytes:    min(max(bounds.Bytes/1024, 1), stepBytes),
	}}
}

// Lent returns what the boxes have borrowed.
func (p *Pool) Lent() Bounds {
	return Bounds{Messages: int(p.messages.Load()), Bytes: int(p.bytes.Load())}
}

// lend returns false when there is not as much left.
func (p *Pool) lend(n Bounds) bool {
	if n.Messages > 0 && p.messages.Add(int64(n.Messages)) > int64(p.bounds.Messages) {
		p.messages.Add(-int64(n.Messages))
		return false
	}
	if n.Bytes > 0 && p.bytes.Add(int64(n.Bytes)) > int64(p.bounds.Bytes) {
		p.giveBack(n)
		return false
	}
	return true
}

func (p *Pool) giveBack(n Bounds) {
	if n.Messages > 0 {
		p.messages.Add(-int64(n.Messages))
	}
	if n.Bytes > 0 {
		p.bytes.Add(-int64(n.Bytes))
	}
}

// Share makes the box borrow from p. It is called once, after Init.
func (b *Box) Share(p *Pool) { b.pool = p }

// covered borrows what a further message of size bytes needs beside those under way, of which there must be some. It returns
// false when the pool refuses. Called with mu held.
func (b *Box) covered(size int) bool {
	if b.pool == nil {
		return true
	}
	lack := Bounds{Messages: max(0, b.messages-b.lent.Messages), Bytes: max(0, b.bytes+size-b.free-b.lent.Bytes)}
	if lack == (Bounds{}) {
		return true
	}
	loan := lack
	if lack.Messages > 0 {
		loan.Messages = max(lack.Messages, b.pool.step.Messages)
	}
	if lack.Bytes > 0 {
		loan.Bytes = max(lack.Bytes, b.pool.step.Bytes)
	}
	if !b.pool.lend(loan) {
		if loan = lack; !b.pool.lend(loan) {
			return false
		}
	}
	b.lent.Messages += loan.Messages
	b.lent.Bytes += loan.Bytes
	return true
}

// repay gives back all that an empty box has borrowed, and what another one has borrowed beyond need and two steps. Called with mu
// held.
func (b *Box) repay() {
	if b.lent == (Bounds{}) {
		return
	}
	spare := b.lent
	if b.messages > 0 {
		step := b.pool.step
		spare.Messages -= max(0, b.messages-1) + step.Messages
		spare.Bytes -= max(0, b.bytes-b.free) + step.Bytes
		if spare.Messages < step.Messages && spare.Bytes < step.Bytes {
			return
		}
		spare = Bounds{Messages: max(0, spare.Messages), Bytes: max(0, spare.Bytes)}
	}
	b.lent.Messages -= spare.Messages
	b.lent.Bytes -= spare.Bytes
	b.pool.giveBack(spare)
}
