// Package mailbox is a session's messages between the reader and their handlers. It keeps the session's order over
// executors, holds the reader back when too much is under way, in the session or in all of a server (see Pool), knows which requests still wait for an answer, and tells when the
// last handler of a closed session has returned.
//
// A message goes through in one of two ways. What runs on the reader itself, or elsewhere, enters and leaves:
//
//	if box.Enter(on, id, size) {
//		handle()
//		box.Leave(size)
//	}
//
// What runs on a loop is put, and the loop takes all that was put since:
//
//	if post, ok := box.Put(loop, msg); ok && post {
//		loop.Do(func() { // box.Drain keeps it
//			msgs := box.Take()
//			… // handle them
//			box.Done(msgs, len(msgs)) // true: post again
//		})
//	}
package mailbox

import (
	"context"
	"sync"
	"sync/atomic"
)

// Message is a message on its way to a handler.
type Message struct {
	To   any    // what handles it
	ID   uint64 // of a request; 0: a notify
	Req  any    // the decoded request
	Size int    // bytes that it counts for
}

// Bounds are those of the messages of one session that were read and whose handlers have not returned. Both must be above 0;
// one message is always let in.
type Bounds struct {
	Messages int
	Bytes    int
}

// Owner is the session's connection.
type Owner interface {
	// Landed is called once, without locks held: the box is closed and the last handler has returned. unanswered is the number of requests
	// that never got an answer.
	Landed(unanswered int)
	// Holding is called by the reader, without locks held, with true before it waits and with false afterwards.
	Holding(waits bool)
}

// Box is a session's mailbox. Put and Enter are the reader's, one goroutine's at a time; the other methods may be called from any
// goroutine and never wait.
type Box struct {
	// static after Init
	owner  Owner
	bounds *Bounds
	pool   *Pool // nil: none

	// Drain is the task that a loop is given, made once by the one who first posts it and left alone by the box.
	Drain func()
	// Context is that of handlers on the logic loop, kept by the one who runs them and left alone by the box.
	Context atomic.Pointer[context.Context]

	mu       sync.Mutex // guards what follows
	on       any        // the executor that the reader used last
	messages int        // under way
	bytes    int
	free     int    // bytes of the message that came into the empty box
	lent     Bounds // by the pool
	owed     owed
	lost     int // requests that were given up
	closed   bool
	landed   bool
	posted   bool      // somebody will take, or has taken and is not done
	put      []Message // not yet taken
	spare    []Message
	waiting  bool
	wake     chan struct{} // made when the reader first has to wait
}

// keep is the capacity up to which the memory of a batch is used again.
const keep = 64

// Init sets up the zero Box. It is called once, before anything else.
func (b *Box) Init(owner Owner, bounds *Bounds) { b.owner, b.bounds = owner, bounds }

// await waits until the messages that went to another executor than on have been handled, and while the bounds are passed or the pool
// refuses. It returns false when the box is closed. It is called, and returns, with mu held.
func (b *Box) await(on any, size int) bool {
	for !b.closed && b.messages > 0 && (b.on != on || b.messages >= b.bounds.Messages || b.bytes+size > b.bounds.Bytes || !b.covered(size)) {
		if b.wake == nil {
			b.wake = make(chan struct{}, 1)
		}
		b.waiting = true
		b.mu.Unlock()
		b.owner.Holding(true)
		<-b.wake
		b.owner.Holding(false)
		b.mu.Lock()
	}
	return !b.closed
}

// Enter counts a message that the reader is about to hand to the executor on, a comparable value, and notes that a request is
// owed an answer. It waits while it must; it returns false when the box is closed.
func (b *Box) Enter(on any, id uint64, size int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.await(on, size) {
		return false
	}
	b.enter(on, id, size)
	return true
}

// Put is Enter for a message that is to be taken by Take on the executor on. post tells the caller to see to that.
func (b *Box) Put(on any, m Message) (post, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.await(on, m.Size) {
		return false, false
	}
	b.enter(on, m.ID, m.Size)
	b.put = append(b.put, m)
	post = !b.posted
	b.posted = true
	return post, true
}

func (b *Box) enter(on any, id uint64, size int) {
	b.on = on
	b.count(size)
	if id != 0 && !b.owed.add(id) {
		b.lost++
	}
}

// Join counts a message that does not come from the reader. It does not wait; it returns false when the box is closed.
func (b *Box) Join(size int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.count(size)
	return true
}

func (b *Box) count(size int) {
	if b.messages == 0 {
		b.free = size
	}
	b.messages++
	b.bytes += size
}

// Leave tells that the handler of a message that entered or joined has returned.
func (b *Box) Leave(size int) {
	b.mu.Lock()
	b.messages--
	b.bytes -= size
	b.finish()
}

// Take returns the messages that were put since. They are the caller's until Done.
func (b *Box) Take() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	msgs := b.put
	b.put, b.spare = b.spare, nil
	return msgs
}

// Done tells that the first n of what Take returned have been handled; the rest will be taken again. It returns true when there
// is something to take: the caller posts again, to the same executor.
func (b *Box) Done(msgs []Message, n int) (again bool) {
	b.mu.Lock()
	for i := range msgs[:n] {
		b.messages--
		b.bytes -= msgs[i].Size
		msgs[i] = Message{}
	}
	switch {
	case n < len(msgs):
		b.put = append(msgs[n:], b.put...)
	case cap(msgs) <= keep:
		b.spare = msgs[:0]
	}
	again = len(b.put) > 0
	b.posted = again
	b.finish()
	return again
}

// finish repays, wakes the reader and sees whether all has landed. It is called with mu held, which it releases.
func (b *Box) finish() {
	b.repay()
	if b.waiting {
		b.waiting = false
		b.wake <- struct{}{} // there is room for the one waiter's one wake-up
	}
	land := b.closed && !b.landed && b.messages == 0
	b.landed = b.landed || land
	unanswered := len(b.owed) + b.lost
	b.mu.Unlock()
	if land {
		b.owner.Landed(unanswered)
	}
}

// Close lets nothing more in.
func (b *Box) Close() {
	b.mu.Lock()
	b.closed = true
	b.finish()
}

// Settle notes that a request has its answer. It returns false when none is owed.
func (b *Box) Settle(id uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.owed.take(id)
}

// Owes reports whether a request waits for its answer.
func (b *Box) Owes(id uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.owed.has(id)
}

// Len returns how many messages, of how many bytes, are under way.
func (b *Box) Len() (messages, bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.messages, b.bytes
}

// Executor returns the executor that the reader used last.
func (b *Box) Executor() any {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.on
}
