package lazyread

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lonng/nano/internal/leaktest"
)

// TestMain fails the run when a reader outlives its test.
func TestMain(m *testing.M) { os.Exit(leaktest.Run(m, "ReadLazily")) }

// counted is a Buffer that knows whether it is held and tells when it was given back.
type counted struct {
	t        testing.TB
	b        []byte
	held     bool
	lent     int
	returned int
	idle     chan struct{} // gets a value for each GiveBack that a test has room for
}

func newCounted(t testing.TB, size int) *counted {
	return &counted{t: t, b: make([]byte, size), idle: make(chan struct{}, 1)}
}

func (c *counted) Lend() []byte {
	c.lent++
	c.held = true
	return c.b
}

func (c *counted) GiveBack() {
	if !c.held {
		c.t.Error("what is not lent is given back")
	}
	c.returned++
	c.held = false
	select {
	case c.idle <- struct{}{}:
	default:
	}
}

// socket is what TCP and Unix connections have in common.
type socket interface {
	net.Conn
	CloseWrite() error
}

var networks = []string{"tcp", "unix"}

// onSockets runs a test with both ends of a real connection of each kind.
func onSockets(t *testing.T, test func(t *testing.T, client, server socket)) {
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			client, server := connect(t, network)
			test(t, client, server)
		})
	}
}

func connect(t testing.TB, network string) (client, server socket) {
	t.Helper()
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial(network, l.Addr().String())
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
	return a.(socket), b.(socket)
}

// needsLazy skips the test where sockets do not tell that they are readable.
func needsLazy(t *testing.T, r Stream) {
	t.Helper()
	if _, ok := r.(*plain); ok {
		t.Skip("this system cannot tell when a connection is readable")
	}
}

type result struct {
	n   int
	err error
}

// begin reads on a goroutine of its own.
func begin(r Reader, b Buffer) <-chan result {
	done := make(chan result, 1)
	go func() {
		n, err := r.ReadLazily(b)
		done <- result{n, err}
	}()
	return done
}

func TestNoBufferWhileIdle(t *testing.T) {
	onSockets(t, func(t *testing.T, client, server socket) {
		r, b := New(server), newCounted(t, 100)
		needsLazy(t, r)
		for i := range 20 {
			done := begin(r, b)
			<-b.idle // it waits, without the buffer
			msg := fmt.Sprintf("message %d", i)
			if _, err := client.Write([]byte(msg)); err != nil {
				t.Fatal(err)
			}
			got := <-done
			if got.err != nil || string(b.b[:got.n]) != msg || !b.held {
				t.Fatalf("read %q, %v, want %q", b.b[:got.n], got.err, msg)
			}
			b.GiveBack()
			<-b.idle
		}
		if b.returned > b.lent {
			t.Errorf("lent %d times, given back %d times", b.lent, b.returned)
		}
	})
}

// What has come already is read at once.
func TestReadyBytes(t *testing.T) {
	onSockets(t, func(t *testing.T, client, server socket) {
		r, b := New(server), newCounted(t, 3)
		if _, err := client.Write([]byte("abcdefgh")); err != nil {
			t.Fatal(err)
		}
		if err := client.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		var got []byte
		for {
			n, err := r.ReadLazily(b)
			got = append(got, b.b[:n]...)
			if err == io.EOF {
				break
			}
			if err != nil || n == 0 {
				t.Fatal(n, err)
			}
		}
		if string(got) != "abcdefgh" {
			t.Errorf("read %q", got)
		}
		if b.held {
			b.GiveBack()
		}
		if _, err := r.ReadLazily(b); err != io.EOF || b.held {
			t.Errorf("after the end: %v, buffer held %v", err, b.held)
		}
	})
}

func TestDeadline(t *testing.T) {
	onSockets(t, func(t *testing.T, client, server socket) {
		r, b := New(server), newCounted(t, 10)
		needsLazy(t, r)
		done := begin(r, b)
		<-b.idle
		if err := server.SetReadDeadline(time.Now()); err != nil {
			t.Fatal(err)
		}
		if got := <-done; !errors.Is(got.err, os.ErrDeadlineExceeded) || b.held {
			t.Fatalf("error %v, buffer held %v", got.err, b.held)
		}
		if _, err := client.Write([]byte("late")); err != nil {
			t.Fatal(err)
		}
		if _, err := r.ReadLazily(b); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("past the deadline: %v", err)
		}
		if err := server.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		if n, err := r.ReadLazily(b); err != nil || string(b.b[:n]) != "late" {
			t.Errorf("without the deadline: %q, %v", b.b[:n], err)
		}
	})
}

