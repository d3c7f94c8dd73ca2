package mailbox

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

var wide = Bounds{Messages: 1 << 20, Bytes: 1 << 30}

// landing counts what an owner is told.
type landing struct {
	times      atomic.Int32
	unanswered atomic.Int32
	held       atomic.Bool
}

func (l *landing) Holding(waits bool) {
	if l.held.Swap(waits) == waits {
		panic("told twice")
	}
}

func (l *landing) Landed(unanswered int) {
	l.times.Add(1)
	l.unanswered.Store(int32(unanswered))
}

func newBox(bounds Bounds) (*Box, *landing) {
	b, l := &Box{}, &landing{}
	b.Init(l, &bounds)
	return b, l
}

// A reader that hands messages to several executors at random, some of which take and some of which are entered for, never has two of
// them at work, and each handles its messages in the order given; so all are handled in order.
func TestOrder(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 3))
			b, landed := newBox(Bounds{Messages: 1 + r.IntN(20), Bytes: 1 << 20})
			var handled []int // no lock: the box must order it
			entered := make(chan int, 1000)
			var wg sync.WaitGroup
			wg.Go(func() {
				for n := range entered {
					handled = append(handled, n)
					b.Leave(1)
				}
			})
			var loops [2]chan struct{}
			for i := range loops {
				loops[i] = make(chan struct{}, 1000)
				wg.Go(func() {
					for range loops[i] {
						msgs := b.Take()
						n := (len(msgs) + 1) / 2 // the others will be taken again
						for _, m := range msgs[:n] {
							handled = append(handled, m.Req.(int))
						}
						if b.Done(msgs, n) {
							loops[i] <- struct{}{}
						}
					}
				})
			}
			const messages = 2000
			for n := range messages {
				i := r.IntN(3)
				if i == 2 {
					b.Enter("entered", 0, 1)
					entered <- n
					continue
				}
				post, ok := b.Put(i, Message{Req: n, Size: 1})
				if !ok {
					t.Fatal("refused")
				}
				if post {
					loops[i] <- struct{}{}
				}
			}
			synctest.Wait()
			close(entered)
			close(loops[0])
			close(loops[1])
			wg.Wait()
			for n, got := range handled {
				if got != n {
					t.Fatalf("message %d was handled as number %d", got, n)
				}
			}
			count, size := b.Len()
			b.Close()
			if len(handled) != messages || count != 0 || size != 0 || landed.times.Load() != 1 {
				t.Errorf("%d handled, %d messages of %d bytes left, landed %d times", len(handled), count, size, landed.times.Load())
			}
		})
	}
}

// entering reports, once all is still, whether Enter came back.
type entering struct{ returned, entered bool }

func (b *Box) begin(on any, size int) *entering {
	e := new(entering)
	go func() {
		e.entered = b.Enter(on, 0, size)
		e.returned = true
	}()
	synctest.Wait()
	return e
}

func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newBox(Bounds{Messages: 3, Bytes: 100})
		for range 3 {
			if !b.Enter("loop", 0, 10) {
				t.Fatal("refused")
			}
		}
		e := b.begin("loop", 10)
		if e.returned {
			t.Fatal("a fourth message entered at once")
		}
		b.Leave(10)
		synctest.Wait()
		if !e.entered {
			t.Fatal("the fourth message did not enter when one left")
		}
		for range 3 {
			b.Leave(10)
		}
		if !b.Enter("loop", 0, 5000) {
			t.Fatal("an empty box refused a large message")
		}
		if e = b.begin("loop", 0); e.returned {
			t.Fatal("a message entered past the bound of bytes")
		}
		b.Leave(5000)
		synctest.Wait()
		if !e.entered {
			t.Fatal("it did not enter afterwards")
		}
		b.Leave(0)
	})
}

