package agent

import "sync"

// InFlight bounds the messages of one session that were read and whose handlers have not returned. Both must be above 0.
type InFlight struct {
	Messages int
	Bytes    int
}

// flight counts the messages of a session between the reader and the end of their handlers. The reader enters, whoever
// runs the handler leaves. It keeps the session's order over executors, holds the reader back when too much is under
// way, and tells when the last handler of a closed session has returned.
type flight struct {
	mu       sync.Mutex
	on       any // the executor that was entered for last
	messages int
	bytes    int
	closed   bool
	landed   bool // closed and empty was reported
	waiting  bool
	wake     chan struct{} // made when the reader first has to wait
}

// enter counts a message of n bytes that is about to go to an executor. It waits until the messages that went to another
// executor have been handled, and while the bounds are passed. It returns false when the session is closed.
func (f *flight) enter(on any, n int, bounds InFlight) bool {
	f.mu.Lock()
	for !f.closed && f.messages > 0 && (f.on != on || f.messages >= bounds.Messages || f.bytes+n > bounds.Bytes) {
		if f.wake == nil {
			f.wake = make(chan struct{}, 1)
		}
		f.waiting = true
		f.mu.Unlock()
		<-f.wake
		f.mu.Lock()
	}
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	f.on = on
	f.messages++
	f.bytes += n
	return true
}

// join counts a message that does not come from the reader, without waiting.
func (f *flight) join(n int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	f.messages++
	f.bytes += n
	return true
}

func (f *flight) executor() any {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.on
}

// leave undoes enter or join. It returns true once: when the session is closed and this was its last message.
func (f *flight) leave(n int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.messages--
	f.bytes -= n
	f.notify()
	return f.land()
}

// close lets nothing more enter. It returns true when nothing is under way.
func (f *flight) close() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.notify()
	return f.land()
}

func (f *flight) land() bool {
	if !f.closed || f.landed || f.messages > 0 {
		return false
	}
	f.landed = true
	return true
}

// notify wakes the reader. Called with mu held; the channel has room for the one waiter's one wake-up.
func (f *flight) notify() {
	if f.waiting {
		f.waiting = false
		f.wake <- struct{}{}
	}
}
