package mux

import (
	"context"

	"github.com/lonng/nano/scheduler"
)

type executorKey struct{}

// contextFor returns the context of a handler that runs on an executor, nil for none: the session's, with the place that work
// off the loop comes back to. That is the executor, or the logic loop, whose context is made once a session.
func (m *Mux) contextFor(p Peer, on scheduler.LocalScheduler) context.Context {
	if l, ok := on.(*scheduler.Loop); on != nil && (!ok || l != m.cfg.Loop) {
		return context.WithValue(p.Session().Context(), executorKey{}, on)
	}
	cached := &p.Box().Context
	if ctx := cached.Load(); ctx != nil {
		return *ctx
	}
	ctx := context.WithValue(p.Session().Context(), executorKey{}, scheduler.LocalScheduler(m.cfg.Loop))
	cached.Store(&ctx)
	return ctx
}

// Executor returns where the handler that a context was made for comes back to, nil for another context.
func Executor(ctx context.Context) scheduler.LocalScheduler {
	on, _ := ctx.Value(executorKey{}).(scheduler.LocalScheduler)
	return on
}
