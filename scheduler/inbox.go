package scheduler

import (
	"log/slog"
	"time"
)

// keepTasks is the length up to which a list of tasks is always kept for use
// again; a longer one must have been used for a quarter at least.
const keepTasks = 4096

// Do posts a task. It never blocks, from the loop itself neither, and a task
// for which it returned nil is run, after those accepted before it. Before the
// first Run tasks wait for it. ErrStopped: the last Run has ended or is
// draining. ErrNilTask: t is nil.
func (l *Loop) Do(t Task) error {
	if t == nil {
		return ErrNilTask
	}
	l.mu.Lock()
	if l.state > running {
		l.mu.Unlock()
		return ErrStopped
	}
	if len(l.inbox) == 0 {
		l.inboxSince = l.now()
	}
	l.inbox = append(l.inbox, t)
	wake := l.rouse()
	l.mu.Unlock()
	poke(wake)
	return nil
}

// Schedule is Do for callers that cannot use an error: a refusal is logged.
func (l *Loop) Schedule(t Task) {
	if err := l.Do(t); err != nil {
		l.report(slog.LevelWarn, "scheduler: task refused", "err", err)
	}
}

// Len returns how many tasks wait. A task that runs does not wait any more.
func (l *Loop) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.inbox) + int(l.left.Load())
}

// Lag returns for how long the oldest waiting task has been waiting; 0: none
// waits. The loop notes times by the batch, not by the task, so this is the
// age of the oldest task's batch.
func (l *Loop) Lag() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.left.Load() > 0:
		return time.Duration(l.now() - l.batchSince)
	case len(l.inbox) > 0:
		return time.Duration(l.now() - l.inboxSince)
	}
	return 0
}

// takeInbox makes the inbox the batch, and the batch, which is done, the inbox.
// l.mu is held.
func (l *Loop) takeInbox() {
	done := l.batch[:0]
	if cap(done) > keepTasks && len(l.batch) < cap(done)/4 {
		done = nil
	}
	l.batch, l.at, l.batchSince = l.inbox, 0, l.inboxSince
	l.left.Store(int64(len(l.batch)))
	l.inbox = done
}
