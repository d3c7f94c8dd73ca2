package session

import (
	"context"
	"errors"
	"slices"
	"sync"
)

type contextKey struct{}

// FromContext returns the session that a handler's context belongs to, nil when there is none.
func FromContext(ctx context.Context) *Session {
	s, _ := ctx.Value(contextKey{}).(*Session)
	return s
}

// Context returns a context that ends when the session closes; context.Cause tells its reason.
func (s *Session) Context() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil {
		s.ctx, s.cancel = context.WithCancelCause(context.WithValue(context.Background(), contextKey{}, s))
		if s.reason != nil {
			s.cancel(s.reason)
		}
	}
	return s.ctx
}

// Err returns why the session closes or closed, nil while it lives.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reason
}

// OnClose has fn called once when the session has ended, on the server's logic loop, after the last handler
// of the session and with its values still there. It returns ErrClosed when it is too late for that.
func (s *Session) OnClose(fn func(reason error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hooksDo {
		return ErrClosed
	}
	s.hooks = append(s.hooks, fn)
	return nil
}

// Membership is a set that a session belongs to until it leaves or ends, as a group is. It is a comparable value: a pointer.
type Membership interface {
	// SessionEnded is called once, after the session's close hooks, without locks held.
	SessionEnded(s *Session)
}

// Join has m.SessionEnded called when the session ends. It returns ErrClosed when it has ended already.
func (s *Session) Join(m Membership) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hooksDo {
		return ErrClosed
	}
	s.sets = append(s.sets, m)
	return nil
}

// Part undoes Join.
func (s *Session) Part(m Membership) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.sets, m); i >= 0 {
		s.sets = slices.Delete(s.sets, i, i+1)
	}
}

// Owner is what those hold who own the connection of a session, and so its end. The methods that end it are called
// in this order: Closing, Hooks, Release.
type Owner struct{ s *Session }

// Open returns a session with the given id, which sends through entity, and the power to end it.
func Open(id int64, entity NetworkEntity) (*Session, Owner) {
	s := &Session{id: id, entity: entity}
	return s, Owner{s}
}

// OnBind has fn called whenever the bound user changes, with the old and the new id; 0 is none. fn is called with the
// session locked: it must not call its methods other than ID. It is set before the session is shared.
func (o Owner) OnBind(fn func(s *Session, old, uid int64)) { o.s.onBind = fn }

// Closing ends the session's context with reason, which must not be nil. From now on it takes no user.
func (o Owner) Closing(reason error) {
	s := o.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason != nil {
		return
	}
	if reason == nil {
		reason = errors.New("session: closed without a reason")
	}
	s.reason = reason
	if s.cancel != nil {
		s.cancel(reason)
	}
}

// Hooks returns the session's close hooks; the second time none.
func (o Owner) Hooks() []func(reason error) {
	s := o.s
	s.mu.Lock()
	defer s.mu.Unlock()
	hooks := s.hooks
	s.hooks, s.hooksDo = nil, true
	return hooks
}

// Release unbinds the user as the last act and ends all memberships. The values stay readable.
func (o Owner) Release() {
	s := o.s
	s.mu.Lock()
	if uid := s.uid.Load(); uid != 0 && s.onBind != nil {
		s.onBind(s, uid, 0)
	}
	s.onBind = nil
	sets := s.sets
	s.sets, s.hooks, s.hooksDo = nil, nil, true
	s.mu.Unlock()
	for _, m := range sets {
		m.SessionEnded(s)
	}
}

// Lifetime holds the close hooks of the default server, the one of nano.Listen.
var Lifetime = &Hooks{}

// Hooks are functions called for each session of a server that ends. The zero value is ready; its methods may
// be called from any goroutine.
type Hooks struct {
	mu       sync.Mutex
	onClosed []func(*Session)
}

// OnClosed has fn called once for each session that has ended, on the logic loop, after the last handler of that
// session and its own close hooks. A hook of a running default server ends with that run.
func (h *Hooks) OnClosed(fn func(*Session)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.onClosed = append(h.onClosed, fn)
}

// All returns the hooks in the order of their registration.
func (h *Hooks) All() []func(*Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clip(h.onClosed)
}

// Begin marks the start of a run; the function returned, called at its end, removes the hooks added since.
func (h *Hooks) Begin() (end func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.onClosed)
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.onClosed = slices.Clone(h.onClosed[:n])
	}
}
