//go:build !race

package sendq

import "testing"

// The race detector makes pools forget, so that this holds without it only.
func TestBuffersReturn(t *testing.T) {
	made := 0
	fresh := buffers.New
	buffers.New = func() any { made++; return fresh() }
	defer func() { buffers.New = fresh }()

	q, c := newQueue(true, roomy)
	f := frame(1, 0, 100)
	for range 2000 {
		_ = q.Append(f)
		c.gate <- len(f)
	}
	<-q.Close(nil)
	if made > 200 {
		t.Errorf("%d buffers made for 2000 batches", made)
	}
}

// A burst's buffer is not kept.
func TestLargeBufferIsDropped(t *testing.T) {
	b := &buffer{make([]byte, 0, maxPooled+1)}
	b.b = append(b.b, 1)
	b.release()
	if len(b.b) != 1 {
		t.Error("a buffer over the bound was emptied for use again")
	}
	b = &buffer{make([]byte, 5, maxPooled)}
	if b.release(); len(b.b) != 0 {
		t.Error("a buffer up to the bound was not emptied for use again")
	}
}

func TestAllocations(t *testing.T) {
	q, c := newQueue(true, roomy)
	f := frame(1, 0, 100)
	n := testing.AllocsPerRun(2000, func() {
		_ = q.Append(f)
		c.gate <- len(f)
	})
	if n > 1 { // what the fake conn keeps grows
		t.Errorf("%v allocations a frame", n)
	}
	<-q.Close(nil)
}
