package nano

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lonng/nano/component"
)

// Shutdown ends the server: it stops accepting, lets the handler on the logic loop end, calls the components' BeforeShutdown, kicks the clients
// with the code "shutdown", waits for the session-closed hooks, calls the components' Shutdown and stops the loop. Serve and
// Run return. When ctx ends first, what is left is cut short and the context's error is returned. A second call waits for the
// first.
//
// It must not be called on the logic loop, for which it waits: there it returns ErrOnLoop and does nothing. Start a
// goroutine instead. The same goes, unseen, for the handler of a concurrent component.
func (s *Server) Shutdown(ctx context.Context) error {
	if s.loop.OnLoop() {
		return fmt.Errorf("nano: Shutdown waits for the loop that it was called on, use go srv.Shutdown(ctx): %w", ErrOnLoop)
	}
	was, err := s.beginShutdown(ctx)
	if err != nil {
		return err
	}
	switch was {
	case shutdown:
		select {
		case <-s.stopped:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	case started:
		defer close(s.stopped)
		return s.shutdown(ctx)
	}
	s.stop()
	close(s.stopped)
	return nil
}

// beginShutdown returns the phase that the server was in, once a start that is under way is over.
func (s *Server) beginShutdown(ctx context.Context) (was phase, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.phase == starting {
		s.mu.Unlock()
		select {
		case <-s.ready:
		case <-ctx.Done():
			err = ctx.Err()
		}
		s.mu.Lock()
		if err != nil {
			return s.phase, fmt.Errorf("nano: shutdown: waiting for the start: %w", err)
		}
	}
	was, s.phase = s.phase, shutdown
	return was, nil
}

func (s *Server) shutdown(ctx context.Context) error {
	s.stop()
	s.closeListeners()

	var errs []error
	try := func(what string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("nano: shutdown: %s: %w", what, err))
		}
	}
	try("waiting for Serve", s.accepting.wait(ctx))
	try("waiting for BeforeShutdown", s.componentsOnLoop(ctx, "BeforeShutdown", component.Component.BeforeShutdown))
	s.agents.End(shutdownReason())
	try("waiting for connections", s.conns.wait(ctx))
	try("waiting for session-closed hooks", s.opened.wait(ctx))
	try("waiting for the work of Async", s.workers.wait(ctx))
	try("waiting for Shutdown", s.componentsOnLoop(ctx, "Shutdown", component.Component.Shutdown))
	s.endLoop()
	select {
	case <-s.loopEnded:
	case <-ctx.Done():
		try("waiting for the loop", ctx.Err())
	}
	s.endHooks()
	return errors.Join(errs...)
}

// closeListeners does not wait: a listener's Close may wait for users' code.
func (s *Server) closeListeners() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.listeners {
		s.accepting.run(func() { l.Close() })
	}
}

// componentsOnLoop calls a step of all components in reverse order.
func (s *Server) componentsOnLoop(ctx context.Context, name string, step func(component.Component)) error {
	return s.onLoop(ctx, func() {
		for _, r := range slices.Backward(s.comps) {
			s.protect(fmt.Sprintf("%T.%s", r.Comp, name), func() { step(r.Comp) })
		}
	})
}
