package ws

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/gobwas/ws"
)

var violations = []struct {
	name   string
	frames [][]byte
	code   uint16
}{
	{"text", [][]byte{fragment(fin|byte(ws.OpText), "hi")}, 1003},
	{"text fragment", [][]byte{fragment(byte(ws.OpText), "hi")}, 1003},
	{"unmasked", [][]byte{{0x82, 0x01, 'x'}}, 1002},
	{"unmasked and empty", [][]byte{{0x82, 0x00}}, 1002},
	{"first reserved bit", [][]byte{fragment(fin|0x40|byte(ws.OpBinary), "x")}, 1002},
	{"second reserved bit", [][]byte{fragment(fin|0x20|byte(ws.OpBinary), "x")}, 1002},
	{"third reserved bit", [][]byte{fragment(fin|0x10|byte(ws.OpPing), "x")}, 1002},
	{"reserved data opcode", [][]byte{fragment(fin|0x3, "x")}, 1002},
	{"reserved control opcode", [][]byte{fragment(fin|0xb, "x")}, 1002},
	{"large ping", [][]byte{fragment(fin|byte(ws.OpPing), strings.Repeat("x", 126))}, 1002},
	{"large close", [][]byte{closeFrame(1000, strings.Repeat("x", 124))}, 1002},
	{"fragmented ping", [][]byte{fragment(byte(ws.OpPing), "x")}, 1002},
	{"fragmented close", [][]byte{fragment(byte(ws.OpClose), "")}, 1002},
	{"continuation of nothing", [][]byte{fragment(fin|byte(ws.OpContinuation), "x")}, 1002},
	{"continuation after the end", [][]byte{fragment(byte(ws.OpBinary), "x"),
		fragment(fin|byte(ws.OpContinuation), "y"), fragment(fin|byte(ws.OpContinuation), "z")}, 1002},
	{"message inside a message", [][]byte{fragment(byte(ws.OpBinary), "x"), binaryFrame("y")}, 1002},
	{"length of 2^63", [][]byte{{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}}, 1002},
	{"length of 2^63-1", [][]byte{{0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4}}, 1009},
	{"too large", [][]byte{binaryFrame(strings.Repeat("x", 101))}, 1009},
	{"too large in fragments", [][]byte{fragment(byte(ws.OpBinary), strings.Repeat("x", 60)),
		fragment(byte(ws.OpContinuation), ""), fragment(fin|byte(ws.OpContinuation), strings.Repeat("x", 41))}, 1009},
	{"close with one byte", [][]byte{fragment(fin|byte(ws.OpClose), "x")}, 1002},
	{"close code 0", [][]byte{closeFrame(0, "")}, 1002},
	{"close code 999", [][]byte{closeFrame(999, "")}, 1002},
	{"close code 1005", [][]byte{closeFrame(1005, "")}, 1002},
	{"close code 1006", [][]byte{closeFrame(1006, "")}, 1002},
	{"close code 1015", [][]byte{closeFrame(1015, "")}, 1002},
	{"close code 2999", [][]byte{closeFrame(2999, "")}, 1002},
	{"close code 5000", [][]byte{closeFrame(5000, "")}, 1002},
	{"close reason not UTF-8", [][]byte{closeFrame(1000, "\xff")}, 1007},
}

// TestViolations checks what the client is told, and that what it sent before
// was delivered.
func TestViolations(t *testing.T) {
	for _, v := range violations {
		t.Run(v.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := listen(t, Config{ReadLimit: 100})
				defer s.Close()
				c, conn := s.pair()
				c.send(binaryFrame("sound"))
				for _, f := range v.frames {
					c.send(f)
				}
				c.send([]byte("what comes behind is not looked at"))
				var wg sync.WaitGroup
				wg.Go(func() {
					wantRead(t, conn, "sound")
					wantCloseError(t, conn, v.code)
				})
				c.wantClose(v.code)
				c.Close()
				wg.Wait()
			})
		})
	}
}

func wantCloseError(t *testing.T, conn *Conn, code uint16) {
	t.Helper()
	buf := make([]byte, 200)
	var err error
	for n := 1; n > 0; { // fragments that were sound
		n, err = conn.Read(buf)
	}
	var bad *CloseError
	if !errors.As(err, &bad) || bad.Code != code || !strings.Contains(bad.Error(), bad.Reason) {
		t.Errorf("Read: %v, want code %d", err, code)
	}
	if _, again := conn.Read(buf); again != err {
		t.Errorf("Read again: %v", again)
	}
}

// TestLimitIsPerMessage sends many messages of just the limit.
func TestLimitIsPerMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{ReadLimit: 100})
		defer s.Close()
		c, conn := s.pair()
		half := strings.Repeat("x", 50)
		for range 5 {
			c.send(binaryFrame(half+half), fragment(byte(ws.OpBinary), half),
				fragment(fin|byte(ws.OpContinuation), half))
		}
		wantRead(t, conn, strings.Repeat(half, 20))
	})
}

func TestNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{ReadLimit: -1})
		defer s.Close()
		c, conn := s.pair()
		large := strings.Repeat("x", defaultReadLimit+1)
		go c.send(binaryFrame(large))
		wantRead(t, conn, large)
	})
}
