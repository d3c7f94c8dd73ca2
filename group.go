package nano

import (
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/lonng/nano/internal/agent"
	"github.com/lonng/nano/session"
)

// Errors of groups; they are compared with ==.
var (
	ErrSessionDuplication = errors.New("nano: the session is in the group already")
	ErrClosedGroup        = errors.New("nano: the group is closed")
	ErrCloseClosedGroup   = errors.New("nano: the group is closed already")
	ErrMemberNotFound     = errors.New("nano: no such member in the group")
)

var errNoGroup = errors.New("nano: this Group was not made by NewGroup")

// SessionFilter says whether a session takes part.
type SessionFilter func(*session.Session) bool

// Group is a set of sessions that messages are broadcast to. A session leaves its groups when it has ended.
//
// A Group is a handle: copies of it are the same group. Its methods may be called from any goroutine and do not wait for the
// network. Those of the zero Group return an error that names NewGroup.
type Group struct{ members *members }

// members is the state that the copies of a group share.
type members struct {
	name string

	mu     sync.Mutex // guards what follows
	closed bool
	index  map[*session.Session]int // into list
	list   []*session.Session
	shared []*session.Session // a copy of list that broadcasts range over; nil when list has changed
}

// NewGroup returns an empty group. The name is for people.
func NewGroup(name string) *Group {
	return &Group{&members{name: name, index: make(map[*session.Session]int)}}
}

// Add makes s a member. Errors: ErrClosedGroup, ErrSessionDuplication, ErrSessionClosed.
func (g *Group) Add(s *session.Session) error {
	if g.members == nil {
		return errNoGroup
	}
	return g.members.add(s)
}

// Leave ends the membership of s; it is no error when s is no member. Error: ErrClosedGroup.
func (g *Group) Leave(s *session.Session) error {
	if g.members == nil {
		return errNoGroup
	}
	return g.members.leave(s)
}

// Broadcast pushes v to all members, encoded once. A member that is closing, or too slow, is passed over. Errors: ErrClosedGroup,
// that v does not encode, and an outbound filter's refusal; what is wrong for one member does not keep v from the others.
func (g *Group) Broadcast(route string, v any) error {
	return g.Multicast(route, v, nil)
}

// Multicast is Broadcast to the members that filter admits; a nil filter admits all.
func (g *Group) Multicast(route string, v any, filter SessionFilter) error {
	all, err := g.snapshot()
	if err != nil {
		return err
	}
	return pushAll(where(all, filter), route, v)
}

// FindMember returns a member that filter admits; a nil filter admits all. Errors: ErrClosedGroup, ErrMemberNotFound.
func (g *Group) FindMember(filter func(*session.Session) bool) (*session.Session, error) {
	all, err := g.snapshot()
	if err != nil {
		return nil, err
	}
	for s := range where(all, filter) {
		return s, nil
	}
	return nil, ErrMemberNotFound
}

// Member returns a member that is bound to a user. Errors: ErrClosedGroup, ErrMemberNotFound.
func (g *Group) Member(uid int64) (*session.Session, error) {
	return g.FindMember(func(s *session.Session) bool { return s.UID() == uid })
}

// Contains reports whether a member is bound to a user.
func (g *Group) Contains(uid int64) bool {
	_, err := g.Member(uid)
	return err == nil
}

// Members returns the users of the members, 0 for one without; nil when there are none.
func (g *Group) Members() []int64 {
	all, _ := g.snapshot()
	var uids []int64
	for _, s := range all {
		uids = append(uids, s.UID())
	}
	return uids
}

// Sessions yields the members there are when it is called. The body may change the group.
func (g *Group) Sessions() iter.Seq[*session.Session] {
	all, _ := g.snapshot()
	return slices.Values(all)
}

// Count returns the number of members.
func (g *Group) Count() int {
	if g.members == nil {
		return 0
	}
	g.members.mu.Lock()
	defer g.members.mu.Unlock()
	return len(g.members.list)
}

// LeaveAll ends all memberships. Error: ErrClosedGroup.
func (g *Group) LeaveAll() error {
	if g.members == nil {
		return errNoGroup
	}
	return g.members.leaveAll(false)
}

// Close ends all memberships and the group. Error: ErrCloseClosedGroup.
func (g *Group) Close() error {
	if g.members == nil {
		return errNoGroup
	}
	if g.members.leaveAll(true) != nil {
		return ErrCloseClosedGroup
	}
	return nil
}

// snapshot returns the members, a slice that nobody writes to.
func (g *Group) snapshot() ([]*session.Session, error) {
	if g.members == nil {
		return nil, errNoGroup
	}
	m := g.members
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosedGroup
	}
	if m.shared == nil {
		m.shared = slices.Clone(m.list)
	}
	return m.shared, nil
}

func (m *members) add(s *session.Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosedGroup
	}
	if _, ok := m.index[s]; ok {
		return ErrSessionDuplication
	}
	if err := s.Join(m); err != nil {
		return err
	}
	m.index[s] = len(m.list)
	m.list = append(m.list, s)
	m.shared = nil
	return nil
}

func (m *members) leave(s *session.Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosedGroup
	}
	if m.remove(s) {
		s.Part(m)
	}
	return nil
}

// remove is called with mu held.
func (m *members) remove(s *session.Session) bool {
	i, ok := m.index[s]
	if !ok {
		return false
	}
	last := len(m.list) - 1
	m.list[i] = m.list[last]
	m.index[m.list[i]] = i
	m.list[last] = nil
	m.list = m.list[:last]
	delete(m.index, s)
	m.shared = nil
	return true
}

func (m *members) leaveAll(and bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosedGroup
	}
	m.closed = and
	for _, s := range m.list {
		s.Part(m)
	}
	clear(m.index)
	m.list, m.shared = nil, nil
	return nil
}

// SessionEnded implements session.Membership.
func (m *members) SessionEnded(s *session.Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(s)
}

func where(all []*session.Session, filter SessionFilter) iter.Seq[*session.Session] {
	return func(yield func(*session.Session) bool) {
		for _, s := range all {
			if (filter == nil || filter(s)) && !yield(s) {
				return
			}
		}
	}
}

// pushAll pushes v to sessions, encoded once for each form of the message that they need.
func pushAll(sessions iter.Seq[*session.Session], route string, v any) error {
	var f frames
	var failed error // the first error of one session
	for s := range sessions {
		c, ok := s.NetworkEntity().(*agent.Conn)
		if !ok || c.Server().Filters() {
			if err := s.Push(route, v); failed == nil && !passedOver(err) {
				failed = err
			}
			continue
		}
		frame, err := f.of(c, route, v)
		if err == nil {
			_ = c.SendFrame(frame)
		} else if failed == nil {
			failed = err
		}
	}
	return failed
}

func passedOver(err error) bool {
	return errors.Is(err, session.ErrClosed) || errors.Is(err, ErrSlow)
}

// frames are the forms of one message that were encoded so far.
type frames struct {
	made [4]struct {
		server  *agent.Server
		variant agent.Variant
		frame   []byte
		err     error
	}
	n int
}

func (f *frames) of(c *agent.Conn, route string, v any) ([]byte, error) {
	for i := range f.made[:f.n] {
		if m := &f.made[i]; m.server == c.Server() && m.variant == c.Variant() {
			return m.frame, m.err
		}
	}
	frame, err := c.Server().AppendPush(nil, c.Variant(), route, v)
	if f.n < len(f.made) {
		m := &f.made[f.n]
		m.server, m.variant, m.frame, m.err = c.Server(), c.Variant(), frame, err
		f.n++
	}
	return frame, err
}
