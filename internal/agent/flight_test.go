package agent

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

var wide = InFlight{Messages: 1 << 20, Bytes: 1 << 30}

// A reader that hands messages to several executors at random never has two of them at work, and each handles its messages
// in the order given; so all are handled in order.
func TestFlightOrder(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			var f flight
			r := rand.New(rand.NewPCG(seed, 3))
			var executors [3]chan int
			var handled []int // no lock: the flight must order it
			var wg sync.WaitGroup
			for i := range executors {
				executors[i] = make(chan int, 1000)
				wg.Go(func() {
					for n := range executors[i] {
						handled = append(handled, n)
						if f.leave(1) {
							t.Error("an open flight landed")
						}
					}
				})
			}
			const messages = 2000
			for n := range messages {
				e := r.IntN(len(executors))
				if !f.enter(e, 1, InFlight{Messages: 1 + r.IntN(20), Bytes: 1 << 20}) {
					t.Fatal("refused")
				}
				executors[e] <- n
			}
			synctest.Wait()
			for i := range executors {
				close(executors[i])
			}
			wg.Wait()
			for n, got := range handled {
				if got != n {
					t.Fatalf("message %d was handled as number %d", got, n)
				}
			}
			if len(handled) != messages || f.messages != 0 || f.bytes != 0 || !f.close() {
				t.Errorf("%d handled, %d messages of %d bytes left", len(handled), f.messages, f.bytes)
			}
		})
	}
}

// entering reports, once all is still, whether enter came back.
type entering struct{ returned, entered bool }

func (f *flight) begin(on any, n int, bounds InFlight) *entering {
	e := new(entering)
	go func() {
		e.entered = f.enter(on, n, bounds)
		e.returned = true
	}()
	synctest.Wait()
	return e
}

func TestFlightBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flight
		bounds := InFlight{Messages: 3, Bytes: 100}
		for range 3 {
			if !f.enter("loop", 10, bounds) {
				t.Fatal("refused")
			}
		}
		e := f.begin("loop", 10, bounds)
		if e.returned {
			t.Fatal("a fourth message entered at once")
		}
		f.leave(10)
		synctest.Wait()
		if !e.entered {
			t.Fatal("the fourth message did not enter when one left")
		}
		for range 3 {
			f.leave(10)
		}
		if !f.enter("loop", 5000, bounds) {
			t.Fatal("an empty flight refused a large message")
		}
		if e = f.begin("loop", 0, bounds); e.returned {
			t.Fatal("a message entered past the bound of bytes")
		}
		f.leave(5000)
		synctest.Wait()
		if !e.entered {
			t.Fatal("it did not enter afterwards")
		}
		f.leave(0)
	})
}

// join does not wait, for what the server itself asks for.
func TestFlightJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flight
		bounds := InFlight{Messages: 1, Bytes: 1}
		f.enter("a", 1, bounds)
		if !f.join(1000) || f.executor() != "a" {
			t.Error("join was refused, or changed the executor")
		}
		e := f.begin("b", 1, bounds)
		f.leave(1)
		synctest.Wait()
		if e.returned {
			t.Error("the reader did not wait for what had joined")
		}
		f.leave(1000)
		synctest.Wait()
		if !e.entered || f.executor() != "b" {
			t.Error("the reader did not go on")
		}
		if f.close() {
			t.Error("landed with a message under way")
		}
		if f.join(1) {
			t.Error("joined a closed flight")
		}
		if !f.leave(1) || f.close() {
			t.Error("it did not land once")
		}
	})
}

// Closing wakes a reader that waits, and it does not enter.
func TestFlightClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flight
		f.enter("a", 1, wide)
		e := f.begin("b", 1, wide)
		if f.close() {
			t.Error("landed with a message under way")
		}
		synctest.Wait()
		if !e.returned || e.entered {
			t.Errorf("the reader returned %v, entered %v", e.returned, e.entered)
		}
		if !f.leave(1) {
			t.Error("the last one did not land")
		}
	})
}

// Leaving, joining and closing from many goroutines: landed is told exactly once, and only when all is over.
func TestFlightLandsOnce(t *testing.T) {
	rounds := 2000
	if testing.Short() {
		rounds = 300
	}
	for range rounds {
		var f flight
		var landed, under atomic.Int32
		land := func(yes bool) {
			if yes {
				landed.Add(1)
				if n := under.Load(); n != 0 {
					t.Errorf("landed with %d under way", n)
				}
			}
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for range 3 {
					if !f.join(1) {
						return
					}
					under.Add(1)
					under.Add(-1)
					land(f.leave(1))
				}
			})
		}
		wg.Go(func() { // the reader, whose messages are handled elsewhere
			for i := range 6 {
				if !f.enter(i%2, 1, wide) {
					return
				}
				wg.Go(func() { land(f.leave(1)) })
			}
		})
		for range 2 {
			wg.Go(func() { land(f.close()) })
		}
		wg.Wait()
		if n := landed.Load(); n != 1 || f.messages != 0 || f.bytes != 0 {
			t.Fatalf("landed %d times, %d messages of %d bytes left", n, f.messages, f.bytes)
		}
	}
}
