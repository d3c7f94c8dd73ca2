package session_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/session"
)

var errGone = errors.New("gone")

// end ends a session as a server does.
func end(owner session.Owner, reason error) {
	owner.Closing(reason)
	for _, hook := range owner.Hooks() {
		hook(reason)
	}
	owner.Release()
}

func TestContext(t *testing.T) {
	s, owner := session.Open(1, mock.NewNetworkEntity())
	ctx := s.Context()
	if session.FromContext(ctx) != s || ctx.Err() != nil || ctx != s.Context() || s.Err() != nil {
		t.Fatalf("of a living session: %v, %v, %v", session.FromContext(ctx), ctx.Err(), s.Err())
	}
	owner.Closing(errGone)
	owner.Closing(errors.New("another reason"))
	if ctx.Err() != context.Canceled || context.Cause(ctx) != errGone || s.Err() != errGone {
		t.Errorf("of a closed session: %v, %v, %v", ctx.Err(), context.Cause(ctx), s.Err())
	}
}

func TestContextMadeAfterTheEnd(t *testing.T) {
	s, owner := session.Open(1, mock.NewNetworkEntity())
	end(owner, errGone)
	if ctx := s.Context(); ctx.Err() == nil || context.Cause(ctx) != errGone || session.FromContext(ctx) != s {
		t.Errorf("%v, %v", ctx.Err(), context.Cause(ctx))
	}
}

func TestClosingWithoutReason(t *testing.T) {
	s, owner := session.Open(1, mock.NewNetworkEntity())
	owner.Closing(nil)
	if s.Err() == nil {
		t.Error("a closed session has no reason")
	}
}

func TestFromContextWithoutSession(t *testing.T) {
	if s := session.FromContext(t.Context()); s != nil {
		t.Errorf("found %v", s)
	}
}

func TestHooksRunOnce(t *testing.T) {
	s, owner := session.Open(1, mock.NewNetworkEntity())
	_ = s.Bind(7)
	s.Set("room", "lobby")
	var got []string
	for _, name := range []string{"first", "second"} {
		err := s.OnClose(func(reason error) {
			if reason != errGone || s.UID() != 7 || s.String("room") != "lobby" {
				t.Errorf("%s: %v, user %d, room %q", name, reason, s.UID(), s.String("room"))
			}
			got = append(got, name)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	owner.Closing(errGone)
	if err := s.OnClose(func(error) { got = append(got, "late") }); err != nil {
		t.Errorf("OnClose before the hooks run: %v", err)
	}
	if err := s.Bind(8); err != session.ErrClosed {
		t.Errorf("Bind while closing: %v", err)
	}
	end(owner, errGone)
	end(owner, errGone)
	if !slices.Equal(got, []string{"first", "second", "late"}) {
		t.Errorf("hooks that ran: %v", got)
	}
	if err := s.OnClose(func(error) {}); err != session.ErrClosed {
		t.Errorf("OnClose after the end: %v", err)
	}
}

// set counts the ends of its members.
type set map[*session.Session]int

func (m set) SessionEnded(s *session.Session) { m[s]++ }

func TestMembershipEndsWithSession(t *testing.T) {
	s, owner := session.Open(1, mock.NewNetworkEntity())
	a, b := &setOf{set{}}, &setOf{set{}}
	if err := errors.Join(s.Join(a), s.Join(b)); err != nil {
		t.Fatal(err)
	}
	s.Part(b)
	s.Part(b) // not a member any more
	_ = s.OnClose(func(error) {
		if a.set[s] != 0 {
			t.Error("the membership ended before the hooks")
		}
		if err := s.Join(b); err != session.ErrClosed {
			t.Errorf("Join in a hook: %v", err)
		}
	})
	end(owner, errGone)
	owner.Release()
	if a.set[s] != 1 || b.set[s] != 0 {
		t.Errorf("ends: %d and %d, want 1 and 0", a.set[s], b.set[s])
	}
	if err := s.Join(a); err != session.ErrClosed {
		t.Errorf("Join after the end: %v", err)
	}
}

type setOf struct{ set }

func TestValuesAfterTheEnd(t *testing.T) {
	s, owner := session.Open(1, mock.NewNetworkEntity())
	_ = s.Bind(7)
	s.Set("room", "lobby")
	end(owner, errGone)
	if s.String("room") != "lobby" || s.UID() != 7 {
		t.Errorf("room %q, user %d", s.String("room"), s.UID())
	}
}

func TestHooks(t *testing.T) {
	var h session.Hooks
	s, _ := newSession()
	var got []string
	add := func(name string) { h.OnClosed(func(*session.Session) { got = append(got, name) }) }
	run := func() (names []string) {
		got = nil
		for _, hook := range h.All() {
			hook(s)
		}
		return got
	}
	add("before")
	endRun := h.Begin()
	add("during")
	if names := run(); !slices.Equal(names, []string{"before", "during"}) {
		t.Errorf("in the run: %v", names)
	}
	endRun()
	if names := run(); !slices.Equal(names, []string{"before"}) {
		t.Errorf("after the run: %v", names)
	}
	add("between")
	h.Begin()()
	if names := run(); !slices.Equal(names, []string{"before", "between"}) {
		t.Errorf("after another run: %v", names)
	}
}
