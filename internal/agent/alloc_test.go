//go:build !race

package agent

import (
	"io"
	"testing"

	"github.com/lonng/nano/wire"
)

// The race detector makes pools forget, so that this holds without it only.

// A message in, and one out, costs no allocation beyond what its handler makes.
func TestFramingAllocations(t *testing.T) {
	came := make(chan struct{})
	r := newRig(t, func(c *Config) {
		c.Heartbeat = -1
		c.Dispatch = func(*Conn, *wire.MessageView) { came <- struct{}{} }
	})
	p := r.connect(0)
	p.shake()
	ask := request(1, "hello")
	in := testing.AllocsPerRun(2000, func() {
		p.send1(ask)
		<-came
	})
	r.mu.Lock()
	c := r.opened[0]
	r.mu.Unlock()
	var body any = []byte("hello")
	buf := make([]byte, len(message(wire.Head{Type: wire.Push, Route: "p"}, "hello")))
	out := testing.AllocsPerRun(2000, func() {
		if err := c.Push("p", body); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(p, buf); err != nil {
			t.Fatal(err)
		}
	})
	if in != 0 || out != 0 {
		t.Errorf("%v allocations for a message in, %v for one out", in, out)
	}
	p.Close()
	r.end()
}

// send1 is send without the joining.
func (p *peer) send1(b []byte) {
	if _, err := p.Write(b); err != nil {
		p.t.Fatal(err)
	}
}
