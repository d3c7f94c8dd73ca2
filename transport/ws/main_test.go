package ws

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// TestMain fails the run when a goroutine of this package or of its server
// outlives the tests.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := leaked(); code == 0 && left != nil {
		fmt.Fprintf(os.Stderr, "goroutines left:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// leaked returns the stacks of such goroutines, after they had some time to
// end.
func leaked() []byte {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var left []byte
	for range 100 {
		left = nil
		buf := make([]byte, 1<<20)
		stacks := bytes.Split(buf[:runtime.Stack(buf, true)], []byte("\n\n"))
		for _, s := range stacks[1:] { // the first is this one
			if bytes.Contains(s, []byte("transport/ws.")) || bytes.Contains(s, []byte("net/http.")) {
				left = append(append(left, s...), "\n\n"...)
			}
		}
		if left == nil {
			break
		}
		<-tick.C
	}
	return left
}
