package scheduler

import "time"

var defaultLoop = NewLoop(Config{Name: "default"})

// Default returns the loop of nano's package-level functions. It is always the
// same one, and runs while nano.Listen does.
func Default() *Loop { return defaultLoop }

// NewTimer is [Loop.NewTimer] on the default loop.
func NewTimer(d time.Duration, fn TimerFunc) *Timer { return defaultLoop.NewTimer(d, fn) }

// NewCountTimer is [Loop.NewCountTimer] on the default loop.
func NewCountTimer(d time.Duration, n int, fn TimerFunc) *Timer {
	return defaultLoop.NewCountTimer(d, n, fn)
}

// NewAfterTimer is [Loop.NewAfterTimer] on the default loop.
func NewAfterTimer(d time.Duration, fn TimerFunc) *Timer { return defaultLoop.NewAfterTimer(d, fn) }

// NewCondTimer is [Loop.NewCondTimer] on the default loop.
func NewCondTimer(cond TimerCondition, fn TimerFunc) *Timer {
	return defaultLoop.NewCondTimer(cond, fn)
}

// PushTask is [Loop.Schedule] on the default loop.
func PushTask(t Task) { defaultLoop.Schedule(t) }
