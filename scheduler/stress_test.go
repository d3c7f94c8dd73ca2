package scheduler

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestNoWakeUpIsLost lets the loop fall asleep after nearly every task, in
// real time: a lost wake-up hangs the test.
func TestNoWakeUpIsLost(t *testing.T) {
	t.Run("asleep", func(t *testing.T) { pingPong(t, NewLoop(Config{})) })
	t.Run("asleep with an alarm", func(t *testing.T) {
		l := NewLoop(Config{})
		l.NewTimer(time.Hour, func() {})
		pingPong(t, l)
	})
}

func pingPong(t *testing.T, l *Loop) {
	start(t, l)
	n := 50_000
	if testing.Short() {
		n = 5000
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			ran := make(chan struct{}, 1)
			for range n {
				must(t, l, func() { ran <- struct{}{} })
				<-ran
			}
		})
	}
	wg.Wait()
}

// TestNoTimerIsLost has timers made off a loop that sleeps.
func TestNoTimerIsLost(t *testing.T) {
	l := NewLoop(Config{})
	start(t, l)
	fired := make(chan struct{})
	for range 50 {
		l.NewAfterTimer(time.Hour, func() {}).Stop()
		l.NewAfterTimer(ms, func() { fired <- struct{}{} })
		<-fired
	}
}

// TestEverythingAtOnce checks over several Runs, with everybody calling
// everything, that what was accepted ran, once, and one at a time.
func TestEverythingAtOnce(t *testing.T) {
	l := NewLoop(Config{CondInterval: ms, Log: new(logBook).Logger()})
	var accepted, ran, busy atomic.Int64
	enter := func() {
		if busy.Add(1) != 1 {
			t.Error("two run at once")
		}
		busy.Add(-1)
	}
	task := func() { enter(); ran.Add(1) }
	done := make(chan struct{})
	var wg sync.WaitGroup
	repeat := func(fn func()) {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					fn()
				}
			}
		})
	}
	for range 4 {
		repeat(func() {
			switch err := l.Do(task); {
			case err == nil:
				accepted.Add(1)
			case !errors.Is(err, ErrStopped):
				t.Errorf("Do: %v", err)
			}
			runtime.Gosched()
		})
	}
	repeat(func() {
		a, b := l.NewTimer(ms, enter), l.NewCondTimer(every(2), enter)
		_, _ = Call(t.Context(), l, func() (int, error) { enter(); return 0, nil })
		a.Stop()
		b.Stop()
	})
	repeat(func() {
		if l.Len() < 0 || l.Lag() < 0 || l.OnLoop() {
			t.Errorf("Len %d, Lag %v, OnLoop %v", l.Len(), l.Lag(), l.OnLoop())
		}
	})
	for range 40 {
		ctx, cancel := context.WithTimeout(t.Context(), 3*ms)
		if err := l.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
		cancel()
	}
	close(done)
	wg.Wait()
	if accepted.Load() != ran.Load() || ran.Load() == 0 {
		t.Errorf("%d tasks were accepted, %d ran", accepted.Load(), ran.Load())
	}
	if n := len(l.timers); n != 0 {
		t.Errorf("%d timers are left", n)
	}
}
