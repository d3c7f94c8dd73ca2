package nano

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"runtime/debug"
	"sync"

	"github.com/lonng/nano/component"
	"github.com/lonng/nano/internal/agent"
	"github.com/lonng/nano/internal/mux"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

var (
	// ErrServerClosed is returned by what a server can no longer do once it is shutting down.
	ErrServerClosed = errors.New("nano: the server is shut down")
	// ErrOnLoop is returned by what must wait for the logic loop and was called on it.
	ErrOnLoop = scheduler.ErrOnLoop
)

// Server is a nano server: components and functions that handle messages, sessions, and the loop on which they meet.
//
// It is set up with options, Register and Handle, then started by Run or Serve, then shut down; it starts once. Its methods
// may be called from any goroutine.
type Server struct {
	cfg       config
	loop      *scheduler.Loop
	hooks     *session.Hooks
	endHooks  func()
	sessions  *registry
	slots     *connSlots
	agents    *agent.Server
	mux       *mux.Mux
	comps     []component.Registered
	endLoop   context.CancelFunc
	loopEnded chan struct{}

	accepting tracker // running Serves
	conns     tracker // connections
	opened    tracker // sessions whose hooks have not run
	workers   tracker // goroutines of Async
	done      context.Context
	stop      context.CancelFunc // ends done: accept loops and Run

	mu        sync.Mutex // guards what follows
	phase     phase
	ready     chan struct{} // closed when the start is over
	startErr  error
	handlers  []*component.Handler // of functions
	listeners map[net.Listener]struct{}
	stopped   chan struct{} // closed when Shutdown has ended
}

type phase int

const (
	setup phase = iota
	starting
	started
	failed
	shutdown
)

// New returns a server. What is wrong with the options is returned by Run and Serve.
func New(opts ...Option) *Server {
	s := &Server{
		listeners: make(map[net.Listener]struct{}),
		ready:     make(chan struct{}),
		stopped:   make(chan struct{}),
	}
	for i, o := range opts {
		if o == nil {
			s.cfg.fail("option number %d is nil", i+1)
			continue
		}
		o(&s.cfg)
	}
	s.cfg.withDefaults()
	s.comps = s.cfg.components.List()
	s.hooks = s.cfg.lifetime
	s.sessions = newRegistry()
	s.slots = newConnSlots(s.cfg.connLimit)
	s.done, s.stop = context.WithCancel(context.Background())
	if s.loop = s.cfg.loop; s.loop == nil {
		s.loop = scheduler.NewLoop(scheduler.Config{Name: "logic", Log: s.cfg.log})
	}
	return s
}

// Register adds a component. It must come before Run and Serve.
func (s *Server) Register(c component.Component, opts ...component.Option) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != setup {
		s.cfg.log.Error("nano: Register after the start: the component is not served", "component", fmt.Sprintf("%T", c))
		return
	}
	s.comps = append(s.comps, component.Registered{Comp: c, Opts: opts})
}

// Handle makes fn the handler of route: its result is the response, its error the error response. The session is found with
// session.FromContext; the context ends with it. fn runs on the logic loop unless an option says otherwise. What is wrong
// with the arguments is returned by Run and Serve, before which Handle must be called.
func Handle[Req, Res any](s *Server, route string, fn func(ctx context.Context, req *Req) (*Res, error), opts ...component.Option) {
	h, err := component.Func(route, fn, opts...)
	s.addHandler(route, h, err)
}

// HandleNotify is Handle for a function without a result, as for messages that have no response. A request to its route is
// answered by fn itself, with Session.Response, or not at all.
func HandleNotify[Req any](s *Server, route string, fn func(ctx context.Context, req *Req) error, opts ...component.Option) {
	h, err := component.Notify(route, fn, opts...)
	s.addHandler(route, h, err)
}

func (s *Server) addHandler(route string, h *component.Handler, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.phase != setup:
		s.cfg.log.Error("nano: Handle after the start: the route is not served", "route", route)
	case err != nil:
		s.cfg.errs = append(s.cfg.errs, err)
	default:
		s.handlers = append(s.handlers, h)
	}
}

// OnSessionClosed has fn called once for each session that has ended: on the logic loop, after its last handler and its own
// close hooks, with its values still there.
func (s *Server) OnSessionClosed(fn func(*session.Session)) { s.hooks.OnClosed(fn) }

// Loop returns the logic loop.
func (s *Server) Loop() *scheduler.Loop { return s.loop }

// Session returns the session with an id.
func (s *Server) Session(id int64) (*session.Session, bool) { return s.sessions.byID(id) }

// ByUID returns the session that was bound to a user last.
func (s *Server) ByUID(uid int64) (*session.Session, bool) { return s.sessions.byUID(uid) }

// Sessions yields the sessions there are when it is called. The body may do anything to them.
func (s *Server) Sessions() iter.Seq[*session.Session] { return s.sessions.all() }

// Broadcast pushes v to every session, as Group.Broadcast does.
func (s *Server) Broadcast(route string, v any) error {
	return pushAll(s.sessions.all(), route, v)
}

// NewGroup returns an empty group.
func (s *Server) NewGroup(name string) *Group { return NewGroup(name) }

// opening is called by a connection whose session begins.
func (s *Server) opening(c *agent.Conn) {
	s.opened.add()
	c.Owner().OnBind(s.sessions.bound)
	s.sessions.add(c.Session())
}

// closed is called by a connection whose session has ended.
func (s *Server) closed(c *agent.Conn, reason error) {
	end := func() {
		defer s.opened.done()
		defer func() { // deferred for a hook that ends the goroutine
			s.sessions.remove(c.Session())
			c.Owner().Release()
		}()
		s.runClosedHooks(c, reason)
	}
	if err := s.loop.Do(end); err != nil { // the loop has ended before its time: a shutdown ran out of it
		end()
	}
}

func (s *Server) runClosedHooks(c *agent.Conn, reason error) {
	sess := c.Session()
	for _, hook := range c.Owner().Hooks() {
		s.protect("a session's close hook", func() { hook(reason) })
	}
	for _, hook := range s.hooks.All() {
		s.protect("a session-closed hook", func() { hook(sess) })
	}
}

// protect runs a user's function and reports whether it returned.
func (s *Server) protect(what string, fn func()) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			s.cfg.log.Error("nano: "+what+" panicked", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	fn()
	return true
}

// rpc is s.RPC of a session of this server.
func (s *Server) rpc(c *agent.Conn, route string, v any) error { return s.mux.Call(c, route, v) }

// shutdownReason is what clients are told.
func shutdownReason() *wire.Error {
	return wire.NewError(wire.KickShutdown, "the server is shutting down")
}
