package nano

import (
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/lonng/nano/session"
)

// registry is the sessions of a server, by id and by user. Its methods may be called from any goroutine.
type registry struct {
	mu    sync.RWMutex
	ids   map[int64]*session.Session
	users map[int64][]*session.Session // in the order of binding
}

func newRegistry() *registry {
	return &registry{ids: make(map[int64]*session.Session), users: make(map[int64][]*session.Session)}
}

func (r *registry) add(s *session.Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids[s.ID()] = s
}

func (r *registry) remove(s *session.Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.ids, s.ID())
}

func (r *registry) len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.ids)
}

func (r *registry) byID(id int64) (*session.Session, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, ok := r.ids[id]
	return s, ok
}

func (r *registry) byUID(uid int64) (*session.Session, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	bound := r.users[uid]
	if len(bound) == 0 {
		return nil, false
	}
	return bound[len(bound)-1], true
}

func (r *registry) all() iter.Seq[*session.Session] {
	return func(yield func(*session.Session) bool) {
		r.mu.RLock()
		sessions := slices.AppendSeq(make([]*session.Session, 0, len(r.ids)), maps.Values(r.ids))
		r.mu.RUnlock()
		for _, s := range sessions {
			if !yield(s) {
				return
			}
		}
	}
}

// bound follows a session's user; it is called with the session locked.
func (r *registry) bound(s *session.Session, old, uid int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(r.users[old], s); old != 0 && i >= 0 {
		if r.users[old] = slices.Delete(r.users[old], i, i+1); len(r.users[old]) == 0 {
			delete(r.users, old)
		}
	}
	if uid != 0 {
		r.users[uid] = append(r.users[uid], s)
	}
}
