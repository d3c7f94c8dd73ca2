package sendq

import "time"

// maxHeld is how long a corked queue may hold back what was appended.
const maxHeld = time.Millisecond

// Cork holds back what is appended until Uncork, a millisecond at the most, so that a goroutine that will append several times
// writes once, and by itself. Only queues that share a Flusher can be corked; for others it does nothing.
func (q *Queue) Cork() {
	if q.shared == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.corked = true
}

// Uncork writes what was held back, as far as the socket takes it at once.
func (q *Queue) Uncork() {
	q.mu.Lock()
	q.corked = false
	write := q.held && !q.flushing
	q.held = false
	q.flushing = q.flushing || write
	q.mu.Unlock()
	if !write {
		return
	}
	q.shared.release(q)
	w := q.shared.writers.Get().(*tryWriter)
	q.flushShared(w)
	q.shared.writers.Put(w)
}

// overdue is called when a queue was held for too long: whoever corked it is at something else.
func (q *Queue) overdue() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.held {
		return
	}
	q.held, q.corked = false, false
	q.startFlusher()
}

// hold puts q in the list of those that are held. It is called with the lock of q held.
func (f *Flusher) hold(q *Queue) {
	f.mu.Lock()
	defer f.mu.Unlock()
	q.place = len(f.held)
	f.held = append(f.held, q)
	switch {
	case f.alarmSet:
	case f.alarm == nil:
		f.alarm = time.AfterFunc(maxHeld, f.releaseAll)
	default:
		f.alarm.Reset(maxHeld)
	}
	f.alarmSet = true
}

// release takes q from the list, if releaseAll has not.
func (f *Flusher) release(q *Queue) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if q.place >= len(f.held) || f.held[q.place] != q {
		return
	}
	last := len(f.held) - 1
	f.held[q.place] = f.held[last]
	f.held[q.place].place = q.place
	f.held[last] = nil
	f.held = f.held[:last]
}

// releaseAll writes for all that are held. The list is short: those whose reader is at work now.
func (f *Flusher) releaseAll() {
	f.mu.Lock()
	held := f.held
	f.held, f.alarmSet = nil, false
	f.mu.Unlock()
	for _, q := range held {
		q.overdue()
	}
}
