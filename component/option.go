package component

import (
	"errors"
	"fmt"

	"github.com/lonng/nano/scheduler"
)

// Option sets how a component or a function is named and where it runs.
type Option func(*settings)

type settings struct {
	name     string
	nameFunc func(string) string
	on       []string // the options that chose an executor
	executor Executor
	noLoop   bool // WithLoop was given nil
}

// Executor says where a handler runs. The zero value is the server's logic loop.
type Executor struct {
	Loop       *scheduler.Loop // a loop of its own, or nil
	SessionKey string          // the LocalScheduler in the session under this key, or ""
	Concurrent bool            // beside the handlers of other sessions
}

func apply(opts []Option) (settings, error) {
	var s settings
	for i, o := range opts {
		if o == nil {
			return s, fmt.Errorf("option number %d is nil", i+1)
		}
		o(&s)
	}
	if s.noLoop {
		return s, errors.New("WithLoop(nil)")
	}
	if len(s.on) > 1 {
		return s, fmt.Errorf("both %s and %s: choose one", s.on[0], s.on[1])
	}
	return s, nil
}

// WithName names the component's service, the first part of its routes. By default it is the name of its type.
func WithName(name string) Option { return func(s *settings) { s.name = name } }

// WithNameFunc makes the second part of a route from the name of the method. By default it is the method's name.
func WithNameFunc(fn func(method string) string) Option {
	return func(s *settings) { s.nameFunc = fn }
}

// WithSchedulerName runs the handlers on the scheduler.LocalScheduler that the session holds under key when the
// message arrives, on the logic loop when it holds none. It must keep to the order in which it is given tasks.
func WithSchedulerName(key string) Option {
	return func(s *settings) {
		s.on = append(s.on, "WithSchedulerName")
		s.executor = Executor{SessionKey: key}
	}
}

// WithLoop runs the handlers on a loop of their own instead of the server's. Whoever made the loop runs it, until the
// server has ended.
func WithLoop(l *scheduler.Loop) Option {
	return func(s *settings) {
		s.on = append(s.on, "WithLoop")
		s.executor = Executor{Loop: l}
		s.noLoop = l == nil
	}
}

// Concurrent runs the handlers of different sessions in parallel; those of one session still run one at a time and in
// order. What they share needs locks. A handler that blocks holds up its own session only. What is called by Session.RPC runs
// in the order of the calls, beside the session's messages.
func Concurrent() Option {
	return func(s *settings) {
		s.on = append(s.on, "Concurrent")
		s.executor = Executor{Concurrent: true}
	}
}
