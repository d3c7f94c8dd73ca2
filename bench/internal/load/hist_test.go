package load

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestHistEmpty(t *testing.T) {
	var h Hist
	if got := h.Quantile(0.5); got != 0 || h.Count() != 0 {
		t.Errorf("empty: quantile %v, count %d", got, h.Count())
	}
}

// Every bucket begins where the one before it ends, and its middle lies in it.
func TestHistBuckets(t *testing.T) {
	last := -1
	for shift := 2; shift < 62; shift++ {
		for _, v := range []uint64{1<<shift - 1, 1 << shift, 1<<shift + 1} {
			i := bucket(v)
			if i < last {
				t.Fatalf("bucket(%d) = %d after %d", v, i, last)
			}
			last = i
			if got := bucket(uint64(middle(i))); got != i {
				t.Errorf("the middle of bucket %d is in bucket %d", i, got)
			}
		}
	}
	var h Hist
	h.Record(1<<63 - 1)
	h.Record(-time.Second)
	if h.Count() != 2 || h.Quantile(0) != 0 {
		t.Errorf("extremes: count %d, least %v", h.Count(), h.Quantile(0))
	}
}

// Quantiles are those of the sorted values, within the width of a bucket.
func TestHistQuantile(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var all []time.Duration
	var a, b Hist
	for i := range 20_000 {
		d := time.Duration(random.ExpFloat64() * float64(time.Millisecond))
		all = append(all, d)
		if i%2 == 0 {
			a.Record(d)
		} else {
			b.RecordN(d, 1)
		}
	}
	a.Merge(&b)
	slices.Sort(all)
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[min(int(q*float64(len(all))), len(all)-1)]
		got := a.Quantile(q)
		if diff := (got - want).Abs(); float64(diff) > float64(want)/50+1 {
			t.Errorf("quantile %v = %v, want %v", q, got, want)
		}
	}
}

func BenchmarkHistRecord(b *testing.B) {
	var h Hist
	for i := 0; b.Loop(); i++ {
		h.Record(time.Duration(i))
	}
}
