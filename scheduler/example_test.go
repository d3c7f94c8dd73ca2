package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/lonng/nano/scheduler"
)

func Example() {
	loop := scheduler.NewLoop(scheduler.Config{Name: "room-7"})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = loop.Run(ctx)
	}()

	hp := map[string]int{} // the loop's alone, so it needs no lock
	_ = loop.Do(func() { hp["orc"] = 10 })
	_ = loop.Do(func() { hp["orc"] -= 3 })
	left, err := scheduler.Call(ctx, loop, func() (int, error) { return hp["orc"], nil })
	fmt.Println(left, err)

	cancel()
	<-ended
	fmt.Println(loop.Do(func() {}))
	// Output:
	// 7 <nil>
	// scheduler: loop is stopped
}

func ExampleLoop_Run() {
	loop := scheduler.NewLoop(scheduler.Config{})
	ctx, stop := context.WithCancel(context.Background())

	// Tasks from before the first Run wait for it.
	_ = loop.Do(func() { fmt.Println("hello") })
	_ = loop.Do(scheduler.Task(stop))
	fmt.Println(loop.Run(ctx))
	// Output:
	// hello
	// <nil>
}

func ExampleLoop_RunWith() {
	loop := scheduler.NewLoop(scheduler.Config{})
	_ = loop.Do(func() { fmt.Println("task") })

	err := loop.RunWith(context.Background(), func() error {
		fmt.Println("setup")
		return errors.New("no map")
	})
	fmt.Println(err, loop.Len())
	// Output:
	// setup
	// no map 1
}

func ExampleLoop_NewTimer() {
	loop := scheduler.NewLoop(scheduler.Config{})
	ctx, stop := context.WithCancel(context.Background())

	ticks := 0
	var tick *scheduler.Timer
	tick = loop.NewTimer(5*time.Millisecond, func() {
		ticks++
		fmt.Println("tick", ticks)
		if ticks == 3 {
			tick.Stop()
			stop()
		}
	})
	_ = loop.Run(ctx)
	// Output:
	// tick 1
	// tick 2
	// tick 3
}

func ExampleLoop_NewCountTimer() {
	loop := scheduler.NewLoop(scheduler.Config{})
	ctx, stop := context.WithCancel(context.Background())

	left := 3
	loop.NewCountTimer(5*time.Millisecond, left, func() {
		fmt.Println(left)
		if left--; left == 0 {
			fmt.Println("go!")
			stop()
		}
	})
	_ = loop.Run(ctx)
	// Output:
	// 3
	// 2
	// 1
	// go!
}

func ExampleLoop_NewAfterTimer() {
	loop := scheduler.NewLoop(scheduler.Config{})
	ctx, stop := context.WithCancel(context.Background())

	loop.NewAfterTimer(20*time.Millisecond, stop)
	loop.NewAfterTimer(5*time.Millisecond, func() { fmt.Println("the bomb goes off") })
	loop.NewAfterTimer(10*time.Millisecond, func() { fmt.Println("never") }).Stop()
	_ = loop.Run(ctx)
	// Output: the bomb goes off
}

// full holds when a table has as many players as it takes.
type full struct{ players, seats int }

func (f *full) Check(time.Time) bool { return f.players >= f.seats }

func ExampleLoop_NewCondTimer() {
	loop := scheduler.NewLoop(scheduler.Config{CondInterval: 5 * time.Millisecond})
	ctx, stop := context.WithCancel(context.Background())

	table := &full{seats: 2}
	loop.NewCondTimer(table, func() {
		fmt.Println("start with", table.players)
		stop()
	})
	loop.NewCountTimer(10*time.Millisecond, 2, func() { table.players++ })
	_ = loop.Run(ctx)
	// Output: start with 2
}

func ExampleCall() {
	loop := scheduler.NewLoop(scheduler.Config{})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = loop.Run(ctx)
	}()

	_, err := scheduler.Call(ctx, loop, func() (int, error) {
		return scheduler.Call(ctx, loop, func() (int, error) { return 1, nil })
	})
	fmt.Println(err)

	_, err = scheduler.Call(ctx, loop, func() (int, error) { panic("out of range") })
	if p, ok := errors.AsType[*scheduler.PanicError](err); ok {
		fmt.Println(p.Value)
	}
	stop()
	<-ended
	// Output:
	// scheduler: call would wait for its own loop
	// out of range
}

func ExampleLoop_Schedule() {
	plain := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: plain}))
	loop := scheduler.NewLoop(scheduler.Config{Name: "lobby", Log: log})
	ctx, stop := context.WithCancel(context.Background())

	var s scheduler.LocalScheduler = loop
	s.Schedule(scheduler.Task(stop))
	_ = loop.Run(ctx)
	s.Schedule(func() { fmt.Println("too late") })
	// Output: level=WARN msg="scheduler: task refused" loop=lobby err="scheduler: loop is stopped"
}

func ExampleLoop_OnLoop() {
	loop := scheduler.NewLoop(scheduler.Config{})
	ctx, stop := context.WithCancel(context.Background())

	fmt.Println(loop.OnLoop())
	_ = loop.Do(func() { fmt.Println(loop.OnLoop()) })
	_ = loop.Do(scheduler.Task(stop))
	_ = loop.Run(ctx)
	// Output:
	// false
	// true
}

func ExampleLoop_Len() {
	loop := scheduler.NewLoop(scheduler.Config{})
	_ = loop.Do(func() {})
	_ = loop.Do(func() {})
	fmt.Println(loop.Len())
	// Output: 2
}

func ExampleNewTimer() {
	// What nano.Listen does with the default loop.
	ctx, stop := context.WithCancel(context.Background())
	defer stop()

	turns := 0
	scheduler.NewTimer(5*time.Millisecond, func() {
		if turns++; turns == 2 {
			fmt.Println("turn", turns)
			stop()
		}
	})
	_ = scheduler.Default().Run(ctx)
	// Output: turn 2
}

func ExampleLoop_Configure() {
	loop := scheduler.NewLoop(scheduler.Config{Name: "lobby"}) // think of scheduler.Default()
	ctx, stop := context.WithCancel(context.Background())

	loop.Configure(scheduler.Config{CondInterval: 5 * time.Millisecond}) // it keeps its name
	loop.NewCondTimer(&full{}, func() {
		fmt.Println("checked soon")
		stop()
	})
	_ = loop.Run(ctx)
	// Output: checked soon
}

func ExampleFromContext() {
	loop := scheduler.NewLoop(scheduler.Config{})
	ctx := scheduler.NewContext(context.Background(), loop)
	fmt.Println(scheduler.FromContext(ctx) == loop)
	// Output: true
}
