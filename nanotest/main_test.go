package nanotest_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails the run when a goroutine of nano's outlives its tests.
func TestMain(m *testing.M) {
	code := m.Run()
	if stacks := leaked(); code == 0 && stacks != "" {
		fmt.Fprintln(os.Stderr, "goroutines left behind:\n"+stacks)
		code = 1
	}
	os.Exit(code)
}

// leaked returns the stacks of other goroutines in nano's packages, after giving them time to end.
func leaked() (stacks string) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		stacks = ""
		buf := make([]byte, 1<<20)
		all := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
		for _, s := range all[1:] {
			if strings.Contains(s, "lonng/nano") {
				stacks += s + "\n\n"
			}
		}
		if stacks == "" {
			break
		}
		<-tick.C
	}
	return stacks
}
