package hangup

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// pair returns both ends of a TCP connection.
func pair(t *testing.T) (here, peer *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Close()
		b.Close()
	})
	return b.(*net.TCPConn), a.(*net.TCPConn)
}

// await asks until there is an error; the kernel may take a moment.
func await(t *testing.T, c net.Conn) error {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 5000 {
		if err := Check(c); err != nil {
			return err
		}
		<-tick.C
	}
	return nil
}

func TestSocket(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux")
	}
	here, peer := pair(t)
	if err := Check(here); err != nil {
		t.Errorf("alive: %v", err)
	}
	if _, err := peer.Write([]byte("unread")); err != nil {
		t.Fatal(err)
	}
	if err := Check(here); err != nil {
		t.Errorf("alive, with input: %v", err)
	}
	peer.Close()
	if err := await(t, here); err != io.EOF {
		t.Errorf("closed, with input: %v", err)
	}
	b := make([]byte, 10)
	if n, err := here.Read(b); err != nil || string(b[:n]) != "unread" {
		t.Errorf("what was sent before: %q, %v", b[:n], err)
	}
	here.Close()
	if err := Check(here); err != nil {
		t.Errorf("closed here: %v", err)
	}
}

func TestReset(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "plan9" {
		t.Skip("needs a Unix")
	}
	here, peer := pair(t)
	_ = peer.SetLinger(0)
	peer.Close()
	if err := await(t, here); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("reset: %v", err)
	}
}

// wrapped is a connection around another.
type wrapped struct{ net.Conn }

func (w wrapped) NetConn() net.Conn { return w.Conn }

// telling is a connection that knows by itself.
type telling struct {
	net.Conn
	err error
}

func (t telling) Hangup() error { return t.err }

func TestLooksBelow(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux")
	}
	here, peer := pair(t)
	peer.Close()
	if err := await(t, wrapped{tls.Server(here, nil)}); err != io.EOF {
		t.Errorf("below TLS: %v", err)
	}
	if err := Check(wrapped{telling{nil, io.ErrUnexpectedEOF}}); err != io.ErrUnexpectedEOF {
		t.Errorf("one that tells: %v", err)
	}
	a, b := net.Pipe()
	b.Close()
	if err := Check(a); err != nil {
		t.Errorf("a pipe: %v", err)
	}
	a.Close()
	endless := &wrapped{}
	endless.Conn = endless
	if err := Check(endless); err != nil {
		t.Errorf("endless: %v", err)
	}
}

func BenchmarkCheck(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for b.Loop() {
		if err := Check(c); err != nil {
			b.Fatal(err)
		}
	}
}
