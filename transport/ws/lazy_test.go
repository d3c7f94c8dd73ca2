package ws

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/lonng/nano/internal/memnet"
)

// readLazily reads to the end with buffers of a size.
func readLazily(t *testing.T, conn *Conn, size int) string {
	var all strings.Builder
	for {
		var buf []byte
		n, err := conn.ReadLazy(func() []byte {
			if buf != nil {
				t.Error("a second buffer was asked for")
			}
			buf = make([]byte, size)
			return buf
		})
		all.Write(buf[:n])
		if err != nil {
			if n > 0 || err != io.EOF {
				t.Errorf("ReadLazy: %d, %v", n, err)
			}
			return all.String()
		}
	}
}

// plain hides that a connection can be read lazily.
type plain struct{ net.Conn }

func (p plain) CloseWrite() error { return p.Conn.(*memnet.Conn).CloseWrite() }

// lazyKinds are connections to read lazily from: with a ReadLazy of their own,
// with nothing but Read, and sockets.
var lazyKinds = map[string]func(t *testing.T) (c *client, conn *Conn){
	"memory": func(t *testing.T) (*client, *Conn) { return listen(t, Config{}).pair() },
	"plain": func(t *testing.T) (*client, *Conn) {
		c, conn := listen(t, Config{}).pair()
		conn.inner = plain{conn.inner}
		return c, conn
	},
	"tcp":  func(t *testing.T) (*client, *Conn) { return listenTCP(t, Config{}).pair() },
	"tls":  func(t *testing.T) (*client, *Conn) { return listenTLS(t, Config{}).pair() },
	"unix": func(t *testing.T) (*client, *Conn) { return listenUnix(t, Config{}).pair() },
}

func TestReadLazy(t *testing.T) {
	for name, kind := range lazyKinds {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{1, 127, 128, 129, 400, 4096, 1 << 17} {
				c, conn := kind(t)
				go c.send(session)
				if got := readLazily(t, conn, size); got != sessionPayload {
					t.Errorf("buffers of %d: read %d bytes, want %d", size, len(got), len(sessionPayload))
				}
				c.wantSessionEnd()
			}
		})
	}
}

// TestReadLazyAsksLate checks that no buffer is held while nothing comes.
func TestReadLazyAsksLate(t *testing.T) {
	for name, kind := range lazyKinds {
		t.Run(name, func(t *testing.T) {
			c, conn := kind(t)
			asked := make(chan struct{}, 1)
			buf := make([]byte, 1000)
			read := make(chan int)
			go func() {
				n, err := conn.ReadLazy(func() []byte { asked <- struct{}{}; return buf })
				if err != nil {
					t.Error(err)
				}
				read <- n
			}()
			select {
			case <-asked:
				t.Fatal("a buffer was asked for before anything came")
			case <-time.After(20 * time.Millisecond):
			}
			c.send(binaryFrame("hello"))
			if n := <-read; string(buf[:n]) != "hello" {
				t.Errorf("read %q", buf[:n])
			}
			<-asked

			// A ping is no payload.
			c.send(pingFrame)
			n, err := conn.ReadLazy(func() []byte { return buf })
			if n != 0 || err != nil {
				t.Errorf("ReadLazy of a ping: %d, %v", n, err)
			}
			c.wantFrame(ws.OpPong, "are you there")

			conn.SetReadDeadline(time.Now().Add(time.Millisecond))
			if _, err = conn.ReadLazy(func() []byte { return buf }); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("ReadLazy: %v", err)
			}
			conn.SetReadDeadline(time.Time{})
			go conn.Close()
			if _, err = conn.ReadLazy(func() []byte { return buf }); !errors.Is(err, net.ErrClosed) {
				t.Errorf("ReadLazy: %v", err)
			}
		})
	}
}

// TestReadLazyViolation checks that both ways to read end alike.
func TestReadLazyViolation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{})
		defer s.Close()
		c, conn := s.pair()
		c.send(binaryFrame("sound"), fragment(fin|byte(ws.OpText), "x"))
		go c.send(closeFrame(1000, ""))
		buf := make([]byte, 100)
		n, err := conn.ReadLazy(func() []byte { return buf })
		if string(buf[:n]) != "sound" || err != nil {
			t.Errorf("read %q, %v", buf[:n], err)
		}
		for range 2 {
			_, err = conn.ReadLazy(func() []byte { return buf })
			var bad *CloseError
			if !errors.As(err, &bad) || bad.Code != 1003 {
				t.Errorf("ReadLazy: %v", err)
			}
		}
	})
}

func TestReadLazyReset(t *testing.T) {
	c, conn := listenTCP(t, Config{}).pair()
	c.Conn.(*net.TCPConn).SetLinger(0)
	c.Close()
	n, err := conn.ReadLazy(func() []byte { return make([]byte, 10) })
	var op *net.OpError
	if n != 0 || !errors.As(err, &op) || op.Op != "read" {
		t.Errorf("ReadLazy: %d, %v", n, err)
	}
}

// TestReadLazyCutOff ends connections where the room for the first bytes was
// full and the frame was not.
func TestReadLazyCutOff(t *testing.T) {
	ping := fragment(fin|byte(ws.OpPing), strings.Repeat("p", smallRead-8-6))
	large := binaryFrame(strings.Repeat("x", 200))
	for name, kind := range lazyKinds {
		t.Run(name, func(t *testing.T) {
			for sent, want := range map[string]string{
				string(large[:smallRead]):        strings.Repeat("x", smallRead-8),
				string(ping) + string(large[:8]): "",
			} {
				c, conn := kind(t)
				c.send([]byte(sent))
				c.Conn.(interface{ CloseWrite() error }).CloseWrite()
				var got string
				var err error
				for err == nil {
					var buf []byte
					var n int
					n, err = conn.ReadLazy(func() []byte { buf = make([]byte, 500); return buf })
					got += string(buf[:n])
				}
				if got != want || err != io.ErrUnexpectedEOF {
					t.Errorf("read %d bytes, %v, want %d", len(got), err, len(want))
				}
			}
		})
	}
}
