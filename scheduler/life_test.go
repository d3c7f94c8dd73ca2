package scheduler

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestTimersOverRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		before, bound, between, count := newTimes(), newTimes(), newTimes(), newTimes()
		l.NewTimer(10*time.Second, before.note)
		l.NewCountTimer(20*time.Second, 2, count.note)
		pass(3 * time.Second) // does not count

		stop := start(t, l)
		pass(time.Second)
		end := l.NewTimer(10*time.Second, bound.note)
		pass(24 * time.Second)
		stop() // at 28 s
		end.Stop()

		l.NewTimer(5*time.Second, between.note)
		stopped := l.NewTimer(5*time.Second, func() { t.Error("fired after Stop") })
		pass(72 * time.Second)
		stopped.Stop()

		stop = start(t, l) // at 100 s
		pass(21 * time.Second)
		stop()
		pass(79 * time.Second)

		stop = start(t, l) // at 200 s
		pass(12 * time.Second)
		stop()
		const s = time.Second
		before.want(t, 13*s, 23*s, 110*s, 120*s, 210*s)
		bound.want(t, 14*s, 24*s)
		between.want(t, 105*s, 110*s, 115*s, 120*s, 205*s, 210*s)
		count.want(t, 23*s, 120*s)
	})
}

func TestTimerMadeWhileDraining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		stop := start(t, l)
		synctest.Wait()
		must(t, l, func() {
			block(time.Minute) // stop is called meanwhile
			l.NewTimer(time.Second, func() { t.Error("fired") })
			block(time.Minute)
		})
		pass(time.Second)
		stop()
		stop = start(t, l)
		pass(time.Minute)
		stop()
	})
}

func TestStopAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		kept := l.NewTimer(time.Second, func() { t.Error("fired") })
		stop := start(t, l)
		synctest.Wait()
		bound := l.NewTimer(time.Second, func() { t.Error("fired") })
		stop()
		bound.Stop()
		kept.Stop()
		stop = start(t, l)
		pass(time.Minute)
		stop()
	})
}

func TestTimersFireThoughTasksNeverEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		tasks := 0
		var task Task
		task = func() {
			block(ms)
			if tasks++; tasks < 600 {
				_ = l.Do(task) // refused at the end
			}
		}
		for range 10 { // the inbox never empties
			must(t, l, task)
		}
		r := newTimes()
		l.NewTimer(10*ms, r.note)
		stop := start(t, l)
		pass(55 * ms)
		stop()
		r.want(t, 10*ms, 20*ms, 30*ms, 40*ms, 50*ms)
	})
}

func TestTasksRunThoughTimersAreAlwaysDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		for range 5 {
			l.NewTimer(ms, func() { block(2 * ms) })
		}
		start(t, l)
		pass(100 * ms)
		r := newTimes()
		for range 100 {
			must(t, l, func() { block(ms) })
		}
		must(t, l, r.note)
		pass(time.Second)
		// 100 ms of tasks, at most half of the time for timers, and the
		// pass that was under way.
		if len(r.at) != 1 || r.at[0] > 210*ms {
			t.Errorf("tasks were done at %v", r.at)
		}
	})
}

// TestLoopMadeOutsideTheBubble: its clock starts below 0 there.
func TestLoopMadeOutsideTheBubble(t *testing.T) {
	l := NewLoop(Config{})
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			stop := start(t, l)
			synctest.Wait()
			r := newTimes()
			l.NewTimer(10*ms, r.note)
			for range 35 {
				must(t, l, func() { block(ms) })
			}
			pass(5 * ms)
			if lag := l.Lag(); lag != 5*ms {
				t.Errorf("Lag: %v", lag)
			}
			pass(50 * ms)
			stop()
			r.want(t, 10*ms, 20*ms, 30*ms, 40*ms, 50*ms)
		})
	}
}

func TestRunWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		var got []string
		must(t, l, func() { got = append(got, "task") })
		tick := newTimes()
		for range 2 { // the first Run's timer is gone in the second
			ctx, cancel := context.WithTimeout(t.Context(), 15*ms)
			err := l.RunWith(ctx, func() error {
				got = append(got, "setup")
				if !l.OnLoop() {
					t.Error("setup is not on the loop")
				}
				l.NewTimer(10*ms, tick.note)
				return nil
			})
			cancel()
			if err != nil {
				t.Errorf("RunWith: %v", err)
			}
		}
		if !slices.Equal(got, []string{"setup", "task", "setup"}) {
			t.Errorf("order: %v", got)
		}
		tick.want(t, 10*ms, 25*ms)
	})
}

func TestRunWithFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		ran := false
		must(t, l, func() { ran = true })
		setup := func() error {
			l.NewTimer(ms, func() { t.Error("fired") })
			return io.ErrUnexpectedEOF
		}
		if err := l.RunWith(t.Context(), setup); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("RunWith: %v", err)
		}
		func() {
			defer func() {
				if v := recover(); v != "setup" {
					t.Errorf("recovered %v", v)
				}
			}()
			_ = l.RunWith(t.Context(), func() error { panic("setup") })
		}()
		if ran || l.OnLoop() || l.Len() != 1 {
			t.Errorf("task ran: %v, OnLoop: %v, Len: %d", ran, l.OnLoop(), l.Len())
		}
		if err := l.Do(func() {}); !errors.Is(err, ErrStopped) {
			t.Errorf("Do: %v", err)
		}
		stop := start(t, l)
		pass(time.Second)
		stop()
		if !ran {
			t.Error("the task that waited did not run")
		}
	})
}
