package memnet

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestDialDoesNotWaitForAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Listen("game")
		defer l.Close()
		var dialled []net.Conn
		for range backlog {
			c, err := l.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			dialled = append(dialled, c)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := l.Dial(ctx)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Dial with a full backlog: %v", err)
		}
		if _, err := l.Dial(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Dial with an ended context: %v", err)
		}
		for _, c := range dialled {
			s, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if s.RemoteAddr() != c.LocalAddr() || c.RemoteAddr() != l.Addr() || s.LocalAddr() != l.Addr() {
				t.Error("the ends do not agree on their addresses, or are out of order")
			}
		}
	})
}

func TestListenerClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Listen("game")
		waiting, err := l.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("blocked Accept: %v", err)
			}
		})
		synctest.Wait()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("second Close: %v", err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept after Close: %v", err)
		}
		if _, err := l.Dial(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("Dial after Close: %v", err)
		}
		if _, err := accepted.Write([]byte("x")); err != nil {
			t.Errorf("an accepted connection ended with its listener: %v", err)
		}
		waiting.Close()
	})
}

func TestListenerCloseResetsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Listen("game")
		var wg sync.WaitGroup
		for range backlog + 10 { // some wait in Dial
			wg.Go(func() {
				c, err := l.Dial(t.Context())
				if err == nil {
					_, err = c.Read(make([]byte, 1))
				}
				if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("a connection that was never accepted: %v", err)
				}
			})
		}
		synctest.Wait()
		l.Close()
		wg.Wait()
	})
}

func TestAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Listen("game")
		defer l.Close()
		if got := l.Addr().Network() + " " + l.Addr().String(); got != "mem game" {
			t.Errorf("address %q", got)
		}
		c, _ := l.Dial(t.Context())
		if got := c.LocalAddr().String(); got != "mem:1" {
			t.Errorf("client address %q", got)
		}
		from := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 1234}
		c, _ = l.DialFrom(t.Context(), from)
		if c.LocalAddr() != from {
			t.Errorf("client address %v", c.LocalAddr())
		}
		l.Accept()
		if s, _ := l.Accept(); s.RemoteAddr() != from {
			t.Errorf("the server sees %v", s.RemoteAddr())
		}
		_, err := c.Read(nil)
		if err != nil {
			t.Error(err)
		}
		c.Close()
		_, err = c.Read(make([]byte, 1))
		if want := "read mem 192.0.2.7:1234->game: use of closed network connection"; err.Error() != want {
			t.Errorf("error %q, want %q", err, want)
		}
	})
}
