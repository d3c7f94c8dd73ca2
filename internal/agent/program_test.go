package agent

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano/internal/mailbox"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// world is what a program of operations happens in: a server, two loops that run when the program says so, and actors.
type world struct {
	t      *testing.T
	r      *rig
	actors []*actor

	mu    sync.Mutex // guards what follows
	loops [2][]func()
}

// FuzzProgram runs the input as a program of operations of clients and server and checks, all along, what must hold: the order of what is
// handled, pushed and answered, the states, the kick as the last packet, and that all ends once and leaves nothing.
func FuzzProgram(f *testing.F) {
	f.Add([]byte{0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100})
	r := rand.New(rand.NewPCG(1, 12))
	for range 60 {
		program := make([]byte, 20+r.IntN(300))
		for i := range program {
			program[i] = byte(r.Uint32())
		}
		f.Add(append([]byte{0, 0, 1, 0, 2, 0}, program...)) // most begin with a client at work
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 1000 {
			return
		}
		synctest.Test(t, func(t *testing.T) { runProgram(t, program) })
	})
}

func runProgram(t *testing.T, program []byte) {
	w := &world{t: t}
	w.r = newRig(t, func(c *Config) {
		c.Dispatch = w.dispatch
		c.InFlight = mailbox.Bounds{Messages: 5, Bytes: 200}
		c.MaxPacket = 2000
		c.Queue.Soft, c.Queue.Hard = 2000, 10_000
	})
	opened := w.r.cfg.Opened
	w.r.cfg.Opened = func(c *Conn) {
		opened(c)
		for _, a := range w.actors {
			if a.server == c.nc {
				a.conn = c
			}
		}
	}
	for ; len(program) > 1; program = program[2:] {
		w.step(program[0], program[1])
		synctest.Wait()
		w.check()
		if t.Failed() {
			return
		}
	}
	w.end()
}

// end runs what waits until all is over.
func (w *world) end() {
	start := time.Now()
	w.r.End(wire.NewError(wire.KickShutdown, "bye"))
	over := make(chan struct{})
	go func() {
		w.r.wg.Wait()
		close(over)
	}()
	for waiting := true; waiting; {
		select {
		case <-over:
			waiting = false
		case <-time.After(100 * time.Millisecond):
			if time.Since(start) > time.Minute {
				panic("the connections do not end")
			}
		}
		for w.run(0) || w.run(1) {
			synctest.Wait()
		}
		for _, a := range w.actors {
			a.hear()
		}
	}
	if d := time.Since(start); d > 5*time.Second {
		w.t.Errorf("it took %v to end", d)
	}
	advance(3 * time.Second) // handlers on goroutines
	for _, a := range w.actors {
		a.hear()
		if !a.gone && !a.ended {
			w.t.Error("a connection has not ended")
		}
		_ = a.Close()
	}
	synctest.Wait()
	w.check()
	w.r.end()
}

// run runs a task of a loop, if there is one.
func (w *world) run(loop int) bool {
	w.mu.Lock()
	if len(w.loops[loop]) == 0 {
		w.mu.Unlock()
		return false
	}
	task := w.loops[loop][0]
	w.loops[loop] = w.loops[loop][1:]
	w.mu.Unlock()
	task()
	return true
}

// dispatch hands a message to one of four executors, by its payload: the reader, the loops, or a goroutine.
func (w *world) dispatch(c *Conn, m *wire.MessageView) {
	if len(m.Payload) < 5 {
		return // of garbage
	}
	number, kind := binary.BigEndian.Uint32(m.Payload), m.Payload[4]%4
	var a *actor
	for _, x := range w.actors {
		if x.conn == c {
			a = x
		}
	}
	size, id := len(m.Payload), m.ID
	switch box := c.Box(); kind {
	case 0, 1:
		if post, ok := box.Put(int(kind), mailbox.Message{ID: id, Req: number, Size: size}); ok && post {
			w.post(int(kind), a, c)
		}
	case 2:
		if box.Enter("reader", id, size) {
			a.handle(c, number, id)
			box.Leave(size)
		}
	case 3:
		if box.Enter(new(int), id, size) {
			go func() {
				<-time.After(time.Duration(number%3) * time.Second)
				a.handle(c, number, id)
				box.Leave(size)
			}()
		}
	}
}

