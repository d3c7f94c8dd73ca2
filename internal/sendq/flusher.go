package sendq

import (
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Flusher writes for the queues that share it. A queue that has something to write is put in its list; a goroutine, more when
// the list is long, writes to the sockets of the list what they take at once, and ends when the list is empty. A socket that is
// full gets a goroutine of its own for as long as that lasts. So a thousand queues that are filled together cost one
// goroutine, and a stalled peer holds up nobody.
type Flusher struct {
	max  int    // goroutines
	work func() // run, bound once

	mu       sync.Mutex // guards what follows
	dirty    []*Queue   // from head
	head     int
	running  int      // goroutines
	held     []*Queue // corked, with something to write
	alarm    *time.Timer
	alarmSet bool

	writers sync.Pool // of *tryWriter
}

// atATime is how many queues a goroutine takes from the list, and how many make it worth to start another.
const atATime = 32

// NewFlusher returns a Flusher with as many goroutines at the most as the program has processors.
func NewFlusher() *Flusher {
	f := &Flusher{max: runtime.GOMAXPROCS(0)}
	f.work = f.run
	f.writers.New = func() any { return newTryWriter() }
	return f
}

// add is called with the lock of q held.
func (f *Flusher) add(q *Queue) {
	f.mu.Lock()
	f.dirty = append(f.dirty, q)
	start := f.running == 0
	if start {
		f.running++
	}
	f.mu.Unlock()
	if start {
		go f.work()
	}
}

func (f *Flusher) run() {
	w := f.writers.Get().(*tryWriter)
	defer f.writers.Put(w)
	var batch [atATime]*Queue
	for {
		n := f.take(&batch, false)
		if n == 0 {
			runtime.Gosched() // whoever is about to add something saves the start of another goroutine
			if n = f.take(&batch, true); n == 0 {
				return
			}
		}
		for i, q := range batch[:n] {
			batch[i] = nil
			q.flushShared(w)
		}
	}
}

// take moves the head of the list to batch. It returns 0 when the list is empty; with end the goroutine then counts as ended.
func (f *Flusher) take(batch *[atATime]*Queue, end bool) int {
	f.mu.Lock()
	n := copy(batch[:], f.dirty[f.head:])
	f.drop(n)
	more := false
	switch {
	case n == 0 && end:
		f.running--
	case len(f.dirty) > 0 && f.running < f.max:
		f.running++
		more = true
	}
	f.mu.Unlock()
	if more {
		go f.work()
	}
	return n
}

// drop takes n off the head of the list, and moves the rest to the front when that is the smaller part: under load the list may
// never be empty. Called with mu held.
func (f *Flusher) drop(n int) {
	clear(f.dirty[f.head : f.head+n])
	f.head += n
	if rest := len(f.dirty) - f.head; rest <= f.head {
		copy(f.dirty, f.dirty[f.head:])
		clear(f.dirty[rest:])
		f.dirty, f.head = f.dirty[:rest], 0
	}
}

// flushShared writes what is pending as far as the socket takes it at once.
func (q *Queue) flushShared(w *tryWriter) {
	b := q.take()
	if b == nil {
		return
	}
	n, err := w.write(q.raw, b.b)
	switch {
	case err != nil:
		b.release()
		q.fail()
		q.conn.WriteFailed(err)
	case n < len(b.b):
		go q.flushRest(b, n)
		return
	default:
		b.release()
	}
	q.written()
}

// written ends a turn: the queue is done, or goes to the end of the list.
func (q *Queue) written() {
	q.mu.Lock()
	q.flying = 0
	q.underSoft()
	again := q.pending != nil || q.closed
	if again {
		q.shared.add(q)
	} else {
		q.flushing = false
	}
	q.mu.Unlock()
}

// flushRest waits for a socket that was full, and for all that comes meanwhile.
func (q *Queue) flushRest(b *buffer, n int) {
	q.Wrote(n)
	err := q.conn.WriteFrames(b.b[n:])
	b.release()
	if err != nil {
		q.fail()
		q.conn.WriteFailed(err)
	}
	q.flush()
}

// Share makes the queue write through f to raw, which must be the socket of its Conn and not nil. It is called once, after Init.
func (q *Queue) Share(f *Flusher, raw syscall.RawConn) { q.shared, q.raw = f, raw }
