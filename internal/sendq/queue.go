// Package sendq is one connection's outbound queue: frames are appended by any goroutine, taken by one flusher that
// exists only while there is something to write, and written in batches that grow with load by themselves.
//
//	var q sendq.Queue
//	q.Init(conn, &limits)   // conn writes and is told what went wrong
//	err := q.Append(frame)  // copies; never waits
//	<-q.Close(last)         // what is queued, then last, then nothing more
package sendq

import (
	"errors"
	"sync"
	"syscall"
	"time"
)

var (
	// ErrClosed is returned by Append on a queue that is closed or whose writer failed.
	ErrClosed = errors.New("sendq: closed")
	// ErrFull is returned by Append for a frame over the hard bound; the queue has reported Overflow.
	ErrFull = errors.New("sendq: full")
)

// Limits are the bounds of a queue, shared by those of a server. All must be above 0.
type Limits struct {
	Soft     int           // bytes; above it for SoftTime the queue overflows
	SoftTime time.Duration //
	Hard     int           // bytes; a frame that would pass it overflows at once, unless the queue is empty
}

// Conn is what a queue belongs to. Its methods are called without the queue's lock; the first two by the flusher
// goroutine alone.
type Conn interface {
	// WriteFrames writes b, which holds whole frames, and calls Wrote as it goes. b is the queue's again afterwards.
	WriteFrames(b []byte) error
	// Drained is called once after Close, when all is written or writing has failed.
	Drained()
	// WriteFailed is called once when WriteFrames has failed.
	WriteFailed(err error)
	// Overflow is called once when a bound is passed: the peer is too slow. The queue itself goes on.
	Overflow()
}

// Queue is the queue. Its methods may be called from any goroutine and never wait for the network.
type Queue struct {
	// static after Init
	conn   Conn
	limits *Limits
	shared *Flusher        // nil: a flusher of its own
	raw    syscall.RawConn // with shared
	work   func()          // flush, bound once, when it is first needed; guarded by mu
	place  int             // of a held queue in shared; guarded by its lock

	mu       sync.Mutex // guards what follows
	pending  *buffer    // frames not yet taken by the flusher, nil when there are none
	flying   int        // bytes taken by the flusher and not yet written
	flushing bool       // there is a flusher goroutine
	corked   bool       // what is appended waits for Uncork
	held     bool       // and something does
	closed   bool
	failed   bool
	overflew bool
	done     chan struct{} // made by Close, closed when the flusher has ended
	over     *time.Timer   // runs while the queue is above the soft bound
	overFrom time.Time     // when over was started
}

// Init sets up the zero Queue. It is called once, before anything else.
func (q *Queue) Init(conn Conn, limits *Limits) { q.conn, q.limits = conn, limits }

// Len returns the bytes that are queued and not yet written.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.len()
}

func (q *Queue) len() int {
	if q.pending == nil {
		return q.flying
	}
	return q.flying + len(q.pending.b)
}

// Append queues a copy of frame. Errors: ErrClosed, ErrFull.
func (q *Queue) Append(frame []byte) error {
	q.mu.Lock()
	if q.closed || q.failed {
		q.mu.Unlock()
		return ErrClosed
	}
	n := q.len()
	if n > 0 && n+len(frame) > q.limits.Hard {
		first := !q.overflew
		q.overflew = true
		q.mu.Unlock()
		if first {
			q.conn.Overflow()
		}
		return ErrFull
	}
	q.put(frame)
	q.mu.Unlock()
	return nil
}

// Put is Append past the hard bound, for what the caller has bounded: it never calls Overflow. Error: ErrClosed.
func (q *Queue) Put(frame []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.failed {
		return ErrClosed
	}
	q.put(frame)
	return nil
}

// put is called with mu held.
func (q *Queue) put(frame []byte) {
	q.push(frame)
	if q.len() > q.limits.Soft && q.over == nil {
		q.overFrom = time.Now()
		q.over = time.AfterFunc(q.limits.SoftTime, q.softBound)
	}
}

// push appends and sees to a flusher. Called with mu held.
func (q *Queue) push(frame []byte) {
	if q.pending == nil {
		q.pending = buffers.Get().(*buffer)
	}
	q.pending.b = append(q.pending.b, frame...)
	q.startFlusher()
}

func (q *Queue) startFlusher() {
	switch {
	case q.flushing || q.held:
	case q.corked && !q.closed:
		q.held = true
		q.shared.hold(q)
	case q.shared != nil:
		q.flushing = true
		q.shared.add(q)
	default:
		q.flushing = true
		if q.work == nil {
			q.work = q.flush
		}
		go q.work()
	}
}

// softBound runs when the queue was above the soft bound for SoftTime. It may be late: the queue came back meanwhile, and
// perhaps went above again, which then has a timer of its own.
func (q *Queue) softBound() {
	q.mu.Lock()
	slow := q.over != nil && time.Since(q.overFrom) >= q.limits.SoftTime && !q.overflew && !q.closed && !q.failed
	if slow {
		q.overflew = true
	}
	q.mu.Unlock()
	if slow {
		q.conn.Overflow()
	}
}

// Wrote tells that n bytes of what WriteFrames was given are written.
func (q *Queue) Wrote(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.flying -= n
	q.underSoft()
}

// underSoft ends the time above the soft bound if it is over. Called with mu held.
func (q *Queue) underSoft() {
	if q.over != nil && q.len() <= q.limits.Soft {
		q.over.Stop()
		q.over = nil
	}
}

// Close lets what is queued be written, then last, and takes nothing more. The channel returned is closed when the flusher has ended,
// after Drained. A second Close does nothing but return the channel.
func (q *Queue) Close(last []byte) <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return q.done
	}
	q.closed = true
	q.done = make(chan struct{})
	if q.over != nil {
		q.over.Stop()
		q.over = nil
	}
	if len(last) > 0 && !q.failed {
		q.push(last)
	}
	q.startFlusher()
	return q.done
}

// flush writes until the queue is empty.
func (q *Queue) flush() {
	for {
		b := q.take()
		if b == nil {
			return
		}
		err := q.conn.WriteFrames(b.b)
		b.release()
		if err != nil {
			q.fail()
			q.conn.WriteFailed(err)
		}
	}
}

// take hands the pending bytes to the flusher; nil ends it.
func (q *Queue) take() *buffer {
	q.mu.Lock()
	b := q.pending
	if b != nil {
		q.pending = nil
		q.flying = len(b.b)
		q.mu.Unlock()
		return b
	}
	q.flushing = false
	done := q.done
	closed := q.closed
	q.mu.Unlock()
	if closed {
		q.conn.Drained()
		close(done)
	}
	return nil
}

// fail drops what is queued.
func (q *Queue) fail() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.failed = true
	q.flying = 0
	if q.pending != nil {
		q.pending.release()
		q.pending = nil
	}
	if q.over != nil {
		q.over.Stop()
		q.over = nil
	}
}
