package scheduler

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTasksRunInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		var got []int
		note := func(n int) Task { return func() { got = append(got, n) } }
		must(t, l, note(1)) // waits for the first Run
		must(t, l, func() {
			note(2)()
			must(t, l, note(4)) // a task may post
		})
		must(t, l, note(3))
		stop := start(t, l)
		synctest.Wait()
		must(t, l, note(5)) // wakes the loop
		stop()
		if !slices.Equal(got, []int{1, 2, 3, 4, 5}) {
			t.Errorf("order: %v", got)
		}
	})
}

func TestTaskPostsMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		stop := start(t, l)
		const n = 100_000
		ran := 0
		must(t, l, func() {
			for range n {
				must(t, l, func() { ran++ })
			}
		})
		synctest.Wait()
		stop()
		if ran != n {
			t.Errorf("ran %d tasks of %d", ran, n)
		}
	})
}

func TestRunDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		ctx, cancel := context.WithCancel(t.Context())
		var got []string
		must(t, l, func() {
			got = append(got, "first")
			cancel()
			block(time.Second)
			if err := l.Do(func() {}); !errors.Is(err, ErrStopped) {
				t.Errorf("Do while draining: %v", err)
			}
		})
		must(t, l, func() { got = append(got, "second") })
		l.NewTimer(10*time.Millisecond, func() { got = append(got, "timer") })
		if err := l.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
		if !slices.Equal(got, []string{"first", "second"}) {
			t.Errorf("ran %v", got)
		}
		if l.OnLoop() {
			t.Error("OnLoop after the end of Run")
		}
	})
}

func TestRunWithEndedContext(t *testing.T) {
	l := NewLoop(Config{})
	ran := false
	must(t, l, func() { ran = true })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Run(ctx); err != nil || !ran {
		t.Errorf("Run: %v, task ran: %v", err, ran)
	}
}

func TestRunAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		for range 3 {
			stop := start(t, l)
			synctest.Wait()
			ran := false
			must(t, l, func() { ran = true })
			stop()
			if !ran {
				t.Error("task did not run")
			}
			if err := l.Do(func() {}); !errors.Is(err, ErrStopped) {
				t.Errorf("Do between Runs: %v", err)
			}
		}
	})
}

func TestRunTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		stop := start(t, l)
		synctest.Wait()
		if err := l.Run(t.Context()); !errors.Is(err, ErrRunning) {
			t.Errorf("second Run: %v", err)
		}
		must(t, l, func() {
			if err := l.Run(t.Context()); !errors.Is(err, ErrRunning) {
				t.Errorf("Run on the loop: %v", err)
			}
		})
		stop()
	})
}

func TestNilTask(t *testing.T) {
	if err := NewLoop(Config{}).Do(nil); !errors.Is(err, ErrNilTask) {
		t.Errorf("Do(nil): %v", err)
	}
}

func TestScheduleLogsRefusals(t *testing.T) {
	var book logBook
	l := NewLoop(Config{Name: "arena", Log: book.Logger()})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ran := false
	l.Schedule(func() { ran = true })
	if err := l.Run(ctx); err != nil || !ran {
		t.Errorf("Run: %v, task ran: %v", err, ran)
	}
	if book.String() != "" {
		t.Errorf("log: %s", &book)
	}
	l.Schedule(func() {})
	book.wants(t, "WARN", "task refused", "loop is stopped", "loop=arena")
}

func TestPanicInTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book logBook
		l := NewLoop(Config{Log: book.Logger()})
		var got []int
		for n := range 4 {
			must(t, l, func() {
				got = append(got, n)
				if n%2 == 0 {
					panic(errors.New("out of cheese"))
				}
			})
		}
		start(t, l)()
		if !slices.Equal(got, []int{0, 1, 2, 3}) {
			t.Errorf("ran %v", got)
		}
		book.wants(t, "panic in a task", "out of cheese", "TestPanicInTask")
		if n := strings.Count(book.String(), "panic in a task"); n != 2 {
			t.Errorf("%d panics in the log", n)
		}
	})
}

type badHandler struct{ slog.Handler }

func (badHandler) Handle(context.Context, slog.Record) error { panic("no log today") }

func TestPanicInLogger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{Log: slog.New(badHandler{slog.DiscardHandler})})
		must(t, l, func() { panic("first") })
		ran := false
		must(t, l, func() { ran = true })
		l.Configure(Config{Log: slog.New(badHandler{slog.Default().Handler()})})
		start(t, l)()
		if !ran {
			t.Error("the loop did not go on")
		}
	})
}

func TestGoexitInTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book logBook
		l := NewLoop(Config{Log: book.Logger()})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = l.Run(ctx)
			t.Error("Run returned on a goroutine that had ended")
		}()
		var got []int
		for n := range 5 {
			must(t, l, func() {
				got = append(got, n)
				if n%2 == 0 {
					runtime.Goexit()
				}
			})
		}
		l.NewCountTimer(time.Second, 2, func() {
			got = append(got, 10)
			runtime.Goexit()
		})
		pass(time.Minute)
		if on, err := Call(ctx, l, func() (bool, error) { return l.OnLoop(), nil }); err != nil || !on {
			t.Errorf("OnLoop in the new goroutine: %v, %v", on, err)
		}
		select {
		case <-ended:
			t.Error("the goroutine of Run ended before the loop")
		default:
		}
		cancel()
		<-ended
		if !slices.Equal(got, []int{0, 1, 2, 3, 4, 10, 10}) {
			t.Errorf("ran %v", got)
		}
		book.wants(t, "runtime.Goexit")
		if err := l.Do(func() {}); !errors.Is(err, ErrStopped) {
			t.Errorf("Do after the end: %v", err)
		}
	})
}

func TestLenAndLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		check := func(when string, wantLen int, wantLag time.Duration) {
			t.Helper()
			if n, lag := l.Len(), l.Lag(); n != wantLen || lag != wantLag {
				t.Errorf("%s: Len %d, Lag %v; want %d, %v", when, n, lag, wantLen, wantLag)
			}
		}
		check("new", 0, 0)
		must(t, l, func() { block(2 * time.Second) })
		pass(time.Second)
		must(t, l, func() { block(time.Second) })
		check("before Run", 2, time.Second)
		start(t, l)
		pass(time.Second) // the first task runs, the second waits
		check("first task", 1, 2*time.Second)
		must(t, l, func() {})
		check("first task, new batch", 2, 2*time.Second)
		pass(1500 * time.Millisecond) // the second runs
		check("second task", 1, 1500*time.Millisecond)
		pass(time.Second)
		check("idle", 0, 0)
	})
}

func TestOnLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, other := NewLoop(Config{}), NewLoop(Config{})
		var got []bool
		note := func() { got = append(got, l.OnLoop(), other.OnLoop()) }
		note()
		must(t, l, note)
		l.NewAfterTimer(time.Second, note)
		stop, stopOther := start(t, l), start(t, other)
		pass(time.Minute)
		note()
		stop()
		stopOther()
		note()
		want := []bool{false, false, true, false, true, false, false, false, false, false}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestHugeInboxIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		for range 100 * keepTasks {
			must(t, l, func() {})
		}
		stop := start(t, l)
		for range 3 {
			synctest.Wait()
			must(t, l, func() {})
		}
		synctest.Wait()
		if n := cap(l.inbox) + cap(l.batch); n > 2*keepTasks {
			t.Errorf("%d slots are kept", n)
		}
		stop()
	})
}

func TestConfigureKeepsWhatIsZero(t *testing.T) {
	var book logBook
	l := NewLoop(Config{Name: "one", Log: book.Logger(), CondInterval: time.Minute})
	l.Configure(Config{})
	if c := l.config; c.Name != "one" || c.Log == nil || c.CondInterval != time.Minute {
		t.Errorf("config: %+v", c)
	}
	l.Configure(Config{Name: "two", CondInterval: 1})
	if c := l.config; c.Name != "two" || c.CondInterval != time.Millisecond {
		t.Errorf("config: %+v", c)
	}
}

func TestDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tick, count, after, cond, task := 0, 0, 0, 0, 0
		kept := []*Timer{
			NewTimer(time.Second, func() { tick++ }),
			NewCountTimer(time.Second, 2, func() { count++ }),
			NewAfterTimer(time.Second, func() { after++ }),
			NewCondTimer(every(1), func() { cond++ }),
		}
		stop := start(t, Default())
		synctest.Wait()
		PushTask(func() { task++ })
		pass(5500 * time.Millisecond)
		stop()
		for _, timer := range kept {
			timer.Stop()
		}
		if tick != 5 || count != 2 || after != 1 || cond != 5 || task != 1 {
			t.Errorf("fired %d, %d, %d, %d, %d", tick, count, after, cond, task)
		}
	})
}

func TestContext(t *testing.T) {
	l := NewLoop(Config{})
	if got := FromContext(NewContext(t.Context(), l)); got != l {
		t.Errorf("FromContext: %p, want %p", got, l)
	}
	if got := FromContext(t.Context()); got != nil {
		t.Errorf("FromContext without a loop: %p", got)
	}
}