func TestCloseWhileWaiting(t *testing.T) {
	onSockets(t, func(t *testing.T, _, server socket) {
		r, b := New(server), newCounted(t, 10)
		needsLazy(t, r)
		done := begin(r, b)
		<-b.idle
		server.Close()
		if got := <-done; !errors.Is(got.err, net.ErrClosed) || b.held {
			t.Errorf("error %v, buffer held %v", got.err, b.held)
		}
		if _, err := r.ReadLazily(b); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestPeerCloses(t *testing.T) {
	for _, reset := range []bool{false, true} {
		client, server := connect(t, "tcp")
		r, b := New(server), newCounted(t, 10)
		needsLazy(t, r)
		done := begin(r, b)
		<-b.idle
		want := io.EOF
		if reset {
			want = syscall.ECONNRESET
			if err := client.(*net.TCPConn).SetLinger(0); err != nil {
				t.Fatal(err)
			}
		}
		client.Close()
		got := <-done
		if !errors.Is(got.err, want) || got.n != 0 || b.held {
			t.Errorf("reset %v: %d, %v, buffer held %v", reset, got.n, got.err, b.held)
		}
		var op *net.OpError
		if reset && (!errors.As(got.err, &op) || op.Op != "read" || op.Source == nil || op.Addr == nil) {
			t.Errorf("an error unlike Read's: %#v", got.err)
		}
	}
}

// Read and ReadLazily go on where the other stopped.
func TestReadBothWays(t *testing.T) {
	onSockets(t, func(t *testing.T, client, server socket) { testBothWays(t, client, server) })
	t.Run("plain", func(t *testing.T) {
		client, server := net.Pipe()
		defer server.Close()
		testBothWays(t, client, server)
	})
}

func testBothWays(t *testing.T, client, server net.Conn) {
	want := strings.Repeat("both ways ", 1000)
	go func() {
		io.WriteString(client, want)
		client.Close()
	}()
	r, small, room := New(server), newCounted(t, 7), make([]byte, 10)
	var got []byte
	for i := 0; ; i++ {
		b := small.b
		var n int
		var err error
		if i%3 == 0 {
			b = room
			n, err = r.Read(b)
		} else {
			n, err = r.ReadLazily(small)
		}
		got = append(got, b[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
	}
	if string(got) != want {
		t.Errorf("read %d bytes, want %d, or others", len(got), len(want))
	}
}

func TestReadAllocatesNothing(t *testing.T) {
	onSockets(t, func(t *testing.T, client, server socket) {
		r, b := New(server), newCounted(t, 10)
		msg := []byte("x")
		n := testing.AllocsPerRun(500, func() {
			if _, err := client.Write(msg); err != nil {
				t.Fatal(err)
			}
			if n, err := r.ReadLazily(b); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		})
		if n != 0 {
			t.Errorf("%v allocations a read", n)
		}
	})
}

// ownReader is a connection with a ReadLazily of its own, that lends when it has something.
type ownReader struct {
	net.Conn
	say []string
}

func (c *ownReader) ReadLazily(b interface {
	Lend() []byte
	GiveBack()
}) (int, error) {
	if len(c.say) == 0 {
		return 0, io.EOF
	}
	s := c.say[0]
	c.say = c.say[1:]
	if s == "" { // a ping, say
		return 0, nil
	}
	return copy(b.Lend(), s), nil
}

func TestOwnReader(t *testing.T) {
	r, b := New(&ownReader{say: []string{"one", "", "two"}}), newCounted(t, 10)
	for _, want := range []result{{3, nil}, {0, nil}, {3, nil}, {0, io.EOF}} {
		if n, err := r.ReadLazily(b); n != want.n || err != want.err {
			t.Errorf("%d, %v, want %d, %v", n, err, want.n, want.err)
		}
	}
	if b.lent != 2 {
		t.Errorf("the buffer was lent %d times, want 2", b.lent)
	}
}
