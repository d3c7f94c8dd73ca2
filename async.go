package nano

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"

	"github.com/lonng/nano/internal/agent"
	"github.com/lonng/nano/internal/mux"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/session"
)

// errNoLoop is returned by Async.
var errNoLoop = errors.New("nano: Async needs the context of a handler, of a session, or one made by scheduler.NewContext")

// Async does work off the loop, on a goroutine of its own, and comes back to the loop with its result: to where the handler runs whose
// context ctx is, the logic loop for a concurrent one, or to the loop of scheduler.NewContext. Session.Context, for handlers without
// a context, stands for where the session's last message went. It does not wait.
//
//	nano.Async(ctx, func(ctx context.Context) (*Player, error) {
//		return db.Load(ctx, uid) // may block
//	}, func(p *Player, err error) {
//		room.add(p) // on the loop again
//	})
//
// then is called once, unless its loop has stopped; work gets ctx, which ends with the session. A panic in work reaches then as a
// *scheduler.PanicError. A server that shuts down waits for the work of its sessions and for then.
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
		var v T
		err := errWorkEnded
		defer func() { comeBack(target, func() { then(v, err) }, done) }()
		v, err = protectWork(ctx, work)
	}()
	return nil
}

// errWorkEnded is what then gets when work has ended its goroutine.
var errWorkEnded = errors.New("nano: the work of Async ended its goroutine")

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
	defer func() {
		if v := recover(); v != nil {
			slog.Error("nano: the scheduler that Async was to come back to panicked", "panic", v, "stack", string(debug.Stack()))
		}
	}()
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
	srv := serverOf(session.FromContext(ctx))
	if on := mux.Executor(ctx); on != nil {
		return on, srv
	}
	if l := scheduler.FromContext(ctx); l != nil {
		return l, srv
	}
	if srv == nil {
		return nil, nil
	}
	if on, ok := session.FromContext(ctx).NetworkEntity().(*agent.Conn).Box().Executor().(scheduler.LocalScheduler); ok {
		return on, srv
	}
	return srv.loop, srv
}

// serverOf returns the server whose client a session is, nil for none.
func serverOf(s *session.Session) *Server {
	if s == nil {
		return nil
	}
	c, ok := s.NetworkEntity().(*agent.Conn)
	if !ok {
		return nil
	}
	return c.Server().Owner().(*Server)
}
