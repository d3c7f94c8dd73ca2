package sendq

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// model says what a queue must do, in a few lines: bytes in order, two bounds.
type model struct {
	limits   Limits
	all      []byte // accepted, ever
	written  int
	overFrom time.Time // when it went above the soft bound; zero: it is not above
	overflew bool
	closed   bool
}

func (m *model) len() int { return len(m.all) - m.written }

func (m *model) append(f []byte) error {
	switch {
	case m.closed:
		return ErrClosed
	case m.len() > 0 && m.len()+len(f) > m.limits.Hard:
		m.overflew = true
		return ErrFull
	}
	m.all = append(m.all, f...)
	if m.len() > m.limits.Soft && m.overFrom.IsZero() {
		m.overFrom = time.Now()
	}
	return nil
}

func (m *model) wrote(n int) {
	m.written += n
	if m.len() <= m.limits.Soft {
		m.overFrom = time.Time{}
	}
}

// tick is called when time has passed.
func (m *model) tick() {
	if !m.closed && !m.overFrom.IsZero() && time.Since(m.overFrom) >= m.limits.SoftTime {
		m.overflew = true
	}
}

// A queue under a random programme of appending, writing a little, waiting and closing does what the model does.
func TestModel(t *testing.T) {
	seeds := 300
	if testing.Short() {
		seeds = 60
	}
	for seed := range uint64(seeds) {
		synctest.Test(t, func(t *testing.T) { runModel(t, rand.New(rand.NewPCG(seed, 1)), seed) })
		if t.Failed() {
			return
		}
	}
}

func runModel(t *testing.T, r *rand.Rand, seed uint64) {
	limits := Limits{Soft: 40 + r.IntN(200), SoftTime: time.Duration(1+r.IntN(5)) * time.Second, Hard: 300 + r.IntN(600)}
	q, c := newQueue(true, limits)
	m := &model{limits: limits}
	number := 0
	for step := range 200 {
		switch op := r.IntN(10); {
		case op < 5:
			f := frame(1, number, frameHead+r.IntN(100))
			if r.IntN(40) == 0 {
				f = frame(1, number, limits.Hard+r.IntN(1000))
			}
			want := m.append(f)
			if err := q.Append(f); err != want {
				t.Fatalf("seed %d, step %d: Append: %v, want %v", seed, step, err, want)
			} else if err == nil {
				number++
			}
			clear(f) // the queue has a copy
			synctest.Wait()
		case op < 8 && m.len() > 0:
			// The flusher takes what there is at once, so what may be written is what it holds.
			n := 1 + r.IntN(min(m.len(), q.flying))
			c.let(n)
			m.wrote(n)
		case op == 8:
			advance(time.Duration(r.IntN(2000)) * time.Millisecond)
			m.tick()
		case op == 9 && r.IntN(20) == 0 && !m.closed:
			last := frame(2, 0, 50)
			q.Close(last)
			m.all = append(m.all, last...)
			m.closed = true
			synctest.Wait()
		}
		compare(t, q, c, m, seed, step)
	}
	finish(t, q, c, m)
}

func compare(t *testing.T, q *Queue, c *fakeConn, m *model, seed uint64, step int) {
	t.Helper()
	got, _, overflows := c.seen()
	if q.Len() != m.len() {
		t.Fatalf("seed %d, step %d: %d bytes queued, want %d", seed, step, q.Len(), m.len())
	}
	if !bytes.Equal(got, m.all[:m.written]) {
		t.Fatalf("seed %d, step %d: what was written is not the head of what was accepted", seed, step)
	}
	if want := map[bool]int{true: 1}[m.overflew]; overflows != want {
		t.Fatalf("seed %d, step %d: %d overflows, want %d", seed, step, overflows, want)
	}
}

// finish closes the queue and lets the rest be written.
func finish(t *testing.T, q *Queue, c *fakeConn, m *model) {
	t.Helper()
	done := q.Close(nil)
	synctest.Wait()
	for m.len() > 0 {
		n := q.flying
		c.let(n)
		m.wrote(n)
	}
	<-done
	got, drained, _ := c.seen()
	if !bytes.Equal(got, m.all) || drained != 1 || q.Len() != 0 || c.torn > 0 {
		t.Errorf("%d of %d bytes, drained %d times, %d bytes queued, %d writes torn", len(got), len(m.all), drained, q.Len(), c.torn)
	}
	if q.pending != nil || q.flushing || q.over != nil {
		t.Error("the ended queue holds a buffer, a flusher or a timer")
	}
	checkOrder(t, got)
}
