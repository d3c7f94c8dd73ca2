package scheduler

import "time"

type event uint8

const (
	gotTasks event = iota
	gotTimers
	gotEnd
)

// await sleeps until there is something to do. Tasks are in batch then.
func (l *Loop) await() event {
	l.mu.Lock()
	for {
		if len(l.inbox) > 0 {
			l.takeInbox()
			l.mu.Unlock()
			return gotTasks
		}
		if l.state == draining {
			l.mu.Unlock()
			return gotEnd
		}
		next := l.next.Load()
		if next != never && l.now() >= next {
			l.mu.Unlock()
			return gotTimers
		}
		l.asleep = true
		l.mu.Unlock()
		l.sleep(next)
		l.mu.Lock()
		l.asleep = false
	}
}

// sleep returns when it is poked, or when the deadline has come.
func (l *Loop) sleep(next int64) {
	if next == never {
		<-l.wake
		return
	}
	d := time.Duration(next - l.now())
	switch {
	case l.alarm == nil:
		l.alarm = time.NewTimer(d)
	case l.armed != next:
		l.alarm.Reset(d)
	}
	l.armed = next
	select {
	case <-l.wake:
	case <-l.alarm.C:
		l.armed = never
	}
}

// rouse returns the channel to poke if the loop sleeps, otherwise nil.
// l.mu is held; the poke comes after it is released.
func (l *Loop) rouse() chan struct{} {
	if !l.asleep {
		return nil
	}
	l.asleep = false
	return l.wake
}

// poke never blocks: a poke that is there already serves as well.
func poke(wake chan struct{}) {
	if wake == nil {
		return
	}
	select {
	case wake <- struct{}{}:
	default:
	}
}
