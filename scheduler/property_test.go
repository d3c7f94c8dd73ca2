package scheduler

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestAgainstModel does the same random things to a loop and to the model.
// Each of them happens at a microsecond of its own, and everything else takes
// whole milliseconds: so nothing that the model leaves open happens at once.
func TestAgainstModel(t *testing.T) {
	seeds := uint64(150)
	if testing.Short() {
		seeds = 15
	}
	ran := 0
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) { ran += runScript(t, seed, 200) })
	}
	if ran < int(seeds)*500 {
		t.Errorf("%d tasks and timers in %d scripts are too few to prove much", ran, seeds)
	}
}

const modelCondInterval = 7 * ms

type script struct {
	t     *testing.T
	rand  *rand.Rand
	since func() time.Duration
	loop  *Loop
	model model
	stop  func() // nil: no Run

	log    []entry // the loop's
	mu     sync.Mutex
	timers map[int64]*Timer
}

// runScript does ops random things, and returns how many tasks and timers ran.
func runScript(t *testing.T, seed uint64, ops int) int {
	s := &script{
		t: t, rand: rand.New(rand.NewPCG(seed, 0)), since: clock(), timers: map[int64]*Timer{},
		loop: NewLoop(Config{CondInterval: modelCondInterval}),
	}
	for op := range ops {
		at := s.since().Truncate(ms) + time.Duration(1+s.rand.IntN(20))*ms + time.Duration(op)*time.Microsecond
		pass(at - s.since())
		s.model.advance(at)
		s.op(at)
	}
	s.end(s.since())
	for i := range min(len(s.log), len(s.model.log)) {
		if s.log[i] != s.model.log[i] {
			t.Fatalf("seed %d: entry %d is %v, the model says %v", seed, i, s.log[i], s.model.log[i])
		}
	}
	if len(s.log) != len(s.model.log) {
		t.Fatalf("seed %d: %d entries, the model has %d", seed, len(s.log), len(s.model.log))
	}
	return len(s.log)
}

func (s *script) op(now time.Duration) {
	switch n := s.rand.IntN(20); {
	case n == 0 && s.stop != nil:
		s.end(now)
	case n < 5 && s.stop == nil:
		s.begin(now)
	case n < 10:
		p := s.plan(1)
		s.create(p)
		s.model.create(p, now)
	case n < 13:
		id := s.anyTimer()
		s.stopTimer(id)
		s.model.stop(id)
	default:
		s.post(s.work(1, 15*ms))
	}
}

func (s *script) begin(now time.Duration) {
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.loop.Run(ctx)
	}()
	synctest.Wait()
	s.model.run(now)
	s.stop = func() {
		cancel()
		<-ended
	}
}

func (s *script) end(now time.Duration) {
	if s.stop == nil {
		return
	}
	s.stop()
	s.stop = nil
	if got, want := s.since(), s.model.end(now); got != want {
		s.t.Fatalf("Run ended at %v, the model says %v", got, want)
	}
}

func (s *script) post(w work) {
	accepted := s.loop.Do(func() { s.perform(w, 0) }) == nil
	if want := s.stop != nil || !s.model.ran; accepted != want {
		s.t.Errorf("task accepted: %v, want %v", accepted, want)
	}
	if accepted {
		s.model.inbox = append(s.model.inbox, w)
	}
}

// plan makes up a timer; depth: how deep its function may nest.
func (s *script) plan(depth int) plan {
	p := plan{every: time.Duration(1+s.rand.IntN(100)) * ms, count: forever}
	switch s.rand.IntN(4) {
	case 0:
		p.count = 1
	case 1:
		p.count = 1 + s.rand.IntN(10)
	case 2:
		p.every, p.nth = modelCondInterval, 1+s.rand.IntN(10)
	}
	p.work = s.work(depth, 4*ms)
	return p
}

func (s *script) work(depth int, block time.Duration) work {
	var w work
	switch s.rand.IntN(12) {
	case 0:
		w.stop = own
	case 1:
		w.stop = s.anyTimer()
	case 2:
		if depth > 0 {
			p := s.plan(depth - 1)
			p.count, p.nth = 1+s.rand.IntN(2), 0 // lest there be ever more of them
			w.create = &p
		}
	case 3, 4:
		w.block = time.Duration(s.rand.Int64N(int64(block/ms))) * ms
	}
	return w
}

func (s *script) anyTimer() int64 { return 1 + s.rand.Int64N(s.model.nextID+2) }

func (s *script) create(p plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var t *Timer
	fn := func() {
		s.mu.Lock()
		id := t.ID()
		s.mu.Unlock()
		s.perform(p.work, id)
	}
	switch {
	case p.nth > 0:
		t = s.loop.NewCondTimer(every(p.nth), fn)
	case p.count == forever:
		t = s.loop.NewTimer(p.every, fn)
	case p.count == 1:
		t = s.loop.NewAfterTimer(p.every, fn)
	default:
		t = s.loop.NewCountTimer(p.every, p.count, fn)
	}
	s.timers[t.ID()] = t
}

func (s *script) stopTimer(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.timers[id]; t != nil {
		t.Stop()
	}
}

// perform is what tasks and timers of the loop do.
func (s *script) perform(w work, id int64) {
	s.log = append(s.log, entry{s.since(), id})
	if w.stop == own {
		w.stop = id
	}
	s.stopTimer(w.stop)
	if w.create != nil {
		s.create(*w.create)
	}
	if w.block > 0 {
		block(w.block)
	}
}

// TestModelKnowsItsTimers checks that the two sides keep the same timers.
func TestModelKnowsItsTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, rand: rand.New(rand.NewPCG(1, 1)), since: clock(), timers: map[int64]*Timer{}, loop: NewLoop(Config{})}
		for range 50 {
			p := s.plan(0)
			s.create(p)
			s.model.create(p, 0)
		}
		for range 30 {
			id := s.anyTimer()
			s.stopTimer(id)
			s.model.stop(id)
		}
		var got, want []int64
		for _, timer := range s.loop.timers {
			got = append(got, timer.id)
		}
		for _, timer := range s.model.timers {
			want = append(want, timer.id)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("timers %v, want %v", got, want)
		}
	})
}
