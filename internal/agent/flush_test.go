package agent

import (
	"bytes"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano/wire"
)

func TestWholeFrames(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for range 500 {
		var b []byte
		ends := map[int]bool{}
		first := 0
		for range 1 + r.IntN(30) {
			b = append(b, packet(wire.PacketData, string(make([]byte, r.IntN(1+r.IntN(400)))))...)
			ends[len(b)] = true
			if first == 0 {
				first = len(b)
			}
		}
		limit := 1 + r.IntN(2000)
		n := wholeFrames(b, limit)
		if !ends[n] {
			t.Fatalf("%d is not the end of a frame", n)
		}
		if n > limit && n != first {
			t.Fatalf("%d bytes over the limit of %d, and not one frame", n, limit)
		}
		for end := range ends {
			if end > n && end <= limit {
				t.Fatalf("%d bytes for a limit of %d, where %d fit", n, limit, end)
			}
		}
	}
	large := packet(wire.PacketData, string(make([]byte, wire.MaxBody)))
	if n := wholeFrames(append(large, packet(wire.PacketHeartbeat, "")...), writeSize); n != len(large) {
		t.Errorf("%d bytes of a frame of %d", n, len(large))
	}
}

// deadlines is a connection that notes its write deadline and takes everything.
type deadlines struct {
	net.Conn
	by     time.Time
	writes [][]byte
	sets   int
}

func (d *deadlines) SetWriteDeadline(t time.Time) error { d.by, d.sets = t, d.sets+1; return nil }
func (d *deadlines) SetDeadline(t time.Time) error      { d.by = t; return nil }
func (d *deadlines) SetReadDeadline(time.Time) error    { return nil }
func (d *deadlines) Write(b []byte) (int, error) {
	d.writes = append(d.writes, bytes.Clone(b))
	return len(b), nil
}

// Each write gets its time, however short and whatever came before it, and a deadline is not set for each.
func TestWriteDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, timeout := range []time.Duration{100 * time.Millisecond, 500 * time.Millisecond, time.Second, 1500 * time.Millisecond, 10 * time.Second} {
			r := newRig(t, func(c *Config) { c.WriteTimeout = timeout })
			nc := &deadlines{}
			c := newConn(r.Server, nc)
			rnd := rand.New(rand.NewPCG(7, 7))
			const writes = 500
			for i := range writes {
				<-time.After(time.Duration(rnd.Int64N(int64(timeout / 20))))
				size := 100
				if i%100 == 0 {
					size = 1 << 20
				}
				if err := c.WriteFrames(packet(wire.PacketData, string(make([]byte, size)))); err != nil {
					t.Fatal(err)
				}
				pieces := time.Duration((size + wire.HeaderLen + writeSize - 1) / writeSize)
				left := time.Until(nc.by)
				if most := pieces * timeout; left > most || left < most-min(time.Second, most/8) {
					t.Fatalf("timeout %v: a write of %d bytes had %v", timeout, size, left)
				}
			}
			if nc.sets > writes/2 {
				t.Errorf("timeout %v: the deadline was set %d times for %d writes", timeout, nc.sets, writes)
			}
		}
	})
}

// A batch is written in pieces of whole frames, each counted when it is through.
func TestWriteFrames(t *testing.T) {
	r := newRig(t, nil)
	nc := &deadlines{}
	c := newConn(r.Server, nc)
	var batch []byte
	for range 100 {
		batch = append(batch, packet(wire.PacketData, string(make([]byte, 5000)))...)
	}
	if err := c.WriteFrames(batch); err != nil {
		t.Fatal(err)
	}
	if all := bytes.Join(nc.writes, nil); !bytes.Equal(all, batch) {
		t.Errorf("%d bytes of %d were written, or others", len(all), len(batch))
	}
	for _, w := range nc.writes {
		if len(w)%5004 != 0 || len(w) > writeSize {
			t.Errorf("a write of %d bytes", len(w))
		}
	}
}
