package leaktest

import (
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(Run(m, "internal/leaktest.")) }

func stay(until chan struct{}) { <-until }

func TestStacks(t *testing.T) {
	until, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		stay(until)
	}()
	if left := stacks([]string{"nobody", "leaktest.TestStacks.func1"}); !strings.Contains(left, "leaktest.TestStacks.func1") {
		t.Errorf("a goroutine is not found in %q", left)
	}
	close(until)
	<-ended
	if left := stacks([]string{"nobody."}); left != "" {
		t.Errorf("found %q", left)
	}
}
