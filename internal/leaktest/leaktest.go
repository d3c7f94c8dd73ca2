// Package leaktest fails a package's tests when they leave goroutines behind:
//
//	func TestMain(m *testing.M) { os.Exit(leaktest.Run(m, "internal/agent.")) }
package leaktest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience is how long goroutines have to end after the tests.
const patience = 2 * time.Second

// Run runs the tests and returns the code to exit with: theirs, or 1 when they passed and a goroutine is left whose stack contains
// one of parts. It prints those stacks.
func Run(m *testing.M, parts ...string) (code int) {
	code = m.Run()
	if code != 0 {
		return code
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	left := stacks(parts)
	for end := time.Now().Add(patience); left != "" && time.Now().Before(end); left = stacks(parts) {
		<-tick.C
	}
	if left != "" {
		fmt.Fprintln(os.Stderr, "goroutines left behind:\n"+left)
		return 1
	}
	return 0
}

// stacks returns the stacks of the other goroutines that contain one of parts.
func stacks(parts []string) (left string) {
	buf := make([]byte, 1<<20)
	all := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	for _, s := range all[1:] { // the first is this one
		for _, part := range parts {
			if strings.Contains(s, part) {
				left += s + "\n\n"
				break
			}
		}
	}
	return left
}
