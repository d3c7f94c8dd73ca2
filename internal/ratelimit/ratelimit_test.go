package ratelimit

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// model is a token bucket as one would draw it: tokens, in billionths, that flow in as time goes by.
type model struct {
	perSecond, burst int64
	tokens           int64
	now              int64
}

func newModel(perSecond, burst int) *model {
	return &model{perSecond: int64(perSecond), burst: int64(burst), tokens: int64(burst) * second}
}

func (m *model) at(now int64) {
	m.tokens = min(m.burst*second, m.tokens+(now-m.now)*m.perSecond)
	m.now = now
}

// has reports whether n tokens may be taken: they are there, or the bucket is full.
func (m *model) has(n int) bool {
	return m.perSecond == 0 || m.tokens >= min(int64(n), m.burst)*second
}

func (m *model) take(n int) {
	if m.perSecond > 0 {
		m.tokens -= int64(n) * second
	}
}

// exact are rates whose tokens come in whole nanoseconds, so that the model and the Limiter agree to the last one.
var exact = []int{1, 2, 4, 5, 8, 10, 20, 50, 64, 100, 125, 1000, 4000, 10_000, 1_000_000}

func randomRate(r *rand.Rand) (Rate, *model) {
	if r.IntN(4) == 0 {
		return Rate{}, newModel(0, 0)
	}
	perSecond, burst := exact[r.IntN(len(exact))], 1+r.IntN(100)
	return NewRate(perSecond, burst), newModel(perSecond, burst)
}

// A sender whose messages are handled at once passes just when the model says, and what Take says of the wait is true to the
// nanosecond. The clock is asked for a message that has to wait, or might have to.
func TestModel(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		var limit Limit
		var messages, bytes *model
		limit.Messages, messages = randomRate(r)
		limit.Bytes, bytes = randomRate(r)
		var l Limiter
		now := int64(1)
		for step := range 500 {
			if r.IntN(3) == 0 { // what came since the last time is a batch
				now += r.Int64N(second >> r.IntN(20))
				if r.IntN(2) == 0 {
					l.At(now) // the sender was waited for
				}
			} else {
				l.At(now)
			}
			messages.at(now)
			bytes.at(now)
			size := r.IntN(150)
			may := messages.has(1) && bytes.has(size)
			wait := l.Take(&limit, size, func() int64 { return now })
			if (wait == 0) != may {
				t.Fatalf("seed %d, step %d: Take returned %v, the model has %+v, %+v", seed, step, wait, messages, bytes)
			}
			if may {
				messages.take(1)
				bytes.take(size)
				l.At(now) // handled
				continue
			}
			checkWait(t, l, &limit, size, now, int64(wait))
		}
	}
}

// checkWait looks at a copy of l a nanosecond before the wait is over, and then.
func checkWait(t *testing.T, l Limiter, limit *Limit, size int, now, wait int64) {
	t.Helper()
	early, later := l, l
	if w := early.Take(limit, size, func() int64 { return now + wait - 1 }); w != 1 {
		t.Fatalf("a nanosecond early Take returns %v", w)
	}
	if w := later.Take(limit, size, func() int64 { return now + wait }); w != 0 {
		t.Fatalf("in time Take returns %v", w)
	}
	if hold := int64(limit.Hold(time.Duration(wait))); hold < wait || hold > max(wait, int64(shortHold)) {
		t.Fatalf("held for %d, to wait %d", hold, wait)
	}
}

// passed is a message that passed at a time.
type passed struct {
	at   int64
	size int64
}

// However the messages come, and whenever the time is told, in no span passes more than a burst and what flows in meanwhile. Nor
// much less: a sender that never stops gets all of its rate.
func TestSpans(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 2))
		perSecond, burst := exact[r.IntN(len(exact))], 1+r.IntN(20)
		bytesPerSecond, bytesBurst := exact[r.IntN(len(exact))]*100, 2000
		limit := Limit{Messages: NewRate(perSecond, burst), Bytes: NewRate(bytesPerSecond, bytesBurst)}
		var l Limiter
		var all []passed
		now := int64(1)
		clock := func() int64 { return now }
		for range 100 {
			l.At(now) // the reader begins to wait
			now += r.Int64N(second >> r.IntN(30))
			for range 1 + r.IntN(40) { // a batch, of which each takes its time
				size := r.IntN(bytesBurst / 10)
				if l.Take(&limit, size, clock) == 0 {
					all = append(all, passed{now, int64(size)})
				}
				if r.IntN(3) == 0 {
					now += r.Int64N(second >> (5 + r.IntN(25)))
				}
			}
		}
		checkSpans(t, all, int64(perSecond), int64(burst), int64(bytesPerSecond), int64(bytesBurst))
		t.Run(fmt.Sprint("flood ", seed), func(t *testing.T) {
			const duration = 100 * second
			got, end := int64(0), now+duration
			for now < end {
				l.At(now)
				for {
					if wait := l.Take(&limit, 1, clock); wait > 0 {
						now += int64(limit.Hold(wait)) + r.Int64N(int64(time.Millisecond))
						break
					}
					got++
				}
			}
			want := min(int64(perSecond), int64(bytesPerSecond)) * duration / second
			// A bucket that fills in less than the scheduling's millisecond loses by it.
			if slack := int64(time.Millisecond); got > want+want/100+int64(bytesBurst) || limit.Messages.depth > 100*slack && got < want-want/50-1 {
				t.Errorf("%d messages passed, want %d", got, want)
			}
		})
	}
}

