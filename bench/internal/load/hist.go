package load

import (
	"math/bits"
	"time"
)

const (
	subBits = 6 // 64 steps an octave: a value is kept to within 1.6%
	subs    = 1 << subBits
	buckets = (65 - subBits) * subs
)

// A Hist counts durations in log-linear buckets: exact to 63 ns, within 1.6% above. The zero value is
// empty. It allocates nothing after it is made, and belongs to one goroutine at a time.
type Hist struct {
	counts [buckets]uint64
	n      uint64
}

// Record counts one duration; one below 0 counts as 0.
func (h *Hist) Record(d time.Duration) {
	h.counts[bucket(uint64(max(d, 0)))]++
	h.n++
}

// RecordN counts one duration n times.
func (h *Hist) RecordN(d time.Duration, n int) {
	h.counts[bucket(uint64(max(d, 0)))] += uint64(n)
	h.n += uint64(n)
}

// Count returns how many durations were recorded.
func (h *Hist) Count() uint64 { return h.n }

// Merge adds what o holds.
func (h *Hist) Merge(o *Hist) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.n += o.n
}

// Quantile returns the duration that the share q (0 to 1) of those recorded does not exceed, 0 when
// there is none.
func (h *Hist) Quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := min(uint64(q*float64(h.n)), h.n-1)
	var seen uint64
	for i, n := range h.counts {
		if seen += n; seen > rank {
			return middle(i)
		}
	}
	return 0
}

func bucket(v uint64) int {
	if v < subs {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return (shift+1)*subs + int(v>>shift) - subs
}

// middle is the value in the middle of a bucket.
func middle(i int) time.Duration {
	if i < subs {
		return time.Duration(i)
	}
	shift := i/subs - 1
	low := uint64(i%subs+subs) << shift
	return time.Duration(low + (uint64(1)<<shift)/2)
}
