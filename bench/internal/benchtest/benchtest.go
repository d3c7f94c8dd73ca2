// Package benchtest runs a server of this module in a test and drives it with the load client.
package benchtest

import (
	"context"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/lonng/nano/bench/internal/control"
	"github.com/lonng/nano/bench/internal/load"
)

// Serve starts a server on a free port and ends it, with what it started, when the test ends.
func Serve(t *testing.T, transport string, serve func(context.Context, control.Options) error) (addr string) {
	t.Helper()
	addr, err := control.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, control.Options{Addr: addr, Transport: transport}) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	for retry := time.Tick(time.Millisecond); ; {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			return addr
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatal("the server ended:", err)
		case <-retry:
		}
	}
}

// Measure drives a server for a moment and fails the test when nothing came or a connection was closed.
func Measure(t *testing.T, cfg load.Config) *load.Result {
	t.Helper()
	c, err := load.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if cfg.Work == load.Idle {
		return nil
	}
	probes := 0
	r, err := c.Measure(t.Context(), 0, 120*time.Millisecond, func() error { probes++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if probes != 2 || r.Closed != 0 || r.Latency.Count() == 0 || r.Latency.Quantile(0.5) <= 0 {
		t.Errorf("%d probes, %d closed, %d latencies, median %v", probes, r.Closed, r.Latency.Count(), r.Latency.Quantile(0.5))
	}
	t.Logf("%d messages, p50 %v, p99 %v", r.Messages, r.Latency.Quantile(0.5), r.Latency.Quantile(0.99))
	return r
}

// Main is a TestMain that fails when the tests leave goroutines behind.
func Main(m *testing.M) {
	before := runtime.NumGoroutine()
	code := m.Run()
	if code == 0 && !settled(before) {
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
		code = 1
	}
	os.Exit(code)
}

// settled waits until there are no more goroutines than before.
func settled(before int) bool {
	deadline := time.After(5 * time.Second)
	for retry := time.Tick(10 * time.Millisecond); runtime.NumGoroutine() > before; {
		select {
		case <-deadline:
			return false
		case <-retry:
		}
	}
	return true
}
