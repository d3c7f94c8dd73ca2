package nano_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/internal/leaktest"
	"github.com/lonng/nano/internal/memnet"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/session"
)

// TestMain fails the run when a goroutine of nano's outlives its tests. With childVariable set it is a program that listens.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(child())
	}
	os.Exit(leaktest.Run(m, "lonng/nano"))
}

// newServer returns a server in memory whose log is dropped, unless an option says otherwise.
func newServer(t testing.TB, opts ...nano.Option) *nanotest.Server {
	t.Helper()
	return nanotest.NewServer(t, append([]nano.Option{nano.WithSlog(slog.New(slog.DiscardHandler))}, opts...)...)
}

// logBook is a log that can be read.
type logBook struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	writes chan struct{} // closed and replaced at each write
}

func newLogBook() *logBook { return &logBook{writes: make(chan struct{})} }

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.writes)
	b.writes = make(chan struct{})
	return b.buf.Write(p)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *logBook) option() nano.Option {
	return nano.WithSlog(slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

// wants fails the test for each text that is not in the log.
func (b *logBook) wants(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(b.String(), text) {
			t.Errorf("%q is not in the log:\n%s", text, b)
		}
	}
}

// await waits for n lines that contain text and returns the last of them. It is for tests in real time.
func (b *logBook) await(t testing.TB, text string, n int) string {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		b.mu.Lock()
		writes, log := b.writes, b.buf.String()
		b.mu.Unlock()
		count := 0
		for line := range strings.Lines(log) {
			if !strings.Contains(line, text) {
				continue
			}
			if count++; count == n {
				return line
			}
		}
		select {
		case <-writes:
		case <-timeout:
			t.Fatalf("%q did not get into the log %d times:\n%s", text, n, log)
		}
	}
}

// check is must for goroutines other than the test's.
func check(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

// must ends the test when there is an error.
func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// wantCode fails the test when err is not a *nano.Error with a code.
func wantCode(t testing.TB, err error, code string) *nano.Error {
	t.Helper()
	e, ok := errors.AsType[*nano.Error](err)
	if !ok || e.Code != code {
		t.Errorf("error %v, want the code %q", err, code)
		return &nano.Error{}
	}
	return e
}

// sessionOf returns the session of the client that calls the route "me", which nameSessions made.
func sessionOf(t testing.TB, srv *nanotest.Server, c *nanotest.Client) *session.Session {
	t.Helper()
	var id int64
	must(t, c.Request("me", nil, &id))
	s, ok := srv.Session(id)
	if !ok {
		t.Fatalf("no session %d", id)
	}
	return s
}

// nameSessions serves "me", which answers with the id of the caller's session.
func nameSessions(srv *nanotest.Server) {
	nano.Handle(srv.Server, "me", func(ctx context.Context, _ *struct{}) (*int64, error) {
		id := session.FromContext(ctx).ID()
		return &id, nil
	})
}

// onLoop runs fn on the server's loop and waits.
func onLoop(t testing.TB, srv *nanotest.Server, fn func()) {
	t.Helper()
	done := make(chan struct{})
	must(t, srv.Loop().Do(func() {
		defer close(done)
		fn()
	}))
	<-done
}

// serve serves a listener in memory. What Serve returns is sent.
func serve(t testing.TB, srv *nano.Server) (*memnet.Listener, <-chan error) {
	t.Helper()
	l, served := memnet.Listen("test"), make(chan error, 1)
	go func() { served <- srv.Serve(context.Background(), l) }()
	return l, served
}

func dialMem(t testing.TB, l *memnet.Listener) net.Conn {
	t.Helper()
	conn, err := l.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func writeAll(t testing.TB, conn net.Conn, b []byte) {
	t.Helper()
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
}

// shakeHands says what a client says at first, and listens to nothing.
func shakeHands(t testing.TB, conn net.Conn) {
	t.Helper()
	writeAll(t, conn, []byte("\x01\x00\x00\x02{}"+"\x02\x00\x00\x00"))
}
