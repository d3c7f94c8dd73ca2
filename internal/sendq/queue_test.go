package sendq

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var roomy = Limits{Soft: 1 << 20, SoftTime: 5 * time.Second, Hard: 16 << 20}

// Many append at once while the writer is at work: nothing is lost, doubled, torn or overtaken.
func TestManyWriters(t *testing.T) {
	const writers = 8
	each := 5000
	if testing.Short() {
		each = 1000
	}
	q, c := newQueue(false, Limits{Soft: 1 << 30, SoftTime: time.Hour, Hard: 1 << 30})
	var wg sync.WaitGroup
	for w := range byte(writers) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 2))
			for i := range each {
				if err := q.Append(frame(w, i, frameHead+r.IntN(60))); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	<-q.Close(frame(writers, 0, 20))
	got, drained, overflows := c.seen()
	counts := checkOrder(t, got)
	for w := range byte(writers) {
		if counts[w] != each {
			t.Errorf("%d frames of %d, want %d", counts[w], w, each)
		}
	}
	if !bytes.HasSuffix(got, frame(writers, 0, 20)) || drained != 1 || overflows != 0 || c.torn != 0 {
		t.Errorf("last frame at the end: %v, drained %d times, %d overflows, %d writes torn",
			bytes.HasSuffix(got, frame(writers, 0, 20)), drained, overflows, c.torn)
	}
	if c.writes >= writers*each {
		t.Errorf("%d writes for %d frames: they are not batched", c.writes, writers*each)
	}
}

// What is appended beside Close is written whole or refused.
func TestCloseBesideAppend(t *testing.T) {
	for seed := range uint64(200) {
		q, c := newQueue(false, roomy)
		accepted := make([]int, 4)
		var wg sync.WaitGroup
		for w := range byte(4) {
			wg.Go(func() {
				for i := 0; i < 50 && q.Append(frame(w, i, 30)) == nil; i++ {
					accepted[w]++
				}
			})
		}
		var done [2]<-chan struct{}
		for i := range done {
			wg.Go(func() { done[i] = q.Close(frame(9, 0, 30)) })
		}
		wg.Wait()
		<-done[0]
		<-done[1]
		got, drained, _ := c.seen()
		counts := checkOrder(t, got)
		for w, n := range accepted {
			if counts[byte(w)] != n {
				t.Fatalf("round %d: %d of %d accepted frames arrived", seed, counts[byte(w)], n)
			}
		}
		if counts[9] != 1 || !bytes.HasSuffix(got, frame(9, 0, 30)) || drained != 1 {
			t.Fatalf("round %d: %d last frames, drained %d times", seed, counts[9], drained)
		}
	}
}

func TestSoftBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, c := newQueue(true, Limits{Soft: 100, SoftTime: 5 * time.Second, Hard: 10_000})
		_ = q.Append(frame(1, 0, 60))
		_ = q.Append(frame(1, 1, 60)) // above
		advance(4 * time.Second)
		c.let(30)
		c.let(30) // back
		advance(time.Minute)
		if _, _, n := c.seen(); n != 0 {
			t.Fatal("a queue that came back in time overflew")
		}
		_ = q.Append(frame(1, 2, 60)) // above again: its own 5 s
		advance(5*time.Second - time.Millisecond)
		if _, _, n := c.seen(); n != 0 {
			t.Fatal("the queue overflew too early")
		}
		advance(time.Millisecond)
		if _, _, n := c.seen(); n != 1 {
			t.Fatalf("%d overflows after 5 s, want 1", n)
		}
		if err := q.Append(frame(1, 3, 60)); err != nil {
			t.Errorf("the queue went on after its overflow: %v", err)
		}
		advance(time.Hour)
		if _, _, n := c.seen(); n != 1 {
			t.Errorf("%d overflows, want 1", n)
		}
		done := q.Close(nil)
		c.let(60)
		c.let(1000)
		<-done
	})
}

// A soft bound's timer that fires too late for the time it was set for does not end the next one.
func TestSoftBoundStaleTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, c := newQueue(true, Limits{Soft: 100, SoftTime: 5 * time.Second, Hard: 10_000})
		_ = q.Append(frame(1, 0, 200))
		synctest.Wait()
		q.mu.Lock() // the timer fires and waits here
		<-time.After(5 * time.Second)
		q.flying -= 150
		q.over.Stop()
		q.over = nil
		q.mu.Unlock()
		_ = q.Append(frame(1, 1, 200))
		synctest.Wait()
		if _, _, n := c.seen(); n != 0 {
			t.Error("the timer of an overflow that had passed ended the next one at once")
		}
		q.mu.Lock()
		q.flying += 150
		q.mu.Unlock()
		done := q.Close(nil)
		c.let(200)
		c.let(200)
		<-done
	})
}

func TestHardBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, c := newQueue(true, Limits{Soft: 1000, SoftTime: time.Hour, Hard: 1000})
		if err := q.Append(frame(1, 0, 5000)); err != nil {
			t.Fatalf("an empty queue refused a large frame: %v", err)
		}
		if err := q.Append(frame(1, 1, 20)); err != ErrFull {
			t.Fatalf("over the bound: %v, want ErrFull", err)
		}
		if _, _, n := c.seen(); n != 1 {
			t.Fatalf("%d overflows, want 1 at once", n)
		}
		for range 10 {
			if err := q.Append(frame(1, 1, 20)); err != ErrFull {
				t.Fatal(err)
			}
		}
		c.let(4500)
		if err := q.Append(frame(1, 1, 500)); err != nil {
			t.Errorf("up to the bound: %v", err)
		}
		if err := q.Append(frame(1, 2, frameHead)); err != ErrFull {
			t.Errorf("past the bound again: %v", err)
		}
		if _, _, n := c.seen(); n != 1 {
			t.Errorf("%d overflows, want 1", n)
		}
		done := q.Close(frame(2, 0, 2000)) // takes no room
		c.let(500)
		c.let(500)
		c.let(2000)
		<-done
		if got, _, _ := c.seen(); len(got) != 7500 {
			t.Errorf("%d bytes arrived", len(got))
		}
	})
}

// Put has no hard bound, and the soft one's clock.
func TestPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, c := newQueue(true, Limits{Soft: 100, SoftTime: time.Second, Hard: 100})
		_ = q.Append(frame(1, 0, 50))
		synctest.Wait()
		if err := q.Put(frame(1, 1, 500)); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if _, _, n := c.seen(); n != 0 {
			t.Error("Put overflew at once")
		}
		advance(time.Second)
		if _, _, n := c.seen(); n != 1 {
			t.Errorf("%d overflows after the soft bound's time", n)
		}
		done := q.Close(nil)
		if err := q.Put(frame(1, 2, 50)); err != ErrClosed {
			t.Errorf("Put after Close: %v", err)
		}
		c.let(50)
		c.let(500)
		<-done
		if got, _, _ := c.seen(); len(got) != 550 {
			t.Errorf("%d bytes arrived", len(got))
		}
	})
}

// Overflow may do what a connection does then: close the queue, with a last frame.
func TestCloseInOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, soft := range []int{50, 5000} {
			q, c := newQueue(true, Limits{Soft: soft, SoftTime: time.Second, Hard: 100})
			c.onOver = func() { q.Close(frame(2, 0, 30)) }
			_ = q.Append(frame(1, 0, 80))
			if soft < 80 {
				advance(time.Second)
			} else if err := q.Append(frame(1, 1, 80)); err != ErrFull {
				t.Errorf("Append: %v", err)
			}
			if err := q.Append(frame(1, 1, 10)); err != ErrClosed {
				t.Errorf("Append after the overflow: %v", err)
			}
			done := q.Close(nil)
			synctest.Wait()
			c.let(80)
			c.let(30)
			<-done
			if got, _, n := c.seen(); n != 1 || !bytes.HasSuffix(got, frame(2, 0, 30)) {
				t.Errorf("%d overflows, last frame %x", n, got)
			}
		}
	})
}

func TestFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, c := newQueue(true, Limits{Soft: 10, SoftTime: time.Second, Hard: 10_000})
		_ = q.Append(frame(1, 0, 100))
		synctest.Wait()
		_ = q.Append(frame(1, 1, 100)) // not taken yet
		c.let(30)
		c.let(-1)
		if len(c.failed) != 1 || !errors.Is(c.failed[0], errBroken) {
			t.Fatalf("failures %v", c.failed)
		}
		if err := q.Append(frame(1, 2, 20)); err != ErrClosed {
			t.Errorf("Append after the failure: %v", err)
		}
		<-q.Close(frame(2, 0, 20))
		advance(time.Hour)
		got, drained, overflows := c.seen()
		if len(got) != 30 || drained != 1 || overflows != 0 || q.Len() != 0 || q.pending != nil || q.over != nil {
			t.Errorf("%d bytes, drained %d times, %d overflows, %d queued", len(got), drained, overflows, q.Len())
		}
	})
}

func TestCloseEmpty(t *testing.T) {
	q, c := newQueue(false, roomy)
	<-q.Close(nil)
	<-q.Close(frame(1, 0, 20))
	if got, drained, _ := c.seen(); len(got) != 0 || drained != 1 {
		t.Errorf("%d bytes, drained %d times", len(got), drained)
	}
	if err := q.Append(frame(1, 0, 20)); err != ErrClosed {
		t.Errorf("Append: %v", err)
	}
}

// An idle queue has no goroutine, no buffer and no timer.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, c := newQueue(false, Limits{Soft: 10, SoftTime: time.Second, Hard: 1000})
		for i := range 100 {
			_ = q.Append(frame(1, i, 50))
			synctest.Wait()
			if q.flushing || q.pending != nil || q.over != nil || q.flying != 0 {
				t.Fatalf("after frame %d: flusher %v, buffer %v, timer %v", i, q.flushing, q.pending, q.over)
			}
		}
		if left := flushers(); left != "" {
			t.Errorf("goroutines:\n%s", left)
		}
		if got, _, n := c.seen(); len(got) != 5000 || n != 0 {
			t.Errorf("%d bytes, %d overflows", len(got), n)
		}
	})
}
