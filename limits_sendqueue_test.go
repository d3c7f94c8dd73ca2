package nano_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/session"
)

// A session's queue has the bounds of the option.
func TestWithSendQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, nano.WithSendQueue(10_000, 50_000))
		got := make(chan error, 1)
		nano.HandleNotify(srv.Server, "flood", func(ctx context.Context, _ *struct{}) error {
			s := session.FromContext(ctx)
			for {
				if err := s.Push("onFlood", make([]byte, 1000)); err != nil {
					got <- err
					return nil
				}
			}
		})
		c := newPressClient(t, srv.DialRaw(t)).shake()
		c.send(pack(4, "\x02\x05flood"))
		if err := <-got; !errors.Is(err, nano.ErrSlow) && !errors.Is(err, nano.ErrSessionClosed) {
			t.Error(err)
		}
		pass(time.Minute)
		if n := srv.Stats().Sessions; n != 0 {
			t.Errorf("%d sessions", n)
		}
	})
	if err := nanotest.NewServer(t, nano.WithSendQueue(100, 10)).Run(t.Context()); err == nil {
		t.Error("a hard bound below the soft one: no error")
	}
}
