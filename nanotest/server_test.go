package nanotest_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/session"
)

// It works in real time as well.
func TestRealTime(t *testing.T) {
	srv := newServer(t)
	c, d := srv.Dial(t), srv.Dial(t)
	var got text
	if err := c.Request("echo.Push", text{"hello"}, &got); err != nil || got.Text != "hello" {
		t.Errorf("%v, %q", err, got.Text)
	}
	c.Expect("onText", &got)
	if err := srv.Broadcast("onAll", text{"all"}); err != nil {
		t.Error(err)
	}
	d.Expect("onAll", nil)
	d.Close()
}

// The server of a test is shut down when the test ends, after its clients.
func TestServerEndsWithTheTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var steps []string
		wantFailure(t, func(tb testing.TB) {
			srv := nanotest.NewServer(tb, quiet)
			srv.Register(&stepping{steps: &steps}, component.WithName("stepping"))
			srv.OnSessionClosed(func(*session.Session) { steps = append(steps, "closed") })
			srv.Start()
			srv.Start()
			srv.Dial(tb)
		})
		if len(steps) != 3 || steps[0] != "init" || steps[1] != "closed" || steps[2] != "shutdown" {
			t.Errorf("steps %v", steps)
		}
	})
}

type stepping struct {
	component.Base
	steps *[]string
}

func (s *stepping) Init()                                     { *s.steps = append(*s.steps, "init") }
func (s *stepping) Shutdown()                                 { *s.steps = append(*s.steps, "shutdown") }
func (s *stepping) Call(*session.Session, []byte) error       { return nil }
func (s *stepping) Other(context.Context, *text) (any, error) { return nil, nil }

// A server that is never used needs no end.
func TestServerThatDoesNotStart(t *testing.T) {
	wantFailure(t, func(tb testing.TB) {
		srv := nanotest.NewServer(tb, quiet)
		srv.Register(&stepping{steps: new([]string)})
	})
}

// The test hears what is wrong with the server.
func TestServerThatCannotStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wantFailure(t, func(tb testing.TB) {
			srv := nanotest.NewServer(tb, quiet)
			srv.Register(&component.Base{})
			srv.Dial(tb)
		}, "nanotest: ", "*component.Base has no handler")
	})
}

func TestDialThatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wantFailure(t, func(tb testing.TB) {
			newServer(tb, nano.WithHandshake(func(context.Context, *session.Session, *nano.Handshake) (any, error) {
				return nil, nano.Errorf("forbidden", "not today")
			})).Dial(tb)
		}, "refused with 500: not today")
	})
}

// A server that hangs at its end fails the test.
func TestServerThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		wantFailure(t, func(tb testing.TB) {
			srv := newServer(tb)
			srv.Register(&hanging{release: release})
			c := srv.Dial(tb)
			if err := c.Notify("hanging.Call", nil); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}, "deadline exceeded")
		close(release)
	})
}

type hanging struct {
	component.Base
	release chan struct{}
}

func (h *hanging) Call(*session.Session, []byte) error {
	<-h.release
	return nil
}

func TestDialRaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, nano.WithHandshakeTimeout(time.Second))
		conn := srv.DialRaw(t)
		defer conn.Close()
		began := time.Now()
		if b, err := io.ReadAll(conn); err != nil || len(b) != 0 || time.Since(began) != time.Second {
			t.Errorf("a connection that says nothing got %q, %v after %v", b, err, time.Since(began))
		}
	})
}
