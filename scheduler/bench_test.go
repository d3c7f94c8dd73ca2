package scheduler

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// BenchmarkDo is the cost of a task, posted and run, by the clock: on more
// than one core posting and running overlap.
func BenchmarkDo(b *testing.B) {
	for _, posters := range []int{1, 8} {
		b.Run(fmt.Sprintf("posters=%d", posters), func(b *testing.B) {
			benchmarkDo(b, NewLoop(Config{}), posters)
		})
		b.Run(fmt.Sprintf("posters=%d/timer", posters), func(b *testing.B) {
			l := NewLoop(Config{})
			l.NewTimer(time.Hour, func() {})
			benchmarkDo(b, l, posters)
		})
	}
}

func benchmarkDo(b *testing.B, l *Loop, posters int) {
	stop := start(b, l)
	ran := 0
	task := Task(func() { ran++ })
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for p := range posters {
		wg.Go(func() {
			for n := p; n < b.N; n += posters {
				_ = l.Do(task)
			}
		})
	}
	wg.Wait()
	stop()
	if ran != b.N {
		b.Fatalf("ran %d of %d tasks", ran, b.N)
	}
}

// BenchmarkDoOnLoop is the same with one core at work: a task posts the next.
func BenchmarkDoOnLoop(b *testing.B) {
	l := NewLoop(Config{})
	ctx, cancel := context.WithCancel(b.Context())
	const chains = 64
	left := b.N
	var task Task
	task = func() {
		if left--; left == 0 {
			cancel()
		} else if left >= chains {
			_ = l.Do(task)
		}
	}
	for range min(b.N, chains) {
		_ = l.Do(task)
	}
	b.ReportAllocs()
	b.ResetTimer()
	_ = l.Run(ctx)
}

// BenchmarkWake is the way to a sleeping loop and back.
func BenchmarkWake(b *testing.B) {
	l := NewLoop(Config{})
	start(b, l)
	ran := make(chan struct{})
	task := Task(func() { ran <- struct{}{} })
	b.ReportAllocs()
	for b.Loop() {
		_ = l.Do(task)
		<-ran
	}
}

func BenchmarkTimer(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		l := NewLoop(Config{})
		for range n {
			l.NewTimer(time.Second, func() {})
		}
		b.Run(fmt.Sprintf("make-and-stop/timers=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l.NewTimer(time.Minute, func() {}).Stop()
			}
		})
		b.Run(fmt.Sprintf("fire/timers=%d", n), func(b *testing.B) {
			if err := l.begin(); err != nil {
				b.Fatal(err)
			}
			defer l.end()
			b.ReportAllocs()
			for b.Loop() {
				l.fire(l.takeDue(never-1, l.now())) // as if each were due
			}
		})
	}
}

func BenchmarkOnLoop(b *testing.B) {
	l := NewLoop(Config{})
	start(b, l)
	must(b, l, func() {
		for b.Loop() {
			l.OnLoop()
		}
	})
	b.ReportAllocs()
	_, _ = Call(b.Context(), l, func() (int, error) { return 0, nil })
}

// TestNoAllocations counts what a task and a tick allocate.
func TestNoAllocations(t *testing.T) {
	l := NewLoop(Config{})
	start(t, l)
	task, ran := Task(func() {}), make(chan struct{})
	last := Task(func() { ran <- struct{}{} })
	post := func() {
		for range 100 {
			_ = l.Do(task)
		}
		_ = l.Do(last)
		<-ran
	}
	for range 10 {
		post()
	}
	if n := testing.AllocsPerRun(100, post); n != 0 {
		t.Errorf("%v allocations for 101 tasks", n)
	}
	l.NewTimer(ms, func() {
		select {
		case ran <- struct{}{}:
		default: // the test is over, or was slow
		}
	})
	if n := testing.AllocsPerRun(20, func() { <-ran }); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}
