package nano

import (
	"context"
	"errors"
	"runtime/debug"

	"github.com/lonng/nano/internal/agent"
	"github.com/lonng/nano/internal/mux"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/session"
)

// errNoLoop is returned by Async.
var errNoLoop = errors.New("nano: Async needs the context of a handler, of a session, or one made by scheduler.NewContext")

// Async does work off the loop, on a goroutine of its own, and comes back to the loop with its result: to the loop on which the
// session's handlers run, the server's logic loop for a concurrent one, or the loop of scheduler.NewContext. It does not wait.
//
//	nano.Async(ctx, func(ctx context.Context) (*Player, error) {
//		return db.Load(ctx, uid) // may block
//	}, func(p *Player, err error) {
//		room.add(p) // on the loop again
//	})
//
// then is always called, once; work gets ctx, which ends with the session. A panic in work reaches then as a
// *scheduler.PanicError. A server that shuts down waits for the work and for then.
func Async[T any](ctx context.Context, work func(context.Context) (T, error), then func(T, error)) error {
	target, srv := asyncTarget(ctx)
	if target == nil {
		return errNoLoop
	}
	done := func() {}
	if srv != nil {
		srv.workers.add()
		done = srv.workers.done
	}
	go func() {
		v, err := protectWork(ctx, work)
		comeBack(target, func() { then(v, err) }, done)
	}()
	return nil
}

// comeBack runs then on target, and done after it; at once when target does not tell whether it will run it.
func comeBack(target scheduler.LocalScheduler, then, done func()) {
	task := func() {
		defer done()
		then()
	}
	if l, ok := target.(*scheduler.Loop); ok && l.Do(task) == nil {
		return
	}
	defer done()
	target.Schedule(then)
}

func protectWork[T any](ctx context.Context, work func(context.Context) (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &scheduler.PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	return work(ctx)
}

// asyncTarget returns where then runs, and the server that waits for the work, if any.
func asyncTarget(ctx context.Context) (scheduler.LocalScheduler, *Server) {
	if l := scheduler.FromContext(ctx); l != nil {
		return l, nil
	}
	s := session.FromContext(ctx)
	if s == nil {
		return nil, nil
	}
	c, ok := s.NetworkEntity().(*agent.Conn)
	if !ok {
		return nil, nil
	}
	srv := c.Server().Owner().(*Server)
	switch exec := c.Box().Executor().(type) {
	case scheduler.LocalScheduler:
		return exec, srv
	case nil, mux.Inline:
	}
	return srv.loop, srv
}
