package mailbox

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func newShared(p *Pool, bounds Bounds) *Box {
	b, _ := newBox(bounds)
	b.Share(p)
	return b
}

// wantLent fails when the pool has not lent between min and max messages.
func wantLent(t *testing.T, p *Pool, min, max int) {
	t.Helper()
	if n := p.Lent(); n.Messages < min || n.Messages > max || n.Bytes > p.bounds.Bytes {
		t.Errorf("lent %+v of %+v, want %d to %d messages", n, p.bounds, min, max)
	}
}

// A session with one message at a time, however large, takes nothing from the pool and is never refused.
func TestPoolFirstIsFree(t *testing.T) {
	p := NewPool(Bounds{Messages: 1, Bytes: 1})
	for range 100 {
		b := newShared(p, wide)
		for range 3 {
			if !b.Enter("a", 0, 1<<20) {
				t.Fatal("refused")
			}
			wantLent(t, p, 0, 0)
			b.Leave(1 << 20)
		}
		b.Enter("a", 0, 1<<20) // and stays
	}
	wantLent(t, p, 0, 0)
}

// A box that the pool refuses goes on when its own messages have been handled, whatever the others do.
func TestPoolRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(Bounds{Messages: 10, Bytes: 1000})
		greedy, other := newShared(p, wide), newShared(p, wide)
		held := &other.owner.(*landing).held
		for range 11 {
			greedy.Enter("a", 0, 1)
		}
		wantLent(t, p, 10, 10)
		if e := greedy.begin("a", 1); e.returned {
			t.Error("the pool lent more than it has")
		}
		other.Enter("a", 0, 1)
		e := other.begin("a", 1)
		if e.returned || !held.Load() {
			t.Fatal("the pool lent more than it has, to another")
		}
		other.Leave(1)
		synctest.Wait()
		if !e.entered || held.Load() {
			t.Error("an empty box was refused")
		}
		for range 12 {
			greedy.Leave(1)
			synctest.Wait()
		}
		other.Leave(1)
		wantLent(t, p, 0, 0)

		other.Enter("a", 0, 5000)
		other.Enter("a", 0, 1000)
		if e = other.begin("a", 1); e.returned {
			t.Error("the pool lent more bytes than it has")
		}
		other.Close()
		synctest.Wait()
		if !e.returned || e.entered {
			t.Error("closing did not end the wait")
		}
		other.Leave(5000)
		other.Leave(1000)
		wantLent(t, p, 0, 0)
	})
}

// A busy box asks the pool once for many messages, and does not keep for ever what it once needed.
func TestPoolSteps(t *testing.T) {
	p := NewPool(Bounds{Messages: 1 << 20, Bytes: 1 << 30})
	b := newShared(p, wide)
	for n := range 200 {
		b.Put("a", Message{Size: 10})
		wantLent(t, p, n, n+stepMessages)
	}
	wantLent(t, p, 199, 199+stepMessages)
	msgs := b.Take()
	b.Put("a", Message{Size: 10})
	b.Put("a", Message{Size: 10})
	b.Done(msgs, len(msgs))
	wantLent(t, p, 1, 1+2*stepMessages)
	b.Done(b.Take(), 2)
	wantLent(t, p, 0, 0)
}

// What boxes do at random follows a model: a message comes in if it is the first of its box, or the pool has room for all that
// are not.
func TestPoolModel(t *testing.T) {
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 4))
			bounds := Bounds{Messages: 1 + r.IntN(40), Bytes: 1 + r.IntN(400)} // small, so that a step is one message or byte
			p := NewPool(bounds)
			type model struct {
				*Box
				sizes []int
				wait  *entering
				size  int // of the one that waits
			}
			boxes := make([]model, 5)
			for i := range boxes {
				boxes[i].Box = newShared(p, wide)
			}
			for range 2000 {
				m := &boxes[r.IntN(len(boxes))]
				asked := false
				if leave := r.IntN(2) == 0; leave && len(m.sizes) > 0 {
					m.Leave(m.sizes[0])
					m.sizes = m.sizes[1:]
					synctest.Wait()
				} else if m.wait == nil {
					m.size = r.IntN(60)
					m.wait = m.begin("a", m.size)
					asked = true
				}
				if m.wait != nil && m.wait.returned {
					m.sizes = append(m.sizes, m.size)
					m.wait = nil
				}
				count, held := 0, 0
				for i := range boxes {
					n, size := boxes[i].Len()
					count += max(0, n-1)
					held += max(0, size-boxes[i].free)
					if n == 0 && boxes[i].wait != nil {
						t.Fatal("an empty box waits")
					}
				}
				if lent := p.Lent(); count > bounds.Messages || held > bounds.Bytes || lent.Messages < count || lent.Bytes < held {
					t.Fatalf("%d messages and %d bytes beside the first, %+v lent of %+v", count, held, lent, bounds)
				}
				if lent := p.Lent(); asked && m.wait != nil && lent.Messages < bounds.Messages && lent.Bytes+m.size <= bounds.Bytes {
					t.Fatal("refused although there is room")
				}
			}
			for i := range boxes {
				boxes[i].Close()
				synctest.Wait()
				for _, size := range boxes[i].sizes {
					boxes[i].Leave(size)
				}
			}
			wantLent(t, p, 0, 0)
		})
	}
}

// Many readers and loops at once: nothing is lost or left, and the bounds hold all the while.
func TestPoolTogether(t *testing.T) {
	const readers, each = 8, 3000
	p := NewPool(Bounds{Messages: 20, Bytes: 200})
	var wg sync.WaitGroup
	var handled atomic.Int64
	for i := range readers {
		b := newShared(p, Bounds{Messages: 16, Bytes: 1 << 20})
		post := make(chan struct{}, 1)
		wg.Go(func() {
			for range post {
				msgs := b.Take()
				for _, m := range msgs {
					if m.Req.(int64)%readers != int64(i) {
						t.Error("a message of another box")
					}
				}
				handled.Add(int64(len(msgs)))
				if lent := p.Lent(); lent.Messages > 20+readers*stepMessages { // refused loans show for a moment
					t.Errorf("%+v lent", lent)
				}
				if b.Done(msgs, len(msgs)) {
					post <- struct{}{}
				}
			}
		})
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 5))
			for n := range int64(each) {
				if ask, ok := b.Put("a", Message{Req: n*readers + int64(i), Size: r.IntN(50)}); !ok {
					t.Error("refused")
				} else if ask {
					post <- struct{}{}
				}
			}
			for {
				if n, _ := b.Len(); n == 0 {
					break
				}
				b.Enter("b", 0, 0) // waits for those before
				b.Leave(0)
			}
			close(post)
		})
	}
	wg.Wait()
	if n := handled.Load(); n != readers*each {
		t.Errorf("%d messages were handled", n)
	}
	wantLent(t, p, 0, 0)
}

// A session with so many messages at a time, through a pool or without: on one core, the price of borrowing.
func BenchmarkPool(b *testing.B) {
	for name, depth := range map[string]int{"depth=1": 1, "depth=8": 8, "depth=32": 32} {
		for kind, p := range map[string]*Pool{"alone": nil, "pool": NewPool(Bounds{Messages: 1 << 18, Bytes: 64 << 20})} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					box, _ := newBox(wide)
					if p != nil {
						box.Share(p)
					}
					for pb.Next() {
						for range depth {
							box.Put("a", Message{Size: 64})
						}
						msgs := box.Take()
						box.Done(msgs, len(msgs))
					}
				})
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*depth), "ns/message")
			})
		}
	}
}
