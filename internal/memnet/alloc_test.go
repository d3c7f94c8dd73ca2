//go:build !race

package memnet

import (
	"testing"
	"time"
)

// The race detector makes pools forget, so that this holds without it only.
func TestAllocations(t *testing.T) {
	a, b := Pipe(0)
	a.SetDeadline(time.Now().Add(time.Hour))
	defer a.Close()
	msg, buf := make([]byte, 100), make([]byte, 200)
	room := &lender{b: buf}
	n := testing.AllocsPerRun(1000, func() {
		a.Write(msg)
		b.Read(buf)
		a.Write(msg)
		b.ReadLazily(room)
	})
	if n != 0 {
		t.Errorf("%v allocations a message", n)
	}
}
