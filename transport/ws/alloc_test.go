//go:build !race

package ws

import "testing"

// The race detector makes pools forget, so that these hold without it only.

func TestReadWriteAllocations(t *testing.T) {
	for name, kind := range lazyKinds {
		if name == "tls" {
			continue // crypto/tls allocates on its own account
		}
		t.Run(name, func(t *testing.T) {
			c, conn := kind(t)
			raw, buf := binaryFrame("a message of a usual size, in a frame"), make([]byte, 100)
			lent := newLender(100)
			large := make([]byte, 2*maxCopied)
			room := make([]byte, 4*maxCopied)
			got := testing.AllocsPerRun(200, func() {
				c.Write(raw)
				conn.Read(buf)
				c.Write(raw)
				conn.ReadLazily(lent)
				conn.Write(buf)
				c.Conn.Read(room)
				conn.Write(large)
				for n := 0; n < len(large); {
					m, _ := c.Conn.Read(room)
					n += m
				}
			})
			if got != 0 {
				t.Errorf("%v allocations for four reads and writes", got)
			}
		})
	}
}
