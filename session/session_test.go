package session_test

import (
	"errors"
	"net"
	"testing"

	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/session"
)

func newSession() (*session.Session, *mock.NetworkEntity) {
	entity := mock.NewNetworkEntity()
	return session.New(entity), entity
}

func TestBind(t *testing.T) {
	s, _ := newSession()
	if s.UID() != 0 {
		t.Errorf("a new session has the user %d", s.UID())
	}
	for _, uid := range []int64{0, -1, -1 << 63} {
		if err := s.Bind(uid); err != session.ErrIllegalUID || s.UID() != 0 {
			t.Errorf("Bind(%d): %v, user %d", uid, err, s.UID())
		}
	}
	for _, uid := range []int64{1, 7, 7, 1<<63 - 1} {
		if err := s.Bind(uid); err != nil || s.UID() != uid {
			t.Errorf("Bind(%d): %v, user %d", uid, err, s.UID())
		}
	}
}

func TestClear(t *testing.T) {
	s, _ := newSession()
	_ = s.Bind(7)
	s.Set("room", "lobby")
	s.Router().Bind("Chat", "node-1")
	s.Clear()
	if s.UID() != 0 || s.HasKey("room") || len(s.State()) != 0 {
		t.Errorf("after Clear: user %d, values %v", s.UID(), s.State())
	}
	if err := s.Bind(8); err != nil || s.UID() != 8 {
		t.Errorf("Bind after Clear: %v, user %d", err, s.UID())
	}
	s.Set("room", "hall")
	if s.String("room") != "hall" {
		t.Error("a cleared session keeps no values")
	}
}

// bindings records what OnBind is told.
type bindings [][2]int64

func (b *bindings) on(_ *session.Session, old, uid int64) { *b = append(*b, [2]int64{old, uid}) }

func (b *bindings) want(t *testing.T, pairs ...[2]int64) {
	t.Helper()
	if len(*b) != len(pairs) {
		t.Fatalf("OnBind was told %v, want %v", *b, pairs)
	}
	for i, p := range pairs {
		if (*b)[i] != p {
			t.Fatalf("OnBind was told %v, want %v", *b, pairs)
		}
	}
}

func TestOnBind(t *testing.T) {
	s, owner := session.Open(1, mock.NewNetworkEntity())
	var told bindings
	owner.OnBind(told.on)
	_ = s.Bind(7)
	_ = s.Bind(7) // no change
	_ = s.Bind(-1)
	_ = s.Bind(8)
	s.Clear()
	s.Clear()
	_ = s.Bind(9)
	owner.Release()
	s.Clear() // nobody is told any more
	told.want(t, [2]int64{0, 7}, [2]int64{7, 8}, [2]int64{8, 0}, [2]int64{0, 9}, [2]int64{9, 0})
}

func TestSendsThroughEntity(t *testing.T) {
	s, entity := newSession()
	entity.SetLastMid(5)
	if err := errors.Join(s.Push("onJoin", "ann"), s.RPC("Room.Log", "line"), s.Response("five"), s.ResponseMID(9, "nine")); err != nil {
		t.Fatal(err)
	}
	for what, got := range map[string]any{
		"ann":  entity.FindResponseByRoute("onJoin"),
		"line": entity.FindResponseByRoute("Room.Log"),
		"five": entity.FindResponseByMID(5),
		"nine": entity.FindResponseByMID(9),
	} {
		if got != what {
			t.Errorf("got %v, want %v", got, what)
		}
	}
	if s.LastMid() != 5 || s.RemoteAddr() == nil || s.NetworkEntity() != session.NetworkEntity(entity) {
		t.Errorf("LastMid %d, RemoteAddr %v, NetworkEntity %v", s.LastMid(), s.RemoteAddr(), s.NetworkEntity())
	}
	s.Close()
	if !entity.Closed() {
		t.Error("Close does not reach the entity")
	}
}

// kicker is an entity that can tell why it is closed.
type kicker struct {
	*mock.NetworkEntity
	code, reason string
}

func (k *kicker) Kick(code, reason string) error {
	k.code, k.reason = code, reason
	return net.ErrClosed
}

func TestKick(t *testing.T) {
	k := &kicker{NetworkEntity: mock.NewNetworkEntity()}
	if err := session.New(k).Kick("banned", "cheating"); err != net.ErrClosed || k.code != "banned" || k.reason != "cheating" {
		t.Errorf("Kick: %v, %q, %q", err, k.code, k.reason)
	}
	s, entity := newSession()
	if err := s.Kick("banned", "cheating"); err != nil || !entity.Closed() {
		t.Errorf("Kick of an entity that cannot tell: %v, closed: %v", err, entity.Closed())
	}
}

func TestRouter(t *testing.T) {
	s, _ := newSession()
	r := s.Router()
	if addr, ok := r.Find("Chat"); ok || addr != "" {
		t.Errorf("an empty router finds %q", addr)
	}
	r.Delete("Chat") // of nothing
	r.Bind("Chat", "node-1")
	r.Bind("Game", "node-2")
	r.Bind("Chat", "node-3")
	if addr, ok := r.Find("Chat"); !ok || addr != "node-3" {
		t.Errorf("Find: %q, %v", addr, ok)
	}
	r.Delete("Chat")
	if _, ok := r.Find("Chat"); ok {
		t.Error("Chat is found after Delete")
	}
	if addr, ok := r.Find("Game"); !ok || addr != "node-2" {
		t.Errorf("Find of another service: %q, %v", addr, ok)
	}
	if r != s.Router() {
		t.Error("a session has several routers")
	}
}
