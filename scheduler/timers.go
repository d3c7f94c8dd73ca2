package scheduler

import (
	"container/heap"
	"time"
)

const notQueued = -1

// timerHeap is a container/heap of timers, the first deadline on top.
type timerHeap []*Timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if h[i].when != h[j].when {
		return h[i].when < h[j].when
	}
	return h[i].id < h[j].id
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *timerHeap) Push(x any) {
	t := x.(*Timer)
	t.index = len(*h)
	*h = append(*h, t)
}

func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	t.index = notQueued
	return t
}

// addTimer numbers and queues t, and wakes the loop if t is the first.
func (l *Loop) addTimer(t *Timer) *Timer {
	l.mu.Lock()
	l.lastTimer++
	t.id, t.loop = l.lastTimer, l
	t.bound = l.state == running || l.state == draining
	t.when = deadline(l.now(), l.interval(t))
	heap.Push(&l.timers, t)
	l.setNext()
	var wake chan struct{}
	if t.index == 0 {
		wake = l.rouse()
	}
	l.mu.Unlock()
	poke(wake)
	return t
}

// removeTimer takes t off the queue, if it is there. l.mu is held.
func (l *Loop) removeTimer(t *Timer) {
	if t.index == notQueued {
		return
	}
	heap.Remove(&l.timers, t.index)
	l.setNext()
}

// startTimers counts the intervals of all timers from now. l.mu is held.
func (l *Loop) startTimers(now int64) {
	for _, t := range l.timers {
		t.when = deadline(now, l.interval(t))
	}
	heap.Init(&l.timers)
	l.setNext()
}

// endTimers forgets the timers that were made in this Run. l.mu is held.
func (l *Loop) endTimers() {
	var kept timerHeap
	for _, t := range l.timers {
		if t.bound {
			t.index = notQueued
			continue
		}
		t.index = len(kept)
		kept = append(kept, t)
	}
	l.timers = kept
	heap.Init(&l.timers)
	l.setNext()
}

// setNext publishes the first deadline that the loop must keep. l.mu is held.
func (l *Loop) setNext() {
	next := int64(never)
	if l.state == running && len(l.timers) > 0 {
		next = l.timers[0].when
	}
	l.next.Store(next)
}

// interval is the time between two ticks of t. l.mu is held.
func (l *Loop) interval(t *Timer) time.Duration {
	switch {
	case t.cond == nil:
		return t.every
	case l.config.CondInterval > 0:
		return l.config.CondInterval
	}
	return DefaultCondInterval
}

// deadline is now + d, or never where that does not fit.
func deadline(now int64, d time.Duration) int64 {
	if when := now + int64(d); when > now {
		return when
	}
	return never
}

// nextTick is the first of the ticks when + k*d, k > 0, that lies after now.
func nextTick(when, now int64, d time.Duration) int64 {
	missed := max(now-when, 0) / int64(d)
	return deadline(when+missed*int64(d), d)
}

// fireDue runs, once each, the timers that were due at start. What comes due
// meanwhile waits for the next pass, so that a pass ends however slow the
// timers are. Tasks are then owed as much time as the pass took.
func (l *Loop) fireDue(start int64) {
	now := start
	for t := l.takeDue(start, now); t != nil; t = l.takeDue(start, now) {
		l.fire(t)
		now = l.now()
	}
	l.rest = now + (now - start)
}

// takeDue returns the first timer that was due at start, or nil. The timer is
// queued again, if it goes on, for its first tick after now.
func (l *Loop) takeDue(start, now int64) *Timer {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next.Load() > start {
		return nil
	}
	t := l.timers[0]
	if t.left != forever {
		t.left--
	}
	if t.left == 0 {
		heap.Pop(&l.timers)
	} else {
		t.when = nextTick(t.when, now, l.interval(t))
		heap.Fix(&l.timers, 0)
	}
	l.setNext()
	return t
}

func (l *Loop) fire(t *Timer) {
	defer l.rescue("scheduler: panic in a timer", "timer", t.id)
	if t.cond != nil && !l.holds(t) {
		return
	}
	t.fn()
}

// holds checks the condition of t, which may stop t.
func (l *Loop) holds(t *Timer) bool {
	if !t.cond.Check(time.Now()) {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return t.index != notQueued
}
