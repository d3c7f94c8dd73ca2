package scheduler

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano/internal/leaktest"
)

// TestMain fails when a test leaves a goroutine of this package behind.
func TestMain(m *testing.M) { os.Exit(leaktest.Run(m, "nano/scheduler.")) }

// start runs l in a goroutine; stop ends the Run and waits for it.
func start(t testing.TB, l *Loop) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := l.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	t.Cleanup(stop)
	return stop
}

// block takes d of a bubble's time. It is what slow tasks do.
func block(d time.Duration) { <-time.After(d) }

// pass is block for the test's goroutine: loops have done by then what they
// have to do.
func pass(d time.Duration) {
	block(d)
	synctest.Wait()
}

// must posts a task that has to be accepted.
func must(t testing.TB, l *Loop, task Task) {
	t.Helper()
	if err := l.Do(task); err != nil {
		t.Errorf("Do: %v", err)
	}
}

// logBook is a logger that can be read.
type logBook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *logBook) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// wants fails the test for each text that is not in the log.
func (b *logBook) wants(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(b.String(), text) {
			t.Errorf("%q is not in the log:\n%s", text, b)
		}
	}
}

// clock returns a function that tells the time since clock was called.
func clock() func() time.Duration {
	began := time.Now()
	return func() time.Duration { return time.Since(began) }
}
