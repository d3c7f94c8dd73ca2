package nano_test

import (
	"bytes"
	"fmt"
	"log"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/lonng/nano"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/session"
)

// lines is a Logger that keeps what is printed.
type lines struct {
	mu    sync.Mutex
	got   []string
	fatal bool
}

func (l *lines) Println(v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, strings.TrimSuffix(fmt.Sprintln(v...), "\n"))
}

func (l *lines) Fatal(...any)          { l.fatal = true }
func (l *lines) Fatalf(string, ...any) { l.fatal = true }

// find returns the lines that contain text.
func (l *lines) find(text string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.got {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// failing has a server log: a warning, an error and something for debugging.
func failing(t *testing.T, opts ...nano.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := nanotest.NewServer(t, opts...)
		srv.Register(&Life{call: func(*session.Session) error { panic("at the disco") }})
		srv.OnSessionClosed(func(*session.Session) { panic("in the hook") })
		c := srv.Dial(t)
		wantCode(t, c.Request("Life.Call", nil, nil), "internal")
		wantCode(t, c.Request("nowhere", nil, nil), "not-found")
		c.Close()
		synctest.Wait()
	})
}

func TestCompat7Logger(t *testing.T) {
	var l lines
	failing(t, nano.WithLogger(&l))
	for _, text := range []string{"level=ERROR", `msg="nano: handler panicked" route=Life.Call`, "at the disco", "log_test.go", "in the hook"} {
		if len(l.find(text)) == 0 {
			t.Errorf("%q was not printed:\n%s", text, strings.Join(l.got, "\n"))
		}
	}
	if l.fatal {
		t.Error("Fatal was called")
	}
	if len(l.find("time=")) != 0 || len(l.find("level=DEBUG")) != 0 {
		t.Errorf("lines with a time or for debugging:\n%s", strings.Join(l.got, "\n"))
	}
	for _, line := range l.got {
		if strings.Contains(line, "\n") || line == "" {
			t.Errorf("%q is not one line", line)
		}
	}
}

func TestLoggerInDebugMode(t *testing.T) {
	for _, opts := range [][]nano.Option{
		{nano.WithDebugMode()},
		nil,
	} {
		var l lines
		failing(t, append([]nano.Option{nano.WithLogger(&l)}, opts...)...)
		if got, want := len(l.find("level=DEBUG")) > 0, len(opts) > 0; got != want {
			t.Errorf("lines for debugging: %v, want %v", got, want)
		}
	}
}

// The standard library's logger is a Logger.
func TestStandardLogger(t *testing.T) {
	var buf bytes.Buffer
	failing(t, nano.WithLogger(log.New(&buf, "game ", log.Lmsgprefix)))
	if !strings.Contains(buf.String(), "game level=ERROR msg=\"nano: handler panicked\"") {
		t.Errorf("%s", &buf)
	}
}

func TestLoggerNil(t *testing.T) {
	if err := nano.New(nano.WithLogger(nil), nano.WithTCP("127.0.0.1:0")).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "WithLogger") {
		t.Errorf("Run: %v", err)
	}
}

func TestSlog(t *testing.T) {
	log := newLogBook()
	failing(t, log.option())
	log.wants(t, "time=", "nano: handler panicked", "nano: a session-closed hook panicked", "nano: message refused")
}

// Entries of one record do not mix with those of another.
func TestLoggerTogether(t *testing.T) {
	var l lines
	synctest.Test(t, func(t *testing.T) {
		srv := nanotest.NewServer(t, nano.WithLogger(&l))
		srv.Register(&Life{call: func(s *session.Session) error { return fmt.Errorf("of session %d", s.ID()) }})
		var wg sync.WaitGroup
		for range 10 {
			c := srv.Dial(t)
			wg.Go(func() {
				for range 20 {
					wantCode(t, c.Request("Life.Call", nil, nil), "internal")
				}
			})
		}
		wg.Wait()
	})
	failed := l.find("nano: handler failed")
	if len(failed) != 200 {
		t.Errorf("%d lines, want 200", len(failed))
	}
	for _, line := range failed {
		if strings.Count(line, "msg=") != 1 || strings.Count(line, "session=") != 1 {
			t.Errorf("%q", line)
		}
	}
}

// The loop's own entries say which loop it is.
func TestLogOfTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lines
		srv := nanotest.NewServer(t, nano.WithLogger(&l))
		srv.Start()
		must(t, srv.Loop().Do(func() { panic("at the disco") }))
		synctest.Wait()
		if got := l.find("at the disco"); len(got) != 1 || !strings.Contains(got[0], "loop=logic") {
			t.Errorf("%q", got)
		}
	})
}

// An error with a code of its own is an answer to the client; one without is for the log.
func TestLevelsOfFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLogBook()
		srv := newServer(t, log.option())
		srv.Register(&Failing{})
		c := srv.Dial(t)
		wantCode(t, c.Request("Failing.Session", []byte("coded"), nil), "poor")
		wantCode(t, c.Request("Failing.Session", []byte("plain"), nil), "internal")
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, "handler failed") && strings.Contains(line, "level=WARN") != strings.Contains(line, "the plain text") {
				t.Errorf("%s", line)
			}
		}
		log.wants(t, "level=WARN", "the plain text", "not enough coins")
	})
}

func ExampleWithLogger() {
	// Anything with Println, Fatal and Fatalf: a *log.Logger, a logrus entry.
	logger := log.New(os.Stdout, "game: ", log.Lmsgprefix)
	_ = nano.Listen("256.0.0.1:0", nano.WithLogger(logger), nano.WithComponents(nil))
	// Output: game: level=ERROR msg="nano: Listen failed" address=256.0.0.1:0 error="nano: WithComponents: nil"
}

func ExampleWithSlog() {
	noTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	logger := slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: noTime}))
	_ = nano.Listen("256.0.0.1:0", nano.WithSlog(logger), nano.WithComponents(nil))
	// Output: {"level":"ERROR","msg":"nano: Listen failed","address":"256.0.0.1:0","error":"nano: WithComponents: nil"}
}