func checkSpans(t *testing.T, all []passed, perSecond, burst, bytesPerSecond, bytesBurst int64) {
	t.Helper()
	for i := range all {
		count, bytes := int64(0), int64(0)
		for _, m := range all[i:] {
			count++
			bytes += m.size
			span := m.at - all[i].at
			// Each message may have been charged up to a nanosecond too little.
			if (count-burst)*second > (span+count)*perSecond || (bytes-bytesBurst)*second > (span+count)*bytesPerSecond {
				t.Fatalf("%d messages, %d bytes passed in %v", count, bytes, time.Duration(span))
			}
		}
	}
}

// A message larger than the bucket passes when that is full, and is paid for.
func TestLargerThanTheBucket(t *testing.T) {
	limit := Limit{Bytes: NewRate(10, 20)}
	var l Limiter
	now := int64(1)
	clock := func() int64 { return now }
	if w := l.Take(&limit, 100, clock); w != 0 {
		t.Fatalf("a full bucket: %v", w)
	}
	if w := l.Take(&limit, 1, clock); w != 8*time.Second+100*time.Millisecond {
		t.Errorf("then a small one waits %v", w)
	}
	if w := l.Take(&limit, 100, clock); w != 10*time.Second {
		t.Errorf("then a large one waits %v", w)
	}
	now += int64(10 * time.Second)
	if w := l.Take(&limit, 100, clock); w != 0 {
		t.Errorf("in time it waits %v", w)
	}
}

// While the buckets hold enough nobody asks for the time, and nothing is allocated in any case.
func TestCheap(t *testing.T) {
	limit := Limit{Messages: NewRate(100, 200), Bytes: NewRate(1<<20, 1<<20)}
	l, asked := new(Limiter), 0
	clock := func() int64 {
		asked++
		return 1
	}
	for range 200 {
		if l.Take(&limit, 50, clock) != 0 {
			t.Fatal("refused")
		}
	}
	if asked > 0 {
		t.Errorf("the clock was asked %d times", asked)
	}
	if n := testing.AllocsPerRun(100, func() {
		if l.Take(&limit, 50, clock) == 0 {
			t.Error("passed")
		}
		l.At(1)
		limit.Hold(1)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestZeroLimitsNothing(t *testing.T) {
	var l Limiter
	for range 1000 {
		if w := l.Take(&Limit{}, 1<<20, nil); w != 0 {
			t.Fatalf("waits %v", w)
		}
	}
}

// The largest and the smallest rates do not overflow.
func TestExtremes(t *testing.T) {
	for _, perSecond := range []int{1, MaxPerSecond} {
		for _, burst := range []int{1, MaxBurst} {
			limit := Limit{Messages: NewRate(perSecond, burst), Bytes: NewRate(perSecond, burst)}
			var l Limiter
			now := int64(100 * 365 * 24 * time.Hour)
			l.At(now)
			for range 1000 {
				if w := l.Take(&limit, 1<<24, func() int64 { return now }); w < 0 || w > 2*time.Duration(1<<24)*time.Second {
					t.Fatalf("%d a second, burst of %d: waits %v", perSecond, burst, w)
				}
				l.At(now)
			}
		}
	}
}

func BenchmarkTake(b *testing.B) {
	limit := Limit{Messages: NewRate(1_000_000, 1_000_000), Bytes: NewRate(MaxPerSecond, MaxBurst)}
	var l Limiter
	now := int64(1)
	clock := func() int64 { return now }
	b.ReportAllocs()
	for b.Loop() {
		now += 1000
		l.At(now)
		l.Take(&limit, 64, clock)
	}
}

// A sender is held back for long enough that it pays, and never while a bucket overflows.
func TestHold(t *testing.T) {
	const ms = time.Millisecond
	deep, shallow := NewRate(1000, 1000), NewRate(1000, 5)
	for _, test := range []struct {
		limit      Limit
		wait, hold time.Duration
	}{
		{Limit{Messages: deep}, ms, 10 * ms},
		{Limit{Bytes: deep}, 30 * ms, 30 * ms},
		{Limit{Messages: shallow}, ms, 5 * ms},
		{Limit{Messages: deep, Bytes: shallow}, ms, 5 * ms},
		{Limit{Messages: shallow, Bytes: deep}, time.Hour, time.Hour},
	} {
		if got := test.limit.Hold(test.wait); got != test.hold {
			t.Errorf("%+v: to wait %v it is held for %v, want %v", test.limit, test.wait, got, test.hold)
		}
	}
}
