package nanotest_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/session"
)

var quiet = nano.WithSlog(slog.New(slog.DiscardHandler))

type text struct {
	Text string `json:"text" msgpack:"text"`
}

// echo is a component that a test's client calls.
type echo struct{ component.Base }

func (*echo) Back(_ context.Context, m *text) (*text, error) { return m, nil }

// Push pushes what it gets, twice, and then answers.
func (*echo) Push(s *session.Session, m *text) error {
	for range 2 {
		if err := s.Push("onText", m); err != nil {
			return err
		}
	}
	return s.Response(m)
}

func (*echo) Fail(context.Context, *text) error {
	return nano.Errorf("own", "the message").With("key", "value").With("other", "")
}

func (*echo) Silent(*session.Session, *text) error { return nil }

func (*echo) Kick(s *session.Session, m *text) error { return s.Kick("banned", m.Text) }

func (*echo) Close(s *session.Session, _ *text) error {
	s.Close()
	return nil
}

func newServer(tb testing.TB, opts ...nano.Option) *nanotest.Server {
	srv := nanotest.NewServer(tb, append([]nano.Option{quiet}, opts...)...)
	srv.Register(&echo{}, component.WithName("echo"))
	return srv
}

// recorder is a testing.TB that keeps the failures of what runs under it.
type recorder struct {
	testing.TB // what is not overwritten is the real test's

	mu       sync.Mutex // guards what follows
	failures []string
	cleanups []func()
}

func (r *recorder) Helper() {}

func (r *recorder) Cleanup(fn func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, fn)
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// failed is what Fatalf panics with: it must not end the test's goroutine.
type failed struct{}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	panic(failed{})
}

func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }

// failures runs fn and its cleanups as a test of its own and returns how it failed.
func failures(t *testing.T, fn func(tb testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	step := func(fn func()) {
		defer func() {
			if v := recover(); v != nil && v != any(failed{}) {
				panic(v)
			}
		}()
		fn()
	}
	step(func() { fn(r) })
	for len(r.cleanups) > 0 {
		last := r.cleanups[len(r.cleanups)-1]
		r.cleanups = r.cleanups[:len(r.cleanups)-1]
		step(last)
	}
	return strings.Join(r.failures, "\n")
}

// wantFailure fails the test when the failures of fn do not hold the texts.
func wantFailure(t *testing.T, fn func(tb testing.TB), texts ...string) {
	t.Helper()
	got := failures(t, fn)
	if len(texts) == 0 && got != "" {
		t.Errorf("failed: %s", got)
	}
	for _, text := range texts {
		if !strings.Contains(got, text) {
			t.Errorf("%q is not in the failures:\n%s", text, got)
		}
	}
}
