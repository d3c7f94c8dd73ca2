package load

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lonng/nano/bench/internal/game"
)

const (
	readBuffer = 1 << 20
	maxEvents  = 512
	pollMillis = 20 // how often a thread that nothing comes to looks whether it shall stop
	moments    = 10 // inputs of the tick game are spread over so many moments of a tick
)

// A thread waits on epoll for its connections and does their work.
type thread struct {
	client *Client
	ep     int
	conns  []*conn
	buf    []byte
	events [maxEvents]unix.EpollEvent

	// while an event is served
	conn      *conn
	now       int64
	got       int // messages
	measuring bool

	slice     int   // the next of the tick game's moments
	nextSlice int64 // and when it is

	messages atomic.Uint64
	hist     Hist
	reads    uint64 // that brought messages, while measuring
	closed   int
	err      error // the first
}

func newThread(c *Client) (*thread, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return &thread{client: c, ep: ep, buf: make([]byte, readBuffer)}, nil
}

func (t *thread) close() { _ = unix.Close(t.ep) }

func (t *thread) add(c *conn) error {
	t.conns = append(t.conns, c)
	if c.stalled {
		return nil
	}
	return t.control(unix.EPOLL_CTL_ADD, len(t.conns)-1, unix.EPOLLIN)
}

func (t *thread) control(op, i int, events uint32) error {
	return unix.EpollCtl(t.ep, op, t.conns[i].fd, &unix.EpollEvent{Events: events, Fd: int32(i)})
}

func (t *thread) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	t.prime()
	for {
		phase := t.client.phase.Load()
		if phase == stopping {
			return
		}
		t.measuring = phase == measuring
		n, err := unix.EpollWait(t.ep, t.events[:], t.timeout())
		if err != nil && err != unix.EINTR {
			t.fail(err)
			return
		}
		for _, e := range t.events[:max(n, 0)] {
			t.serve(int(e.Fd), e.Events)
		}
		t.tick()
	}
}

// prime starts the closed loops.
func (t *thread) prime() {
	t.now = time.Now().UnixNano()
	t.nextSlice = t.now
	for i, c := range t.conns {
		if w := t.client.cfg.Work; w == Requests || w == Notifies {
			for k := range c.sent {
				c.sent[k] = t.now
			}
			c.queued = len(c.ring) / 2
		}
		if !c.stalled {
			t.leave(i, errors.Join(t.take(c, c.rest), t.write(i)))
		}
	}
}

func (t *thread) serve(i int, events uint32) {
	c := t.conns[i]
	if c.closed {
		return
	}
	var err error
	if events&^unix.EPOLLOUT != 0 {
		var b []byte
		if b, err = c.read(t.buf); err == nil {
			err = t.take(c, b)
		}
	}
	if err == nil {
		err = t.write(i)
	}
	t.leave(i, err)
}

// take does what the messages in b ask for and keeps what is not a whole message.
func (t *thread) take(c *conn, b []byte) error {
	t.conn, t.now, t.got = c, time.Now().UnixNano(), 0
	n, err := c.scan(t.client.cfg.Protocol, b, t.message)
	c.rest = append(c.rest[:0], b[n:]...)
	t.messages.Add(uint64(t.got))
	if t.got > 0 && t.measuring {
		t.reads++
	}
	if err == nil && t.got > 0 && t.client.cfg.Work == Broadcast {
		if t.client.remaining.Add(int64(-t.got)) == 0 {
			err = t.client.burst()
		}
	}
	return err
}

func (t *thread) message(m Message) error {
	switch t.client.cfg.Work {
	case Requests:
		if m.Kind == Response {
			if m.ID != uint64(t.conn.oldest+1) {
				return fmt.Errorf("load: answer to %d where that to %d was due", m.ID, t.conn.oldest+1)
			}
			t.answered()
		}
	case Notifies:
		if m.Kind == Push {
			t.answered()
		}
	case Broadcast:
		if m.Kind == Push {
			t.record(t.client.triggered.Load())
		}
	case TickGame:
		if m.Kind == Push {
			t.record(game.StampOf(m.Payload))
		}
	}
	return nil
}

// answered counts the answer to the oldest request in flight and asks again.
func (t *thread) answered() {
	c := t.conn
	t.record(c.sent[c.oldest])
	c.sent[c.oldest] = t.now
	c.oldest = (c.oldest + 1) % len(c.sent)
	c.queued += len(c.ring) / 2 / len(c.sent)
}

func (t *thread) record(since int64) {
	t.got++
	if t.measuring {
		t.hist.Record(time.Duration(t.now - since))
	}
}

// write flushes a connection and has epoll tell when the rest of what is queued can be written.
func (t *thread) write(i int) error {
	c := t.conns[i]
	if c.queued == 0 && !c.armed {
		return nil
	}
	if err := c.flush(); err != nil {
		return err
	}
	want := c.queued > 0
	if want == c.armed {
		return nil
	}
	c.armed = want
	events := uint32(unix.EPOLLIN)
	if want {
		events |= unix.EPOLLOUT
	}
	return t.control(unix.EPOLL_CTL_MOD, i, events)
}

// leave closes a connection that failed.
func (t *thread) leave(i int, err error) {
	if err == nil {
		return
	}
	t.conns[i].close()
	t.closed++
	t.fail(err)
}

func (t *thread) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// timeout is how long to wait for the next event, in milliseconds.
func (t *thread) timeout() int {
	if t.client.cfg.Work != TickGame {
		return pollMillis
	}
	wait := time.Duration(t.nextSlice - time.Now().UnixNano())
	return int(max(0, (wait+time.Millisecond-1)/time.Millisecond))
}

// tick sends the inputs that are due. An input that the socket does not take is left out.
func (t *thread) tick() {
	if t.client.cfg.Work != TickGame {
		return
	}
	for now := time.Now().UnixNano(); t.nextSlice <= now; t.nextSlice += int64(game.Tick / moments) {
		for i := t.slice; i < len(t.conns); i += moments {
			c := t.conns[i]
			if c.closed || c.queued > 0 {
				continue
			}
			c.queued = len(c.ring) / 2
			t.leave(i, t.write(i))
		}
		t.slice = (t.slice + 1) % moments
	}
}
