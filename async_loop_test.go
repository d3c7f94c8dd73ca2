package nano_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/scheduler"
)

// Async comes back to where the handler runs, also the second time and whatever the session's next message went to.
func TestAsyncComesBackToItsHandlersLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := scheduler.NewLoop(scheduler.Config{Name: "room"})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- own.Run(ctx) }()
		defer func() {
			cancel()
			must(t, <-ended)
		}()
		srv := newServer(t)
		proceed, where := make(chan struct{}), make(chan bool, 2)
		wait := func(context.Context) (int, error) { <-proceed; return 0, nil }
		nano.HandleNotify(srv.Server, "room.go", func(ctx context.Context, _ *struct{}) error {
			return nano.Async(ctx, wait, func(int, error) {
				where <- own.OnLoop()
				_ = nano.Async(ctx, wait, func(int, error) { where <- own.OnLoop() })
			})
		}, component.WithLoop(own))
		nano.HandleNotify(srv.Server, "logic", func(context.Context, *struct{}) error { return nil })
		c := srv.Dial(t)
		must(t, c.Notify("room.go", nil))
		synctest.Wait()
		must(t, c.Notify("logic", nil))
		synctest.Wait()
		proceed <- struct{}{}
		proceed <- struct{}{}
		for range 2 {
			if !<-where {
				t.Error("it came back elsewhere")
			}
		}
	})
}
