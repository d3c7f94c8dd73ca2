// Package session is the server's view of one client: its id, the user bound to it, values kept for
// it, and the way to send it messages.
//
// A handler gets the session of the client that called it:
//
//	func (r *Room) Join(s *session.Session, m *JoinRequest) error {
//		if err := s.Bind(m.UID); err != nil {
//			return err
//		}
//		s.Set("room", m.Room)
//		return s.Response(&JoinReply{OK: true})
//	}
//
// A handler that takes a context finds it with [FromContext].
package session

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

var (
	// ErrIllegalUID is returned by Bind for a user id below 1.
	ErrIllegalUID = errors.New("session: illegal uid: a user id is 1 or more")
	// ErrClosed is returned for what a session that is closing can no longer do.
	ErrClosed = errors.New("session: closed")
)

// NetworkEntity is what a session sends through: a connection of this process, a connection of another
// node, or a test double. Its methods may be called from any goroutine.
type NetworkEntity interface {
	Push(route string, v any) error
	RPC(route string, v any) error
	LastMid() uint64
	Response(v any) error
	ResponseMid(mid uint64, v any) error
	Close() error
	RemoteAddr() net.Addr
}

// Kicker is a NetworkEntity that can tell the client why it is closed. Session.Kick uses it.
type Kicker interface {
	Kick(code, reason string) error
}

// Session is one client from its handshake to its end.
//
// All methods may be called from any goroutine. None waits for the network: Push, Response and Close take
// effect locally at once.
type Session struct {
	// static after construction
	id     int64
	entity NetworkEntity

	uid atomic.Int64

	mu      sync.Mutex // guards what follows
	onBind  func(s *Session, old, uid int64)
	data    map[string]any
	sets    []Membership
	hooks   []func(reason error)
	ctx     context.Context
	cancel  context.CancelCauseFunc
	reason  error // not nil from the moment it closes
	hooksDo bool  // the hooks were taken to run

	router Router
}

// New returns a session that sends through entity, with an id of its own. Servers make the sessions of their
// clients themselves; New is for tests and for programs with entities of their own.
func New(entity NetworkEntity) *Session {
	s, _ := Open(defaultIDs.Next(), entity)
	return s
}

// ID returns the session's id: unique within its server, below 2^53.
func (s *Session) ID() int64 { return s.id }

// UID returns the id of the user bound to the session, 0 when there is none.
func (s *Session) UID() int64 { return s.uid.Load() }

// Bind binds a user to the session. It returns ErrIllegalUID for a uid below 1 and ErrClosed when the session is
// closing.
func (s *Session) Bind(uid int64) error {
	if uid < 1 {
		return ErrIllegalUID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason != nil {
		return ErrClosed
	}
	s.setUID(uid)
	return nil
}

// setUID is called with mu held.
func (s *Session) setUID(uid int64) {
	old := s.uid.Swap(uid)
	if s.onBind != nil && old != uid {
		s.onBind(s, old, uid)
	}
}

// NetworkEntity returns what the session sends through.
func (s *Session) NetworkEntity() NetworkEntity { return s.entity }

// Router returns the session's choice of a node for each service of a cluster.
func (s *Session) Router() *Router { return &s.router }

// RemoteAddr returns the client's network address.
func (s *Session) RemoteAddr() net.Addr { return s.entity.RemoteAddr() }

// Push sends v to the client under route. A []byte goes as it is, anything else through the server's
// serializer, before Push returns. The error says that v was not queued: it does not encode, it is too large,
// or the session is closed.
func (s *Session) Push(route string, v any) error { return s.entity.Push(route, v) }

// Response answers the request whose handler started last in this session. To answer later, or from another
// goroutine, keep LastMid and use ResponseMID.
func (s *Session) Response(v any) error { return s.entity.Response(v) }

// ResponseMID answers the request with the id mid, which LastMid told while its handler ran. Each request takes
// one answer.
func (s *Session) ResponseMID(mid uint64, v any) error { return s.entity.ResponseMid(mid, v) }

// LastMid returns the id of the request whose handler started last in this session, 0 when that was a notify.
func (s *Session) LastMid() uint64 { return s.entity.LastMid() }

// RPC calls another component's handler with this session, one way and in order, wherever it runs. That handler has no request to
// answer; when it runs elsewhere than the caller, the two may run at once.
func (s *Session) RPC(route string, v any) error { return s.entity.RPC(route, v) }

// Close ends the session. What was pushed before is still sent.
func (s *Session) Close() { _ = s.entity.Close() }

// Kick ends the session and tells the client why: what was pushed before is sent, then a kick with code and
// reason, then the connection is closed. The codes with a meaning of their own are the wire package's
// Kick constants; "kicked" and an application's own codes keep a client from coming back by itself.
func (s *Session) Kick(code, reason string) error {
	if k, ok := s.entity.(Kicker); ok {
		return k.Kick(code, reason)
	}
	return s.entity.Close()
}

// Clear unbinds the user and removes all values.
func (s *Session) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setUID(0)
	s.data = nil
}
