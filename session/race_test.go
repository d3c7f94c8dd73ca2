package session_test

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/session"
)

// All methods run together, beside the end of the session; the race detector watches.
func TestConcurrentUse(t *testing.T) {
	for range 20 {
		s, owner := session.Open(1, mock.NewNetworkEntity())
		var bound, users atomic.Int64
		owner.OnBind(func(_ *session.Session, old, uid int64) {
			if old != 0 {
				users.Add(-1)
			}
			if uid != 0 {
				users.Add(1)
			}
			bound.Add(1)
		})
		var hooks, hooked atomic.Int64
		members := &atomicSet{}
		var wg sync.WaitGroup
		for g := range 6 {
			wg.Go(func() {
				for i := range 50 {
					key := strconv.Itoa(i % 5)
					s.Set(key, i)
					_, _, _ = s.Int(key), s.HasKey(key), s.State()
					_ = s.Bind(int64(g*100 + i + 1))
					if i%7 == 0 {
						s.Clear()
					}
					s.Restore(map[string]any{key: i})
					s.Remove(key)
					s.Router().Bind(key, "node")
					_, _ = s.Router().Find(key)
					s.Router().Delete(key)
					if s.OnClose(func(error) { hooked.Add(1) }) == nil {
						hooks.Add(1)
					}
					if s.Join(members) == nil {
						members.joined.Add(1)
					}
					_, _ = s.Context(), s.Err()
					_ = s.Push("route", i)
					_ = s.Response(i)
				}
			})
		}
		wg.Go(func() { end(owner, errGone) })
		wg.Wait()
		if hooks.Load() != hooked.Load() {
			t.Fatalf("%d hooks were added, %d ran", hooks.Load(), hooked.Load())
		}
		if members.joined.Load() != members.ended.Load() {
			t.Fatalf("%d joined, %d ended", members.joined.Load(), members.ended.Load())
		}
		if users.Load() != 0 {
			t.Fatalf("%d users are left after %d bindings", users.Load(), bound.Load())
		}
	}
}

type atomicSet struct{ joined, ended atomic.Int64 }

func (m *atomicSet) SessionEnded(*session.Session) { m.ended.Add(1) }
