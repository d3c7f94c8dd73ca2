package scheduler

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
)

var errGoexit = errors.New("scheduler: the called function ended its goroutine (runtime.Goexit)")

// PanicError says that a function run by [Call] panicked.
type PanicError struct {
	Value any    // what it panicked with
	Stack []byte // where, as debug.Stack prints it
}

// Error shows the value, without the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("scheduler: panic: %v", e.Value) }

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Call runs fn on l and returns its results. It waits, so it is for goroutines
// off the loop: on l itself it returns ErrOnLoop and does nothing.
//
// When ctx ends first Call returns its error: fn does not run if it has not
// started by then; otherwise it runs on and its results are dropped.
// ErrStopped: the loop takes no tasks. *PanicError: fn panicked; this is not
// logged.
func Call[T any](ctx context.Context, l *Loop, fn func() (T, error)) (T, error) {
	var none T
	if l.OnLoop() {
		return none, ErrOnLoop
	}
	if err := ctx.Err(); err != nil {
		return none, err
	}
	var claimed atomic.Bool // by the task to run fn, or by the caller to give up
	c := make(chan result[T], 1)
	err := l.Do(func() {
		if claimed.CompareAndSwap(false, true) {
			runCall(fn, c)
		}
	})
	if err != nil {
		return none, err
	}
	select {
	case r := <-c:
		return r.value, r.err
	case <-ctx.Done():
		claimed.CompareAndSwap(false, true)
		return none, ctx.Err()
	}
}

type result[T any] struct {
	value T
	err   error
}

// runCall sends what fn returns, or how else it ended.
func runCall[T any](fn func() (T, error), c chan<- result[T]) {
	r := result[T]{err: errGoexit}
	defer func() {
		if v := recover(); v != nil {
			r.err = &PanicError{Value: v, Stack: debug.Stack()}
		}
		c <- r
	}()
	r.value, r.err = fn()
}
