package scheduler

import (
	"context"
	"log/slog"
)

// Run runs tasks and timers on the calling goroutine until ctx ends. Then it
// refuses new tasks, runs those that were accepted (timers fire no more) and
// returns nil. It may be called again after that; see the package's section
// on a loop's life. While another Run is active it returns ErrRunning.
//
// A task that calls runtime.Goexit, as t.FailNow does, ends the goroutine of
// Run. That is logged, and the loop goes on in a goroutine of its own; the
// deferred functions of Run's caller run when the loop has ended.
func (l *Loop) Run(ctx context.Context) error { return l.RunWith(ctx, nil) }

// RunWith is Run with a setup, which runs on the loop before everything else,
// the tasks that waited for the loop too. Timers that it makes belong to this
// Run. When it returns an error so does RunWith, at once: tasks that wait go
// on waiting for the next Run. A panic in setup ends RunWith likewise, and is
// its caller's.
func (l *Loop) RunWith(ctx context.Context, setup func() error) error {
	if err := l.begin(); err != nil {
		return err
	}
	defer l.end()
	if setup != nil {
		l.owner.Store(goroutineID())
		if err := setup(); err != nil {
			return err
		}
	}
	defer context.AfterFunc(ctx, l.drain)()

	done := false
	defer func() {
		for !done {
			l.report(slog.LevelError, "scheduler: a task ended the loop's goroutine with runtime.Goexit; the loop goes on in another")
			done = l.workElsewhere()
		}
	}()
	l.work()
	done = true
	return nil
}

func (l *Loop) begin() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == running || l.state == draining {
		return ErrRunning
	}
	l.state = running
	l.wake = make(chan struct{}, 1)
	l.rest = l.now()
	l.startTimers(l.rest)
	return nil
}

// drain makes the loop refuse tasks and fire no more timers.
func (l *Loop) drain() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = draining
	l.setNext()
	poke(l.rouse())
}

func (l *Loop) end() {
	l.owner.Store(0)
	l.batch, l.at = nil, 0
	if l.alarm != nil {
		l.alarm.Stop()
		l.alarm = nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = stopped
	l.wake = nil
	l.endTimers()
}

// workElsewhere works in a new goroutine and waits for it. It reports whether
// the work was done, and not cut short by runtime.Goexit.
func (l *Loop) workElsewhere() bool {
	result := make(chan bool)
	go func() {
		done := false
		defer func() { result <- done }()
		l.work()
		done = true
	}()
	return <-result
}

// work runs everything until the loop is drained.
func (l *Loop) work() {
	l.owner.Store(goroutineID())
	for {
		for l.at < len(l.batch) {
			l.runBatch()
		}
		switch l.await() {
		case gotTimers:
			l.fireDue(l.now())
		case gotEnd:
			return
		}
	}
}

// runBatch runs tasks until the batch is done or one of them panics.
func (l *Loop) runBatch() {
	defer l.rescue("scheduler: panic in a task")
	for l.at < len(l.batch) {
		t := l.batch[l.at]
		l.batch[l.at] = nil
		l.at++
		l.left.Store(int64(len(l.batch) - l.at))
		t()
		if next := l.next.Load(); next != never {
			if now := l.now(); now >= next && now >= l.rest {
				l.fireDue(now)
			}
		}
	}
}
