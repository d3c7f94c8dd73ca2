package sendq

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano/internal/leaktest"
)

// TestMain fails the run when a flusher outlives the tests.
func TestMain(m *testing.M) { os.Exit(leaktest.Run(m, "sendq.(*Queue)", "sendq.(*Flusher)")) }

// flushers returns the stacks of the flusher goroutines that there are.
func flushers() string {
	buf := make([]byte, 1<<20)
	var left []byte
	for _, s := range bytes.Split(buf[:runtime.Stack(buf, true)], []byte("\n\n")) {
		if bytes.Contains(s, []byte("sendq.(*Queue).flush")) {
			left = append(append(left, s...), "\n\n"...)
		}
	}
	return string(left)
}

var errBroken = errors.New("broken")

// fakeConn is a Conn that keeps what is written.
type fakeConn struct {
	q *Queue
	// gate, when it is not nil, gives the bytes that may be written: WriteFrames waits for each piece. A piece below 0 is
	// a failure.
	gate chan int

	mu        sync.Mutex
	got       []byte
	writes    int
	torn      int // writes that did not end with a frame
	drained   int
	failed    []error
	overflows int
	onOver    func()
}

func newQueue(gated bool, l Limits) (*Queue, *fakeConn) {
	q := new(Queue)
	c := &fakeConn{q: q}
	if gated {
		c.gate = make(chan int)
	}
	q.Init(c, &l)
	return q, c
}

func (c *fakeConn) WriteFrames(b []byte) error {
	c.mu.Lock()
	c.writes++
	if !whole(b) {
		c.torn++
	}
	c.mu.Unlock()
	for len(b) > 0 {
		n := len(b)
		if c.gate != nil {
			if n = min(n, <-c.gate); n < 0 {
				return errBroken
			}
		}
		c.mu.Lock()
		c.got = append(c.got, b[:n]...)
		c.mu.Unlock()
		c.q.Wrote(n)
		b = b[n:]
	}
	return nil
}

func (c *fakeConn) Drained() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drained++
}

func (c *fakeConn) WriteFailed(err error) {
	c.mu.Lock()
	c.failed = append(c.failed, err)
	c.mu.Unlock()
	c.q.Close(nil)
}

func (c *fakeConn) Overflow() {
	c.mu.Lock()
	c.overflows++
	fn := c.onOver
	c.mu.Unlock()
	if fn != nil {
		fn()
	}
}

func (c *fakeConn) seen() (got []byte, drained, overflows int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got, c.drained, c.overflows
}

// A frame of these tests: its length, who made it, its number, and as many bytes of that number.
const frameHead = 9

func frame(from byte, number, size int) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(size))
	b = append(b, from)
	b = binary.BigEndian.AppendUint32(b, uint32(number))
	return append(b, bytes.Repeat([]byte{byte(number)}, size-frameHead)...)
}

func whole(b []byte) bool {
	for len(b) > 0 {
		if len(b) < frameHead {
			return false
		}
		n := int(binary.BigEndian.Uint32(b))
		if n < frameHead || n > len(b) {
			return false
		}
		b = b[n:]
	}
	return true
}

// checkOrder fails when the frames in got are not each maker's from 0 on, and returns how many each made.
func checkOrder(t *testing.T, got []byte) map[byte]int {
	t.Helper()
	next := make(map[byte]int)
	for len(got) > 0 {
		n := int(binary.BigEndian.Uint32(got))
		from, number := got[4], int(binary.BigEndian.Uint32(got[5:]))
		if number != next[from] {
			t.Fatalf("frame %d of %d comes where %d is due", number, from, next[from])
		}
		if want := frame(from, number, n); !bytes.Equal(got[:n], want) {
			t.Fatalf("frame %d of %d is damaged", number, from)
		}
		next[from]++
		got = got[n:]
	}
	return next
}

// advance lets d of the bubble's time pass.
func advance(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// let lets n bytes be written.
func (c *fakeConn) let(n int) {
	c.gate <- n
	synctest.Wait()
}
