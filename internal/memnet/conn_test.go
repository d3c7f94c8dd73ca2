package memnet

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano/internal/lazyread"
)

func TestCloseWrite(t *testing.T) {
	inBubble(t, func(t *testing.T, a, b net.Conn) {
		a.Write([]byte("bye"))
		if err := a.(*Conn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Write([]byte("more")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("Write after CloseWrite: %v", err)
		}
		if got, err := io.ReadAll(b); string(got) != "bye" || err != nil {
			t.Errorf("the peer read %q, %v", got, err)
		}
		b.Write([]byte("you"))
		got := make([]byte, 3)
		if _, err := io.ReadFull(a, got); string(got) != "you" || err != nil {
			t.Errorf("the other way: %q, %v", got, err)
		}
		a.Close()
		if err := a.(*Conn).CloseWrite(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("CloseWrite after Close: %v", err)
		}
	})
}

func TestCloseDelivers(t *testing.T) {
	inBubble(t, func(t *testing.T, a, b net.Conn) {
		a.Write([]byte("bye"))
		a.Close()
		if got, err := io.ReadAll(b); string(got) != "bye" || err != nil {
			t.Errorf("the peer read %q, %v", got, err)
		}
		if _, err := b.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("Write to a closed peer: %v", err)
		}
	})
}

func TestCloseWithUnreadInputResets(t *testing.T) {
	inBubble(t, func(t *testing.T, a, b net.Conn) {
		b.Write([]byte("?"))
		a.Write([]byte("bye"))
		a.Close()
		for range 2 {
			if n, err := b.Read(make([]byte, 3)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the peer read %d bytes, %v", n, err)
			}
		}
		if _, err := b.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("Write after a reset: %v", err)
		}
	})
}

// What a server does so that its last words arrive: shut the write side,
// read the rest away, close.
func TestDrainBeforeClose(t *testing.T) {
	inBubble(t, func(t *testing.T, a, b net.Conn) {
		b.Write([]byte("?"))
		a.Write([]byte("bye"))
		a.(*Conn).CloseWrite()
		if got, err := io.ReadAll(b); string(got) != "bye" || err != nil {
			t.Errorf("the peer read %q, %v", got, err)
		}
		b.Close()
		if _, err := io.Copy(io.Discard, a); err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestReset(t *testing.T) {
	inBubble(t, func(t *testing.T, a, b net.Conn) {
		read := make(chan error, 1)
		go func() {
			_, err := b.Read(make([]byte, 1))
			read <- err
		}()
		synctest.Wait()
		if err := a.(*Conn).Reset(); err != nil {
			t.Fatal(err)
		}
		if err := <-read; !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Read of a peer that reset: %v", err)
		}
		if err := a.(*Conn).Reset(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("second Reset: %v", err)
		}
	})
}

func TestPeerCloseUnblocksWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe(10)
		defer a.Close()
		wrote := make(chan error, 1)
		go func() {
			n, err := a.Write(make([]byte, 11))
			if n != 10 {
				t.Errorf("wrote %d bytes", n)
			}
			wrote <- err
		}()
		synctest.Wait()
		b.Close()
		if err := <-wrote; !errors.Is(err, syscall.EPIPE) {
			t.Errorf("Write: %v", err)
		}
	})
}

var _ lazyread.Stream = (*Conn)(nil)

// lender is a lazyread.Buffer.
type lender struct {
	b     []byte
	asked bool
	held  bool
}

func (l *lender) Lend() []byte {
	l.asked, l.held = true, true
	return l.b
}

func (l *lender) GiveBack() { l.held = false }

func TestReadLazily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe(0)
		defer a.Close()
		buf := &lender{b: make([]byte, 10)}
		read := make(chan int)
		go func() {
			n, err := b.ReadLazily(buf)
			if err != nil {
				t.Error(err)
			}
			read <- n
		}()
		synctest.Wait()
		if buf.asked {
			t.Error("a buffer was asked for before there was anything to read")
		}
		a.Write([]byte("hello"))
		if n := <-read; string(buf.b[:n]) != "hello" || !buf.held {
			t.Errorf("read %q, buffer held: %v", buf.b[:n], buf.held)
		}
		buf.asked = false
		b.SetReadDeadline(time.Now().Add(time.Second))
		_, err := b.ReadLazily(buf)
		wantTimeout(t, "ReadLazily", err)
		b.SetReadDeadline(time.Time{})
		a.Close()
		if _, err := b.ReadLazily(buf); err != io.EOF || buf.asked {
			t.Errorf("at the end: %v, asked: %v", err, buf.asked)
		}
		b.Close()
		if _, err := b.ReadLazily(buf); !errors.Is(err, net.ErrClosed) || buf.asked {
			t.Errorf("after Close: %v, asked: %v", err, buf.asked)
		}
	})
}

// closer is a lender that closes the connection while it is asked.
type closer struct {
	lender
	conn *Conn
}

func (c *closer) Lend() []byte {
	c.conn.Close()
	return c.lender.Lend()
}

func TestReadLazilyGivesBack(t *testing.T) {
	a, b := Pipe(0)
	defer a.Close()
	a.Write([]byte("hello"))
	buf := &closer{lender{b: make([]byte, 10)}, b}
	if n, err := b.ReadLazily(buf); n != 0 || !errors.Is(err, net.ErrClosed) || buf.held {
		t.Errorf("closed while it read: %d, %v, buffer held: %v", n, err, buf.held)
	}
}

// TestBuffersComeAndGo checks the promise that an idle connection holds none.
func TestBuffersComeAndGo(t *testing.T) {
	a, b := Pipe(1 << 20)
	for _, size := range []int{1, 1000, 1024, 1025, 64 << 10, 1 << 20} {
		if b.in.buf != nil {
			t.Fatal("an idle connection holds a buffer")
		}
		a.Write(make([]byte, size))
		if got := len(b.in.buf.b); got < size || got > max(2*size, minBuffer) {
			t.Errorf("%d bytes sit in a buffer of %d", size, got)
		}
		if _, err := io.ReadFull(b, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkPingPong(b *testing.B) {
	x, y := Pipe(0)
	defer x.Close()
	go func() {
		defer y.Close()
		_, _ = io.CopyBuffer(struct{ io.Writer }{y}, struct{ io.Reader }{y}, make([]byte, 1024))
	}()
	buf := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		x.Write(buf)
		io.ReadFull(x, buf)
	}
}

func BenchmarkIdlePipe(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Pipe(0)
	}
}
