package nano_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/session"
)

// Work that ends its goroutine still comes back, and does not hold up the shutdown.
func TestAsyncWorkEndsItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		came := make(chan error, 1)
		nano.HandleNotify(srv.Server, "go", func(ctx context.Context, _ *struct{}) error {
			return nano.Async(ctx, func(context.Context) (int, error) {
				runtime.Goexit()
				return 1, nil
			}, func(_ int, err error) { came <- err })
		})
		must(t, srv.Dial(t).Notify("go", nil))
		if err := <-came; err == nil {
			t.Error("no error")
		}
	})
}

// Handlers that end their goroutine cost their connection and no more: on the reader, called by RPC, and in a close hook.
func TestHandlersThatEndTheirGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		nano.HandleNotify(srv.Server, "reader", func(context.Context, *struct{}) error {
			runtime.Goexit()
			return nil
		}, component.Concurrent())
		nano.HandleNotify(srv.Server, "rpc", func(ctx context.Context, _ *struct{}) error {
			return session.FromContext(ctx).RPC("reader", nil)
		})
		nano.HandleNotify(srv.Server, "hook", func(ctx context.Context, _ *struct{}) error {
			return session.FromContext(ctx).OnClose(func(error) { runtime.Goexit() })
		})
		c := srv.Dial(t)
		must(t, c.Notify("hook", nil), c.Notify("rpc", nil), c.Notify("rpc", nil))
		synctest.Wait()
		if srv.Stats().Sessions != 1 {
			t.Error("the session did not survive RPC")
		}
		must(t, c.Notify("reader", nil))
		if code, _ := c.ExpectKick(); code != "internal" {
			t.Errorf("kicked with %q", code)
		}
		synctest.Wait()
		if st := srv.Stats(); st.Sessions != 0 || st.Connections != 0 {
			t.Errorf("left behind: %+v", st)
		}
	})
}
