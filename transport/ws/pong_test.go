package ws

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

var pingFrame = fragment(fin|byte(ws.OpPing), "are you there")

// reading reads conn until the end of the test, into nothing.
func reading(conn *Conn) {
	go func() { _, _ = io.Copy(io.Discard, struct{ io.Reader }{conn}) }()
}

func TestPong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{})
		defer s.Close()
		c, conn := s.pair()
		reading(conn)
		for i := range 5 {
			// A caller's old deadline is not the pong's.
			conn.SetWriteDeadline(time.Now().Add(time.Duration(i-3) * time.Hour))
			c.send(pingFrame)
			c.wantFrame(ws.OpPong, "are you there")
			c.send(fragment(fin|byte(ws.OpPing), ""))
			c.wantFrame(ws.OpPong, "")
		}
	})
}

// TestPongRestoresDeadline checks that a pong does not prolong a Write.
func TestPongRestoresDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{})
		defer s.Close()
		c, conn := s.pair()
		reading(conn)
		conn.SetWriteDeadline(time.Now().Add(time.Second))
		c.send(pingFrame)
		c.wantFrame(ws.OpPong, "are you there")
		<-time.After(time.Second)
		if _, err := conn.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %v", err)
		}
	})
}

// TestPingWhileWriteIsBlocked has a client that pings, and sends, and reads
// nothing: its data must arrive, and no frame be torn by a pong.
func TestPingWhileWriteIsBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listenSize(t, Config{}, 1000)
		defer s.Close()
		c, conn := s.pair()
		large := strings.Repeat("x", 20_000)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := conn.Write([]byte(large)); err != nil {
				t.Error(err)
			}
			if _, err := conn.Write([]byte("next")); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		for i := range 100 {
			c.send(fragment(fin|byte(ws.OpPing), fmt.Sprint("ping ", i)), binaryFrame("data"))
			wantRead(t, conn, "data")
		}
		c.wantFrame(ws.OpBinary, large)
		op, p := c.frame()
		op2, p2 := c.frame()
		if op == ws.OpBinary { // the next Write may come before the pong or bring it
			op, p, op2, p2 = op2, p2, op, p
		}
		if op != ws.OpPong || string(p) != "ping 99" || op2 != ws.OpBinary || string(p2) != "next" {
			t.Errorf("then frames %#x %q and %#x %q", op, p, op2, p2)
		}
		wg.Wait()
	})
}

// TestBlockedPong has a client that fills the server's buffer with pongs.
func TestBlockedPong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listenSize(t, Config{}, 1000)
		defer s.Close()
		c, conn := s.pair()
		conn.SetWriteDeadline(time.Now().Add(-time.Second))
		for range 1000 {
			c.send(pingFrame, binaryFrame("data"))
			wantRead(t, conn, "data")
			synctest.Wait()
		}
		// A Write that waits for the pong keeps to its own deadline.
		start := time.Now()
		conn.SetWriteDeadline(start.Add(time.Second))
		if _, err := conn.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %v", err)
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("Write took %v", d)
		}
		// Reading still works, and so does Close.
		c.send(binaryFrame("more"))
		wantRead(t, conn, "more")
	})
}

// TestPongsBesideWrites runs both as fast as they go.
func TestPongsBesideWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listenSize(t, Config{}, 500)
		defer s.Close()
		c, conn := s.pair()
		reading(conn)
		const messages = 2000
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := range messages {
				conn.SetWriteDeadline(time.Now().Add(time.Minute))
				if _, err := conn.Write(fmt.Append(nil, "message ", i)); err != nil {
					t.Error(err)
				}
			}
			if err := conn.CloseWith(1000, ""); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			for range messages {
				c.send(pingFrame)
			}
		})
		pongs := 0
		for i := 0; ; {
			op, p := c.frame()
			if op == ws.OpClose {
				break
			}
			switch {
			case op == ws.OpPong && string(p) == "are you there":
				pongs++
			case op == ws.OpBinary && string(p) == fmt.Sprint("message ", i):
				i++
			default:
				t.Fatalf("frame %#x %q before message %d", op, p, i)
			}
		}
		wg.Wait()
		if pongs == 0 {
			t.Error("no pong")
		}
		c.send(closeFrame(1000, ""))
		c.wantEnd()
	})
}
