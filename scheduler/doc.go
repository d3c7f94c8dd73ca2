// Package scheduler runs tasks and timers one at a time, on one goroutine.
//
// A [Loop] is what makes game state safe without locks: whatever is posted to
// it runs on the goroutine that called [Loop.Run], one task after the other.
//
//	loop := scheduler.NewLoop(scheduler.Config{Name: "room-7"})
//	go loop.Run(ctx)
//
//	loop.Do(func() { players[id] = p })               // from any goroutine
//	loop.NewTimer(100*time.Millisecond, world.Tick)   // runs on the loop too
//	n, err := scheduler.Call(ctx, loop, func() (int, error) {
//		return len(players), nil                  // and waits for the answer
//	})
//
// # Order
//
// Tasks run in the order in which [Loop.Do] accepted them, whoever posted them.
// Timers that are due at the same time run in the order of their deadlines,
// then of their making. Between tasks and timers there is no order, but each
// gets its turn: after every task the loop looks for due timers, and while
// tasks wait timers get at most half of the loop's time.
//
// # What tasks should do
//
// Be prompt: a task that blocks holds up everything else on its loop. Posting
// never blocks, from the loop itself neither. A panic in a task or in a timer
// is logged with its stack, and the loop goes on.
//
// # Life
//
// A loop may run, stop, and run again. Tasks posted before its first Run wait
// for it; from the end of a Run until the next one they are refused with
// [ErrStopped]. A timer that is made while the loop runs ends with that Run;
// one made before or between Runs stays: it fires in each Run, its interval
// counted from that Run's start. [Loop.RunWith] makes timers that belong to the
// Run before it takes tasks.
//
// A loop works in a testing/synctest bubble when its Run is called there.
//
// # The default loop
//
// [NewTimer] and its kin, and [PushTask], serve the loop that [Default]
// returns, the one on which nano's package-level functions run their server.
package scheduler
