package mux

import (
	"context"
	"errors"
	"reflect"
	"runtime/debug"

	"github.com/lonng/nano/component"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// Inline is the executor of handlers that run on the goroutine that reads the session's messages.
type Inline struct{}

// call is a message on its way to a handler on a loop. Calls are pooled, with their task bound once.
type call struct {
	mux  *Mux
	peer Peer
	h    *component.Handler
	mid  uint64
	req  any
	size int
	task scheduler.Task
}

func (m *Mux) newCall() any {
	c := &call{mux: m}
	c.task = c.run
	return c
}

// submit hands a message of the reader's to the executor of its handler.
func (m *Mux) submit(p Peer, h *component.Handler, mid uint64, req any, size int) {
	switch exec := m.executor(p.Session(), h).(type) {
	case Inline:
		if p.Enter(exec, size) {
			m.run(p, h, mid, req, size)
		}
	case *scheduler.Loop:
		if p.Enter(exec, size) {
			m.post(exec, p, h, mid, req, size)
		}
	case scheduler.LocalScheduler:
		if p.Enter(identity(exec), size) {
			m.schedule(exec, p, h, mid, req, size)
		}
	}
}

// call does the same for a message of the server's own.
func (m *Mux) call(p Peer, h *component.Handler, req any, size int) error {
	if !p.Enter(nil, size) {
		return session.ErrClosed
	}
	switch exec := m.executor(p.Session(), h).(type) {
	case Inline:
		m.aside.run(p, func() { m.run(p, h, 0, req, size) })
	case *scheduler.Loop:
		m.post(exec, p, h, 0, req, size)
	case scheduler.LocalScheduler:
		m.schedule(exec, p, h, 0, req, size)
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

func (m *Mux) post(l *scheduler.Loop, p Peer, h *component.Handler, mid uint64, req any, size int) {
	c := m.calls.Get().(*call)
	c.peer, c.h, c.mid, c.req, c.size = p, h, mid, req, size
	if err := l.Do(c.task); err != nil {
		c.release()
		m.cfg.Failed()
		_ = p.Fail(mid, wire.Errorf(wire.CodeShutdown, "the loop has stopped: %w", err))
		p.Leave(size)
	}
}

// schedule gives a message to a user's scheduler. What that does with it is its affair: it may drop it, so the message counts
// as handled.
func (m *Mux) schedule(l scheduler.LocalScheduler, p Peer, h *component.Handler, mid uint64, req any, size int) {
	defer p.Leave(size)
	defer m.recovered(p, h, mid)
	l.Schedule(func() { m.handle(p, h, mid, req) })
}

func (c *call) run() {
	p, h, mid, req, size := c.peer, c.h, c.mid, c.req, c.size
	c.release()
	c.mux.run(p, h, mid, req, size)
}

func (c *call) release() {
	c.peer, c.h, c.req = nil, nil, nil
	c.mux.calls.Put(c)
}

func (m *Mux) run(p Peer, h *component.Handler, mid uint64, req any, size int) {
	defer p.Leave(size)
	m.handle(p, h, mid, req)
}

// handle calls the handler and sees to its answer.
func (m *Mux) handle(p Peer, h *component.Handler, mid uint64, req any) {
	defer m.recovered(p, h, mid)
	s := p.Session()
	var ctx context.Context
	if h.TakesContext {
		ctx = s.Context()
	}
	p.Begin(mid)
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
	m.cfg.Log.Warn("nano: handler failed", "route", h.Route, "session", p.Session().ID(), "uid", p.Session().UID(), "error", err)
	_ = p.Fail(mid, wire.AsError(err))
}

// recovered is deferred: it turns a panic into an error response that does not tell the client what happened.
func (m *Mux) recovered(p Peer, h *component.Handler, mid uint64) {
	v := recover()
	if v == nil {
		return
	}
	m.cfg.Failed()
	m.cfg.Log.Error("nano: handler panicked", "route", h.Route, "session", p.Session().ID(), "panic", v, "stack", string(debug.Stack()))
	_ = p.Fail(mid, errInternal)
}
