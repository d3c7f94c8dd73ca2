package ws

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/lonng/nano/internal/lazyread"
	"github.com/lonng/nano/internal/memnet"
)

// lender is a lazyread.Buffer.
type lender struct {
	b    []byte
	held atomic.Bool
}

func newLender(size int) *lender { return &lender{b: make([]byte, size)} }

func (l *lender) Lend() []byte {
	l.held.Store(true)
	return l.b
}

// GiveBack forgets what is in the buffer, as when another uses it.
func (l *lender) GiveBack() {
	l.held.Store(false)
	clear(l.b)
}

// read reads once, lazily. The buffer must be held when there are bytes in it,
// and only then.
func (l *lender) read(t *testing.T, conn *Conn) (string, error) {
	t.Helper()
	l.held.Store(false)
	n, err := conn.ReadLazily(l)
	if held := l.held.Load(); held != (n > 0) || held && err != nil {
		t.Errorf("ReadLazily: %d, %v, buffer held: %v", n, err, held)
	}
	return string(l.b[:n]), err
}

// readLazily reads to the end with buffers of a size.
func readLazily(t *testing.T, conn *Conn, size int) string {
	var all strings.Builder
	for buf := newLender(size); ; {
		s, err := buf.read(t, conn)
		all.WriteString(s)
		if err != nil {
			if err != io.EOF {
				t.Errorf("ReadLazily: %v", err)
			}
			return all.String()
		}
	}
}

// plain hides that a connection can be read lazily.
type plain struct{ net.Conn }

func (p plain) CloseWrite() error { return p.Conn.(*memnet.Conn).CloseWrite() }

// lazyKinds are connections to read lazily from: with a ReadLazily of their own,
// with nothing but Read, and sockets.
var lazyKinds = map[string]func(t *testing.T) (c *client, conn *Conn){
	"memory": func(t *testing.T) (*client, *Conn) { return listen(t, Config{}).pair() },
	"plain": func(t *testing.T) (*client, *Conn) {
		c, conn := listen(t, Config{}).pair()
		conn.inner = plain{conn.inner}
		conn.src = lazyread.New(conn.inner)
		return c, conn
	},
	"tcp":  func(t *testing.T) (*client, *Conn) { return listenTCP(t, Config{}).pair() },
	"tls":  func(t *testing.T) (*client, *Conn) { return listenTLS(t, Config{}).pair() },
	"unix": func(t *testing.T) (*client, *Conn) { return listenUnix(t, Config{}).pair() },
}

func TestReadLazily(t *testing.T) {
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

// TestReadLazilyHoldsNothing checks that no buffer is held while nothing comes.
func TestReadLazilyHoldsNothing(t *testing.T) {
	for name, kind := range lazyKinds {
		t.Run(name, func(t *testing.T) {
			c, conn := kind(t)
			buf := newLender(1000)
			read := make(chan string)
			go func() {
				s, err := buf.read(t, conn)
				if err != nil {
					t.Error(err)
				}
				read <- s
			}()
			buf.wantReturned(t)
			c.send(binaryFrame("hello"))
			if s := <-read; s != "hello" {
				t.Errorf("read %q", s)
			}

			// A ping is no payload.
			c.send(pingFrame)
			if s, err := buf.read(t, conn); s != "" || err != nil {
				t.Errorf("ReadLazily of a ping: %q, %v", s, err)
			}
			c.wantFrame(ws.OpPong, "are you there")

			conn.SetReadDeadline(time.Now().Add(time.Millisecond))
			if _, err := buf.read(t, conn); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("ReadLazily: %v", err)
			}
			conn.SetReadDeadline(time.Time{})
			go conn.Close()
			if _, err := buf.read(t, conn); !errors.Is(err, net.ErrClosed) {
				t.Errorf("ReadLazily: %v", err)
			}
		})
	}
}

// wantReturned gives a reader some time to begin, and to find out that there is
// nothing to read.
func (l *lender) wantReturned(t *testing.T) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 100 {
		<-tick.C
		if !l.held.Load() {
			return
		}
	}
	t.Fatal("a buffer is held while nothing comes")
}

// TestReadLazilyViolation checks that both ways to read end alike.
func TestReadLazilyViolation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{})
		defer s.Close()
		c, conn := s.pair()
		c.send(binaryFrame("sound"), fragment(fin|byte(ws.OpText), "x"))
		go c.send(closeFrame(1000, ""))
		buf := newLender(100)
		if s, err := buf.read(t, conn); s != "sound" || err != nil {
			t.Errorf("read %q, %v", s, err)
		}
		for range 2 {
			_, err := buf.read(t, conn)
			var bad *CloseError
			if !errors.As(err, &bad) || bad.Code != 1003 {
				t.Errorf("ReadLazily: %v", err)
			}
		}
	})
}

// TestReadLazilyEndsWithout checks that the buffer is given back before a
// connection that is to end is read away.
func TestReadLazilyEndsWithout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{})
		defer s.Close()
		c, conn := s.pair()
		c.send(fragment(fin|byte(ws.OpText), "x"))
		buf := newLender(100)
		done := make(chan error)
		go func() {
			_, err := buf.read(t, conn)
			done <- err
		}()
		synctest.Wait()
		select {
		case <-done:
			t.Error("nothing was read away")
		default:
		}
		if buf.held.Load() {
			t.Error("a buffer is held")
		}
		c.Close()
		var bad *CloseError
		if err := <-done; !errors.As(err, &bad) || bad.Code != 1003 {
			t.Errorf("ReadLazily: %v", err)
		}
	})
}

func TestReadLazilyReset(t *testing.T) {
	c, conn := listenTCP(t, Config{}).pair()
	c.Conn.(*net.TCPConn).SetLinger(0)
	c.Close()
	_, err := newLender(10).read(t, conn)
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "read" {
		t.Errorf("ReadLazily: %v", err)
	}
}

// TestReadBothWays reads by Read and ReadLazily in turn.
func TestReadBothWays(t *testing.T) {
	for name, kind := range lazyKinds {
		t.Run(name, func(t *testing.T) {
			c, conn := kind(t)
			go c.send(session)
			var all strings.Builder
			buf, room := newLender(50), make([]byte, 100)
			for {
				s, err := buf.read(t, conn)
				all.WriteString(s)
				if err == nil {
					var n int
					n, err = conn.Read(room)
					all.Write(room[:n])
				}
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if all.String() != sessionPayload {
				t.Errorf("read %d bytes, want %d, or others", all.Len(), len(sessionPayload))
			}
			c.wantSessionEnd()
		})
	}
}

// holder has bytes in it: it is held anyway.
type holder struct{ *lender }

func (holder) Held() bool { return true }

func TestReadLazilyHolder(t *testing.T) {
	c, conn := lazyKinds["plain"](t)
	c.send(binaryFrame(strings.Repeat("m", 900)))
	if n, err := conn.ReadLazily(holder{newLender(1000)}); n != 900 || err != nil {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

// smallRead is how much lazyread takes from a connection that does not tell
// when it is readable.
const smallRead = 128

// TestReadLazilyCutOff ends connections where the room for the first bytes was
// full and the frame was not.
func TestReadLazilyCutOff(t *testing.T) {
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
				for buf := newLender(500); err == nil; {
					var s string
					s, err = buf.read(t, conn)
					got += s
				}
				if got != want || err != io.ErrUnexpectedEOF {
					t.Errorf("read %d bytes, %v, want %d", len(got), err, len(want))
				}
			}
		})
	}
}
