package scheduler

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		stop := start(t, l)
		got, err := Call(t.Context(), l, func() (bool, error) { return l.OnLoop(), io.EOF })
		if !got || !errors.Is(err, io.EOF) {
			t.Errorf("Call: %v, %v", got, err)
		}
		stop()
		if _, err = Call(t.Context(), l, func() (int, error) { return 1, nil }); !errors.Is(err, ErrStopped) {
			t.Errorf("Call after the end: %v", err)
		}
	})
}

func TestCallOnLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		must(t, l, func() {
			_, err := Call(t.Context(), l, func() (int, error) {
				t.Error("ran")
				return 1, nil
			})
			if !errors.Is(err, ErrOnLoop) {
				t.Errorf("Call on the loop: %v", err)
			}
		})
		start(t, l)()
	})
}

func TestCallPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book logBook
		l := NewLoop(Config{Log: book.Logger()})
		start(t, l)
		_, err := Call(t.Context(), l, func() (int, error) { panic(io.ErrNoProgress) })
		p, ok := errors.AsType[*PanicError](err)
		if !ok {
			t.Fatalf("Call: %v", err)
		}
		if p.Value != any(io.ErrNoProgress) || !errors.Is(err, io.ErrNoProgress) {
			t.Errorf("value: %v", p.Value)
		}
		if !strings.Contains(string(p.Stack), "TestCallPanics") {
			t.Errorf("stack: %s", p.Stack)
		}
		if book.String() != "" {
			t.Errorf("log: %s", &book)
		}
		_, err = Call(t.Context(), l, func() (int, error) { panic("plain") })
		if err.Error() != "scheduler: panic: plain" || errors.Unwrap(err) != nil {
			t.Errorf("Call: %v", err)
		}
		if _, err = Call[int](t.Context(), l, nil); err == nil {
			t.Error("Call with a nil function succeeds")
		}
	})
}

func TestCallGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{Log: new(logBook).Logger()})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = l.Run(ctx) }()
		_, err := Call(ctx, l, func() (int, error) {
			runtime.Goexit()
			return 0, nil
		})
		if !errors.Is(err, errGoexit) {
			t.Errorf("Call: %v", err)
		}
		cancel()
	})
}

func TestCallContextEndsBeforeStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		fn := func() (int, error) {
			t.Error("ran after Call had returned")
			return 0, nil
		}
		for range 2 { // the second time ctx has ended already
			if _, err := Call(ctx, l, fn); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Call: %v", err)
			}
		}
		start(t, l)()
	})
}

func TestCallContextEndsWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(Config{})
		stop := start(t, l)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		since, done := clock(), false
		got, err := Call(ctx, l, func() (int, error) {
			block(time.Minute)
			done = true
			return 1, nil
		})
		if got != 0 || !errors.Is(err, context.DeadlineExceeded) || since() != time.Second {
			t.Errorf("Call: %v, %v after %v", got, err, since())
		}
		stop()
		if !done {
			t.Error("the function did not run to its end")
		}
	})
}
