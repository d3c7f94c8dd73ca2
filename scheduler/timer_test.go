package scheduler

import (
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const ms = time.Millisecond

// every is a condition that holds at each n-th check.
func every(n int) TimerCondition { return &everyNth{n: n} }

type everyNth struct{ n, checks int }

func (c *everyNth) Check(time.Time) bool {
	c.checks++
	return c.checks%c.n == 0
}

// condFunc is a condition made of a function.
type condFunc func(now time.Time) bool

func (f condFunc) Check(now time.Time) bool { return f(now) }

// times records when something happens.
type times struct {
	since func() time.Duration
	at    []time.Duration
}

func newTimes() *times { return &times{since: clock()} }

func (r *times) note() { r.at = append(r.at, r.since()) }

func (r *times) want(t *testing.T, want ...time.Duration) {
	t.Helper()
	if !slices.Equal(r.at, want) {
		t.Errorf("fired at %v, want %v", r.at, want)
	}
}

func TestTimerKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{CondInterval: 100 * ms})
		start(t, l)
		synctest.Wait()
		tick, count, after, cond := newTimes(), newTimes(), newTimes(), newTimes()
		ids := []int64{
			l.NewTimer(100*ms, tick.note).ID(),
			l.NewCountTimer(10*ms, 3, count.note).ID(),
			l.NewAfterTimer(150*ms, after.note).ID(),
			l.NewCondTimer(every(2), cond.note).ID(),
		}
		pass(450 * ms)
		tick.want(t, 100*ms, 200*ms, 300*ms, 400*ms)
		count.want(t, 10*ms, 20*ms, 30*ms)
		after.want(t, 150*ms)
		cond.want(t, 200*ms, 400*ms)
		if !slices.Equal(ids, []int64{1, 2, 3, 4}) {
			t.Errorf("ids: %v", ids)
		}
	})
}

func TestTimerDoesNotDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		start(t, l)
		synctest.Wait()
		r := newTimes()
		l.NewTimer(10*ms, func() {
			r.note()
			block(3 * ms)
		})
		pass(5 * ms)
		must(t, l, func() { block(8 * ms) }) // the first tick is late
		pass(40 * ms)
		r.want(t, 13*ms, 20*ms, 30*ms, 40*ms)
	})
}

func TestMissedTicksAreSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		start(t, l)
		synctest.Wait()
		tick, count := newTimes(), newTimes()
		l.NewTimer(10*ms, tick.note)
		l.NewCountTimer(10*ms, 3, count.note)
		must(t, l, func() { block(55 * ms) })
		pass(85 * ms)
		tick.want(t, 55*ms, 60*ms, 70*ms, 80*ms)
		count.want(t, 55*ms, 60*ms, 70*ms)
	})
}

func TestSlowTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		start(t, l)
		synctest.Wait()
		slow, other := newTimes(), newTimes()
		l.NewTimer(10*ms, func() {
			slow.note()
			block(25 * ms)
		})
		l.NewTimer(10*ms, other.note)
		pass(100 * ms)
		slow.want(t, 10*ms, 35*ms, 60*ms, 85*ms)
		other.want(t, 35*ms, 85*ms) // once in each round of due timers
	})
}

func TestTimersThatAreDueTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		var got []int
		for n := range 20 {
			l.NewTimer(time.Duration(20-n%10)*ms, func() { got = append(got, n) })
		}
		must(t, l, func() { block(30 * ms) })
		stop := start(t, l)
		pass(30 * ms)
		stop()
		var want []int
		for n := range 10 {
			want = append(want, 9-n, 19-n)
		}
		if !slices.Equal(got, want) {
			t.Errorf("order %v, want %v", got, want)
		}
	})
}

func TestEarlierTimerWakesTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		start(t, l)
		synctest.Wait() // asleep without an alarm
		hour, minute, second := newTimes(), newTimes(), newTimes()
		l.NewAfterTimer(time.Hour, hour.note)
		synctest.Wait() // asleep until the hour
		l.NewAfterTimer(time.Minute, minute.note)
		l.NewAfterTimer(time.Second, second.note).Stop()
		pass(2 * time.Hour)
		hour.want(t, time.Hour)
		minute.want(t, time.Minute)
		second.want(t)
	})
}

func TestTimerStopsItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{CondInterval: 10 * ms})
		start(t, l)
		synctest.Wait()
		tick, count, after, cond := newTimes(), newTimes(), newTimes(), newTimes()
		var timers [4]*Timer
		stops := func(n int, r *times) TimerFunc {
			return func() {
				r.note()
				timers[n].Stop()
				timers[n].Stop()
			}
		}
		must(t, l, func() {
			timers[0] = l.NewTimer(10*ms, stops(0, tick))
			timers[1] = l.NewCountTimer(10*ms, 5, stops(1, count))
			timers[2] = l.NewAfterTimer(10*ms, stops(2, after))
			timers[3] = l.NewCondTimer(every(1), stops(3, cond))
		})
		pass(time.Second)
		for _, r := range []*times{tick, count, after, cond} {
			r.want(t, 10*ms)
		}
		if len(l.timers) != 0 {
			t.Errorf("%d timers are left", len(l.timers))
		}
	})
}

func TestTimerStopsAnotherThatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		victim := newTimes()
		var timer *Timer
		l.NewAfterTimer(10*ms, func() { timer.Stop() })
		timer = l.NewAfterTimer(10*ms, victim.note)
		start(t, l)
		pass(time.Second)
		victim.want(t)
	})
}

func TestConditionStopsItsTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		fired, checks := newTimes(), newTimes()
		var timer *Timer
		timer = l.NewCondTimer(condFunc(func(now time.Time) bool {
			if !now.Equal(time.Now()) {
				t.Errorf("Check(%v) at %v", now, time.Now())
			}
			checks.note()
			timer.Stop()
			return true
		}), fired.note)
		start(t, l)
		pass(time.Minute)
		checks.want(t, time.Second)
		fired.want(t)
	})
}

func TestConditionInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		r := newTimes()
		l.NewCondTimer(every(1), r.note)
		stop := start(t, l)
		pass(1100 * ms)
		l.Configure(Config{CondInterval: 400 * ms})
		pass(1600 * ms)
		stop()
		r.want(t, 1000*ms, 2000*ms, 2400*ms)
	})
}

func TestPanicInTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book logBook
		l := NewLoop(Config{Log: book.Logger()})
		tick, cond := newTimes(), newTimes()
		l.NewTimer(time.Second, func() {
			tick.note()
			panic("tick went wrong")
		})
		l.NewCondTimer(condFunc(func(time.Time) bool {
			cond.note()
			panic("check went wrong")
		}), func() { t.Error("fired") })
		start(t, l)
		pass(2500 * ms)
		tick.want(t, time.Second, 2*time.Second)
		cond.want(t, time.Second, 2*time.Second)
		book.wants(t, "panic in a timer", "tick went wrong", "check went wrong", "timer=1", "timer=2", "TestPanicInTimer")
	})
}

func TestBadTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fn := func() { t.Error("fired") }
		for _, c := range []struct {
			want string
			make func(*Loop) *Timer
		}{
			{"NewTimer: nil function", func(l *Loop) *Timer { return l.NewTimer(time.Second, nil) }},
			{"NewTimer: interval is not positive", func(l *Loop) *Timer { return l.NewTimer(0, fn) }},
			{"NewCountTimer: nil function", func(l *Loop) *Timer { return l.NewCountTimer(time.Second, 1, nil) }},
			{"NewCountTimer: interval is not positive", func(l *Loop) *Timer { return l.NewCountTimer(-1, 1, fn) }},
			{"NewCountTimer: count is not positive", func(l *Loop) *Timer { return l.NewCountTimer(time.Second, 0, fn) }},
			{"NewAfterTimer: nil function", func(l *Loop) *Timer { return l.NewAfterTimer(time.Second, nil) }},
			{"NewAfterTimer: interval is not positive", func(l *Loop) *Timer { return l.NewAfterTimer(-1, fn) }},
			{"NewCondTimer: nil condition", func(l *Loop) *Timer { return l.NewCondTimer(nil, fn) }},
			{"NewCondTimer: nil function", func(l *Loop) *Timer { return l.NewCondTimer(every(1), nil) }},
		} {
			var book logBook
			l := NewLoop(Config{Log: book.Logger()})
			stop := start(t, l)
			a, b := c.make(l), c.make(l)
			if a.ID() == b.ID() {
				t.Errorf("%s: both have id %d", c.want, a.ID())
			}
			pass(time.Minute)
			a.Stop()
			stop()
			book.wants(t, "ERROR", c.want)
			if n := strings.Count(book.String(), "\n"); n != 2 {
				t.Errorf("%s: %d log lines", c.want, n)
			}
		}
		new(Timer).Stop()
		(*Timer)(nil).Stop()
	})
}

func TestCountOfMinusOneIsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		stop := start(t, l)
		n := 0
		l.NewCountTimer(time.Second, -1, func() { n++ })
		pass(time.Minute)
		stop()
		if n != 60 {
			t.Errorf("fired %d times in a minute", n)
		}
	})
}

func TestExtremeIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		start(t, l)
		pass(time.Second)
		short, long := newTimes(), newTimes()
		timer := l.NewTimer(1, short.note)
		l.NewTimer(math.MaxInt64, long.note)
		l.NewAfterTimer(math.MaxInt64-1, long.note)
		pass(3500 * time.Microsecond)
		timer.Stop()
		pass(1000 * time.Hour)
		short.want(t, 1*ms, 2*ms, 3*ms)
		long.want(t)
	})
}

func TestNextTick(t *testing.T) {
	for _, c := range []struct{ when, now, d, want int64 }{
		{100, 100, 10, 110},
		{100, 109, 10, 110},
		{100, 110, 10, 120},
		{100, 155, 10, 160},
		{100, 90, 10, 110}, // the interval grew shorter meanwhile
		{100, 100, math.MaxInt64, never},
		{never - 5, never - 5, 10, never},
	} {
		if got := nextTick(c.when, c.now, time.Duration(c.d)); got != c.want {
			t.Errorf("nextTick(%d, %d, %d) = %d, want %d", c.when, c.now, c.d, got, c.want)
		}
	}
}
