package scheduler

import (
	"log/slog"
	"time"
)

// minInterval keeps a mistaken interval from taking a whole core.
const minInterval = time.Millisecond

const forever = -1 // also what NewCountTimer takes

// TimerFunc is what a timer runs.
type TimerFunc = func()

// TimerCondition decides whether a timer of NewCondTimer fires.
type TimerCondition interface {
	// Check is called on the loop with the current time.
	Check(now time.Time) bool
}

// Timer runs a function on its loop. Its methods are safe for concurrent use,
// also from the function itself. (A function that refers to the variable in
// which its timer is kept wants that timer made on the loop, or before Run:
// elsewhere the variable may be read before it is written.) The zero Timer
// never fires, and stopping it or a nil one does nothing.
type Timer struct {
	// static
	id    int64
	loop  *Loop
	fn    TimerFunc
	cond  TimerCondition // nil: none
	every time.Duration  // unused with cond
	bound bool           // ends with the Run in which it was made

	// guarded by loop.mu
	when  int64 // deadline
	left  int   // how often it will fire yet; forever
	index int   // in loop.timers; notQueued
}

// NewTimer returns a timer that runs fn on the loop every d, the first time
// after d. Its ticks do not drift; ticks that come due while the loop is busy
// are fired once, not in a burst. A d below 1 ms means 1 ms.
//
// When fn is nil or d is not positive the error is logged and the timer never
// fires. So it is for the other functions that make timers.
func (l *Loop) NewTimer(d time.Duration, fn TimerFunc) *Timer {
	return l.newTimer("NewTimer", d, forever, fn)
}

// NewCountTimer is NewTimer for a timer that fires n times and ends. Ticks
// that are skipped do not count. n must be positive; -1 means for ever, as it
// does in nano 0.5.
func (l *Loop) NewCountTimer(d time.Duration, n int, fn TimerFunc) *Timer {
	if n <= 0 && n != forever {
		return l.deadTimer("NewCountTimer", "count is not positive", "count", n)
	}
	return l.newTimer("NewCountTimer", d, n, fn)
}

// NewAfterTimer returns a timer that runs fn on the loop once, after d.
func (l *Loop) NewAfterTimer(d time.Duration, fn TimerFunc) *Timer {
	return l.newTimer("NewAfterTimer", d, 1, fn)
}

// NewCondTimer returns a timer that checks cond on the loop once every
// [Config].CondInterval, and runs fn each time it holds.
func (l *Loop) NewCondTimer(cond TimerCondition, fn TimerFunc) *Timer {
	if cond == nil {
		return l.deadTimer("NewCondTimer", "nil condition")
	}
	if fn == nil {
		return l.deadTimer("NewCondTimer", "nil function")
	}
	return l.addTimer(&Timer{cond: cond, fn: fn, left: forever})
}

func (l *Loop) newTimer(name string, d time.Duration, n int, fn TimerFunc) *Timer {
	if fn == nil {
		return l.deadTimer(name, "nil function")
	}
	if d <= 0 {
		return l.deadTimer(name, "interval is not positive", "interval", d)
	}
	return l.addTimer(&Timer{every: max(d, minInterval), fn: fn, left: n})
}

// deadTimer logs what is wrong and returns a timer that never fires.
func (l *Loop) deadTimer(name, wrong string, args ...any) *Timer {
	l.report(slog.LevelError, "scheduler: "+name+": "+wrong+"; the timer will never fire", args...)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastTimer++
	return &Timer{id: l.lastTimer, loop: l, index: notQueued}
}

// ID returns the timer's number, which no other timer of its loop has.
func (t *Timer) ID() int64 { return t.id }

// Stop ends the timer; doing so twice is fine. When Stop returns on the loop,
// the timer's function does not run any more. When it returns on another
// goroutine, the function may just be running, or start, for a last time.
func (t *Timer) Stop() {
	if t == nil || t.loop == nil {
		return
	}
	l := t.loop
	l.mu.Lock()
	defer l.mu.Unlock()
	l.removeTimer(t)
}
