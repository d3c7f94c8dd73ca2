package mux

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"runtime/debug"

	"github.com/lonng/nano/component"
	"github.com/lonng/nano/internal/mailbox"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// Inline is the executor of handlers that run on the goroutine that reads the session's messages.
type Inline struct{}

// submit hands a message of the reader's to the executor of its handler.
func (m *Mux) submit(p Peer, h *component.Handler, mid uint64, req any, size int) {
	switch exec := m.executor(p.Session(), h).(type) {
	case Inline:
		if p.Box().Enter(exec, mid, size) {
			p.Cork()
			m.run(p, h, mid, req, size)
		}
	case *scheduler.Loop:
		if post, ok := p.Box().Put(exec, mailbox.Message{To: h, ID: mid, Req: req, Size: size}); ok && post {
			m.post(exec, p)
		}
	case scheduler.LocalScheduler:
		if p.Box().Enter(identity(exec), mid, size) {
			m.schedule(exec, p, h, mid, size, func() { m.handle(p, h, exec, mid, req) })
		}
	}
}

// call does the same for a message of the server's own. Its handler may run beside one of the session's requests, for which it must
// not begin another: unless it runs on the loop that the session is on, to which the reader keeps while it is in the box.
func (m *Mux) call(p Peer, h *component.Handler, req any, size int) error {
	box := p.Box()
	if !box.Join(size) {
		return session.ErrClosed
	}
	switch exec := m.executor(p.Session(), h).(type) {
	case Inline:
		m.aside.run(p, func() {
			defer box.Leave(size)
			m.perform(p, h, nil, 0, req)
		})
	case *scheduler.Loop:
		alone := any(exec) == box.Executor()
		err := exec.Do(func() {
			defer box.Leave(size)
			if alone {
				p.Begin(0)
			}
			m.perform(p, h, exec, 0, req)
		})
		if err != nil {
			box.Leave(size)
			return err
		}
	case scheduler.LocalScheduler:
		m.schedule(exec, p, h, 0, size, func() { m.perform(p, h, exec, 0, req) })
	}
	return nil
}

// executor returns an Inline, a *scheduler.Loop or a user's scheduler.LocalScheduler.
func (m *Mux) executor(s *session.Session, h *component.Handler) any {
	switch e := &h.Executor; {
	case e.Concurrent:
		return Inline{}
	case e.Loop != nil:
		return e.Loop
	case e.SessionKey != "":
		if local, ok := session.Get[scheduler.LocalScheduler](s, e.SessionKey); ok {
			return local
		}
	}
	return m.cfg.Loop
}

// identity returns a comparable value that stands for a user's scheduler.
func identity(l scheduler.LocalScheduler) any {
	if reflect.ValueOf(l).Comparable() {
		return l
	}
	return new(byte) // unlike every other
}

// post has a loop take the messages of a session.
func (m *Mux) post(l *scheduler.Loop, p Peer) {
	box := p.Box()
	if box.Drain == nil {
		box.Drain = func() { m.drain(p) }
	}
	if err := l.Do(box.Drain); err != nil {
		m.abandon(p, wire.Errorf(wire.CodeShutdown, "the loop has stopped: %w", err))
	}
}

// drain handles the messages that were put into a session's box, on their loop.
func (m *Mux) drain(p Peer) {
	box := p.Box()
	loop := box.Executor().(*scheduler.Loop)
	msgs := box.Take()
	n := 0
	defer func() { // deferred for a handler that ends the goroutine
		if box.Done(msgs, n) {
			m.post(loop, p)
		}
	}()
	for n < len(msgs) {
		msg := &msgs[n]
		n++
		m.handle(p, msg.To.(*component.Handler), loop, msg.ID, msg.Req)
	}
}

// abandon refuses the messages of a session whose loop has stopped.
func (m *Mux) abandon(p Peer, err *wire.Error) {
	for again := true; again; {
		msgs := p.Box().Take()
		for _, msg := range msgs {
			m.cfg.Failed()
			_ = p.Fail(msg.ID, err, true)
		}
		again = p.Box().Done(msgs, len(msgs))
	}
}

// schedule gives a message to a user's scheduler. What that does with it is its affair: it may drop it, so the message counts
// as handled.
func (m *Mux) schedule(l scheduler.LocalScheduler, p Peer, h *component.Handler, mid uint64, size int, task scheduler.Task) {
	defer p.Box().Leave(size)
	defer m.recovered(p, h, mid)
	l.Schedule(task)
}

func (m *Mux) run(p Peer, h *component.Handler, mid uint64, req any, size int) {
	defer p.Box().Leave(size)
	m.handle(p, h, nil, mid, req)
}

// handle has a message of the client's handled on the executor that it is called on, nil for none.
func (m *Mux) handle(p Peer, h *component.Handler, on scheduler.LocalScheduler, mid uint64, req any) {
	p.Begin(mid)
	m.perform(p, h, on, mid, req)
}

// perform calls the handler and sees to its answer.
func (m *Mux) perform(p Peer, h *component.Handler, on scheduler.LocalScheduler, mid uint64, req any) {
	defer m.recovered(p, h, mid)
	s := p.Session()
	var ctx context.Context
	if h.TakesContext {
		ctx = m.contextFor(p, on)
	}
	res, err := h.Call(ctx, s, req)
	if err == nil && h.Answers() && mid != 0 {
		err = s.ResponseMID(mid, res)
	}
	if err != nil {
		m.failed(p, h, mid, err)
	}
}

// failed logs a handler's error and answers with it.
func (m *Mux) failed(p Peer, h *component.Handler, mid uint64, err error) {
	if errors.Is(err, session.ErrClosed) && p.Session().Err() != nil {
		return // the client has gone meanwhile
	}
	m.cfg.Failed()
	level := slog.LevelWarn
	if wire.CodeOf(err) != wire.CodeInternal {
		level = slog.LevelDebug // the handler's answer to what the client did
	}
	m.cfg.Log.Log(context.Background(), level, "nano: handler failed", "route", h.Route, "session", p.Session().ID(), "uid", p.Session().UID(), "error", err)
	_ = p.Fail(mid, wire.AsError(err), true)
}

// recovered is deferred: it turns a panic into an error response that does not tell the client what happened.
func (m *Mux) recovered(p Peer, h *component.Handler, mid uint64) {
	v := recover()
	if v == nil {
		return
	}
	m.cfg.Failed()
	m.cfg.Log.Error("nano: handler panicked", "route", h.Route, "session", p.Session().ID(), "panic", v, "stack", string(debug.Stack()))
	_ = p.Fail(mid, errInternal, true)
}