func (w *world) post(loop int, a *actor, c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loops[loop] = append(w.loops[loop], func() {
		msgs := c.Box().Take()
		for _, m := range msgs {
			a.handle(c, m.Req.(uint32), m.ID)
		}
		if c.Box().Done(msgs, len(msgs)) {
			w.post(loop, a, c)
		}
	})
}

// handle notes a message and answers with the id, twice for some.
func (a *actor) handle(c *Conn, number uint32, id uint64) {
	a.mu.Lock()
	a.handled = append(a.handled, number)
	a.mu.Unlock()
	c.Begin(id)
	if id == 0 {
		return
	}
	err := c.Response([]byte(strconv.FormatUint(id, 10)))
	if err != nil && err != session.ErrClosed && err != ErrSlow {
		a.t.Errorf("answer to %d: %v", id, err)
	}
	if number%5 == 0 && err == nil {
		if err := c.ResponseMid(id, "again"); err != ErrAnswered && err != session.ErrClosed {
			a.t.Errorf("a second answer to %d: %v", id, err)
		}
	}
}

// step is one operation.
func (w *world) step(op, arg byte) {
	if len(w.actors) == 0 || op%32 == 0 && len(w.actors) < 5 {
		w.connect(int(arg))
		return
	}
	a := w.actors[int(arg)%len(w.actors)]
	switch op % 32 {
	case 1, 24:
		a.say(packet(wire.PacketHandshake, "{}"))
	case 2, 25:
		a.acked = true
		a.say(packet(wire.PacketAck, ""))
	case 3, 4, 5, 6:
		a.ask(op, arg)
	case 7:
		a.say(packet(wire.PacketHeartbeat, ""))
	case 8:
		a.begin(op, arg)
	case 9:
		if arg%4 == 0 {
			a.garbage = true
			a.say([]byte{4, 0, 0, arg % 3, 0x0f})
		}
	case 10:
		_ = a.CloseWrite()
		a.garbage = true // what it says is lost
	case 11:
		if arg%3 == 0 {
			a.gone = true
			_ = a.Reset()
		}
	case 12:
		if arg%3 == 0 {
			a.gone = true
			_ = a.Close()
		}
	case 13, 14, 15, 16:
		a.push(int(op%32) * int(arg))
	case 17:
		if arg%3 == 0 && a.conn != nil {
			a.kick()
		}
	case 18:
		if arg%5 == 0 && a.conn != nil {
			_ = a.conn.Close()
		}
	case 19, 20, 21:
		w.run(int(arg) % 2)
	case 22, 23:
		a.hear()
	case 26:
		<-time.After(time.Duration(arg) * 300 * time.Millisecond)
	default:
		<-time.After(time.Duration(arg) * time.Millisecond)
	}
}

func (w *world) connect(size int) {
	a := &actor{w: w, answered: make(map[uint64]bool)}
	a.peer, a.server = w.r.pipe(100 + size*size)
	w.actors = append(w.actors, a)
	w.r.wg.Go(func() { w.r.Serve(a.server) })
}

// check checks what must hold at any time.
func (w *world) check() {
	for _, a := range w.actors {
		a.mu.Lock()
		handled := a.handled
		a.mu.Unlock()
		for i, n := range handled {
			if int(n) != i {
				w.t.Errorf("message %d was handled as number %d", n, i)
			}
		}
		if a.pushes > a.pushed || len(handled) > int(a.requests) || a.kicks > 1 {
			w.t.Errorf("%d of %d pushes came, %d of %d messages were handled, %d kicks", a.pushes, a.pushed, len(handled), a.requests, a.kicks)
		}
		if a.conn == nil {
			continue
		}
		if n, size := a.conn.Box().Len(); n < 0 || size < 0 || n > 5 && !a.garbage {
			w.t.Errorf("%d messages of %d bytes are under way", n, size)
		}
		if n := a.conn.Queued(); n < 0 || n > 10_000+8000 {
			w.t.Errorf("%d bytes are queued", n)
		}
	}
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	for c, ends := range w.r.ends {
		if len(ends) != 1 || !errors.Is(c.session.Err(), ends[0]) {
			w.t.Errorf("a session of %v ended with %v", c.session.Err(), ends)
		}
	}
}
