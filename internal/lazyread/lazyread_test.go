package lazyread

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// TestMain fails the run when a reader outlives its test.
func TestMain(m *testing.M) {
	code := m.Run()
	buf := make([]byte, 1<<20)
	if stacks := buf[:runtime.Stack(buf, true)]; code == 0 && bytes.Contains(stacks, []byte("ReadLazily")) {
		fmt.Fprintf(os.Stderr, "goroutines left:\n%s\n", stacks)
		code = 1
	}
	os.Exit(code)
}

// counted is a Buffer that knows whether it is held and tells when it was given back.
type counted struct {
	b        []byte
	held     bool
	lent     int
	returned int
	idle     chan struct{} // gets a value for each GiveBack that a test has room for
}

func newCounted(size int) *counted {
	return &counted{b: make([]byte, size), idle: make(chan struct{}, 1)}
}

func (c *counted) Lend() []byte {
	c.lent++
	c.held = true
	return c.b
}

func (c *counted) GiveBack() {
	c.returned++
	c.held = false
	select {
	case c.idle <- struct{}{}:
	default:
	}
}

// tcp returns both ends of a real connection.
func tcp(t testing.TB) (client, server *net.TCPConn) {
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
	return a.(*net.TCPConn), b.(*net.TCPConn)
}

// needsLazy skips the test where TCP is read in the ordinary way.
func needsLazy(t *testing.T, r Reader) {
	t.Helper()
	if _, ok := r.(plain); ok {
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
	client, server := tcp(t)
	r, b := New(server), newCounted(100)
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
}

// What has come already is read at once.
func TestReadyBytes(t *testing.T) {
	client, server := tcp(t)
	r, b := New(server), newCounted(3)
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
	if _, err := r.ReadLazily(b); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

func TestDeadline(t *testing.T) {
	client, server := tcp(t)
	r, b := New(server), newCounted(10)
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
}

func TestCloseWhileWaiting(t *testing.T) {
	_, server := tcp(t)
	r, b := New(server), newCounted(10)
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
}

func TestPeerCloses(t *testing.T) {
	for _, reset := range []bool{false, true} {
		client, server := tcp(t)
		r, b := New(server), newCounted(10)
		needsLazy(t, r)
		done := begin(r, b)
		<-b.idle
		want := io.EOF
		if reset {
			want = syscall.ECONNRESET
			if err := client.SetLinger(0); err != nil {
				t.Fatal(err)
			}
		}
		client.Close()
		if got := <-done; !errors.Is(got.err, want) || got.n != 0 {
			t.Errorf("reset %v: %d, %v", reset, got.n, got.err)
		}
	}
}

func TestReadAllocatesNothing(t *testing.T) {
	client, server := tcp(t)
	r, b := New(server), newCounted(10)
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
}

// lazyConn is a connection with a ReadLazy of its own, that lends when it has something.
type lazyConn struct {
	net.Conn
	say []string
}

func (c *lazyConn) ReadLazy(buffer func() []byte) (int, error) {
	if len(c.say) == 0 {
		return 0, io.EOF
	}
	s := c.say[0]
	c.say = c.say[1:]
	if s == "" { // a ping, say
		return 0, nil
	}
	return copy(buffer(), s), nil
}

func TestOwnReadLazy(t *testing.T) {
	r, b := New(&lazyConn{say: []string{"one", "", "two"}}), newCounted(10)
	for _, want := range []result{{3, nil}, {0, nil}, {3, nil}, {0, io.EOF}} {
		if n, err := r.ReadLazily(b); n != want.n || err != want.err {
			t.Errorf("%d, %v, want %d, %v", n, err, want.n, want.err)
		}
	}
	if b.lent != 2 {
		t.Errorf("the buffer was lent %d times, want 2", b.lent)
	}
}

// ownReader is a connection that is a Reader itself.
type ownReader struct{ net.Conn }

func (ownReader) ReadLazily(b Buffer) (int, error) { return copy(b.Lend(), "own"), nil }

func TestOwnReader(t *testing.T) {
	b := newCounted(10)
	if n, err := New(ownReader{}).ReadLazily(b); err != nil || string(b.b[:n]) != "own" {
		t.Errorf("%q, %v", b.b[:n], err)
	}
}

// Any other connection is read in the ordinary way.
func TestPlain(t *testing.T) {
	a, c := net.Pipe()
	defer c.Close()
	go func() {
		io.WriteString(a, "plain")
		a.Close()
	}()
	r, b := New(c), newCounted(10)
	if n, err := r.ReadLazily(b); err != nil || string(b.b[:n]) != "plain" {
		t.Errorf("%q, %v", b.b[:n], err)
	}
	if _, err := r.ReadLazily(b); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}