// What was put is taken in batches; one who posted is not asked again before Done.
func TestTake(t *testing.T) {
	b, _ := newBox(wide)
	put := func(n int) bool {
		post, ok := b.Put("loop", Message{Req: n, Size: 1})
		if !ok {
			t.Fatal("refused")
		}
		return post
	}
	if !put(0) || put(1) {
		t.Error("post is not told once")
	}
	msgs := b.Take()
	if len(msgs) != 2 || put(2) {
		t.Errorf("took %d, or was told to post while somebody takes", len(msgs))
	}
	if !b.Done(msgs, 1) { // the second is not handled
		t.Error("not told to post again")
	}
	msgs = b.Take()
	if len(msgs) != 2 || msgs[0].Req != 1 || msgs[1].Req != 2 {
		t.Errorf("took %v", msgs)
	}
	if b.Done(msgs, 2) || !put(3) {
		t.Error("told to post an empty box, or not told for the next message")
	}
	if n, size := b.Len(); n != 1 || size != 1 {
		t.Errorf("%d messages of %d bytes under way", n, size)
	}
}

// Join does not wait, for what the server itself asks for.
func TestJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, landed := newBox(Bounds{Messages: 1, Bytes: 1})
		b.Enter("a", 0, 1)
		if !b.Join(1000) || b.Executor() != "a" {
			t.Error("Join was refused, or changed the executor")
		}
		e := b.begin("b", 1)
		b.Leave(1)
		synctest.Wait()
		if e.returned {
			t.Error("the reader did not wait for what had joined")
		}
		b.Leave(1000)
		synctest.Wait()
		if !e.entered || b.Executor() != "b" {
			t.Error("the reader did not go on")
		}
		b.Close()
		if b.Join(1) || landed.times.Load() != 0 {
			t.Error("joined a closed box, or landed with a message under way")
		}
		b.Leave(1)
		b.Close()
		if landed.times.Load() != 1 {
			t.Error("it did not land once")
		}
	})
}

// Closing wakes a reader that waits, and it does not enter.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, landed := newBox(wide)
		b.Enter("a", 7, 1)
		e := b.begin("b", 1)
		b.Close()
		synctest.Wait()
		if !e.returned || e.entered || landed.times.Load() != 0 {
			t.Errorf("the reader returned %v, entered %v", e.returned, e.entered)
		}
		b.Leave(1)
		if landed.times.Load() != 1 || landed.unanswered.Load() != 1 {
			t.Errorf("landed %d times with %d unanswered", landed.times.Load(), landed.unanswered.Load())
		}
	})
}

// Each request is settled once.
func TestSettle(t *testing.T) {
	b, landed := newBox(wide)
	b.Enter("a", 7, 1)
	if !b.Owes(7) || b.Owes(8) || !b.Settle(7) || b.Settle(7) || b.Owes(7) {
		t.Error("request 7 is not settled once")
	}
	b.Enter("a", 0, 1)
	if b.Owes(0) {
		t.Error("a notify is owed an answer")
	}
	for id := range uint64(maxOwed + 10) {
		b.Enter("a", id+1, 0)
		b.Leave(0)
	}
	b.Leave(1)
	b.Leave(1)
	b.Close()
	if n := landed.unanswered.Load(); n != maxOwed+10 {
		t.Errorf("%d unanswered", n)
	}
}

// Leaving, joining, putting and closing from many goroutines: landed is told exactly once, when all is over.
func TestLandsOnce(t *testing.T) {
	rounds := 2000
	if testing.Short() {
		rounds = 300
	}
	for range rounds {
		b, landed := newBox(wide)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for range 3 {
					if !b.Join(1) {
						return
					}
					b.Leave(1)
				}
			})
		}
		wg.Go(func() { // the reader, whose messages are handled elsewhere
			for i := range 6 {
				if i%2 == 0 {
					if !b.Enter("entered", 0, 1) {
						return
					}
					wg.Go(func() { b.Leave(1) })
					continue
				}
				post, ok := b.Put("loop", Message{Size: 1})
				if !ok {
					return
				}
				if post {
					wg.Go(func() {
						for again := true; again; {
							msgs := b.Take()
							again = b.Done(msgs, len(msgs))
						}
					})
				}
			}
		})
		for range 2 {
			wg.Go(b.Close)
		}
		wg.Wait()
		if n, size := b.Len(); landed.times.Load() != 1 || n != 0 || size != 0 {
			t.Fatalf("landed %d times, %d messages of %d bytes left", landed.times.Load(), n, size)
		}
	}
}
