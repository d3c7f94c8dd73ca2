package control

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const asServer = "BENCH_CONTROL_TEST_SERVER"

// The test binary is also the server that the tests start.
func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		Main(func(ctx context.Context, o Options) error {
			l, err := o.Listen(ctx)
			if err != nil {
				return err
			}
			for {
				c, err := l.Accept()
				if err != nil {
					return err
				}
				c.Close()
			}
		})
	}
	os.Exit(m.Run())
}

func TestProcess(t *testing.T) {
	t.Setenv(asServer, "1")
	prefix := filepath.Join(t.TempDir(), "profiles", "p")
	p, err := Start(t.Context(), os.Args[0], "-transport", "tls", "-profile", prefix)
	if err != nil {
		t.Fatal(err)
	}
	first, err := p.CPU()
	if err != nil || first <= 0 {
		t.Errorf("CPU %v, %v", first, err)
	}
	r, err := p.Collect()
	if err != nil || r.Resident < 1<<20 || r.Peak < 1<<20 || r.CPU < first || r.Goroutines < 2 {
		t.Errorf("after %v: %+v, %v", first, r, err)
	}
	if r, err = p.Memory(); err != nil || r.Resident < 1<<20 {
		t.Errorf("%+v, %v", r, err)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	for _, kind := range []string{"cpu", "allocs", "heap", "mutex"} {
		if _, err := os.Stat(prefix + "." + kind + ".pprof"); err != nil {
			t.Error(err)
		}
	}
}

func TestProcessFails(t *testing.T) {
	t.Setenv(asServer, "1")
	p, err := Start(t.Context(), os.Args[0], "-no-such-flag")
	if err == nil {
		t.Fatal("a server that does not start: no error", p.Stop())
	}
	if !strings.Contains(err.Error(), "no-such-flag") {
		t.Errorf("the error does not have the server's log: %v", err)
	}
}

func TestTail(t *testing.T) {
	var l tail
	for range 3 {
		if _, err := l.Write([]byte(strings.Repeat("x", logKept/2))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Write([]byte("end")); err != nil || len(l.String()) != logKept || !strings.HasSuffix(l.String(), "xend") {
		t.Errorf("%d bytes kept", len(l.String()))
	}
}
