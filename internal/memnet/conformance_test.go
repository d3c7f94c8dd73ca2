package memnet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// inBubble runs a test of a net.Conn pair for each way to get one.
func inBubble(t *testing.T, f func(t *testing.T, a, b net.Conn)) {
	t.Helper()
	ways := map[string]func(t *testing.T) (a, b net.Conn){
		"pipe":  func(*testing.T) (a, b net.Conn) { return Pipe(0) },
		"tiny":  func(*testing.T) (a, b net.Conn) { return Pipe(3) },
		"dial":  func(t *testing.T) (a, b net.Conn) { return dialled(t, Listen("conformance")) },
		"small": func(t *testing.T) (a, b net.Conn) { return dialled(t, ListenSize("conformance", 1000)) },
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := way(t)
				defer a.Close()
				defer b.Close()
				f(t, a, b)
			})
		})
	}
}

func dialled(t *testing.T, l *Listener) (a, b net.Conn) {
	t.Helper()
	defer l.Close()
	a, err := l.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	b, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return a, b
}

func wantTimeout(t *testing.T, op string, err error) {
	t.Helper()
	var ne net.Error
	if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &ne) || !ne.Timeout() {
		t.Errorf("%s: error %v, want a timeout", op, err)
	}
}

func TestTransfer(t *testing.T) {
	inBubble(t, func(t *testing.T, a, b net.Conn) {
		want := sha256.New()
		go func() {
			rnd := rand.New(rand.NewPCG(1, 2))
			for total := 0; total < 1<<18; {
				chunk := make([]byte, rnd.IntN(9000))
				for i := range chunk {
					chunk[i] = byte(rnd.Uint32())
				}
				total += len(chunk)
				want.Write(chunk)
				if n, err := a.Write(chunk); n != len(chunk) || err != nil {
					t.Errorf("Write: %d of %d, %v", n, len(chunk), err)
				}
			}
			a.Close()
		}()
		got := sha256.New()
		buf := make([]byte, 7777)
		for {
			n, err := b.Read(buf)
			got.Write(buf[:n])
			if err == io.EOF {
				break
			}
			if err != nil || n == 0 {
				t.Fatalf("Read: %d, %v", n, err)
			}
		}
		if !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
			t.Error("what was read is not what was written")
		}
	})
}

func TestPingPong(t *testing.T) {
	inBubble(t, func(t *testing.T, a, b net.Conn) {
		go func() {
			_, _ = io.Copy(b, b)
			b.Close()
		}()
		for i := range 100 {
			msg := bytes.Repeat([]byte{byte(i)}, i+1)
			go a.Write(msg) // more than the smallest pipe holds
			got := make([]byte, len(msg))
			if _, err := io.ReadFull(a, got); err != nil || !bytes.Equal(got, msg) {
				t.Fatalf("echo %d: %x, %v", i, got, err)
			}
		}
	})
}

func TestPassedDeadline(t *testing.T) {
	inBubble(t, func(t *testing.T, a, b net.Conn) {
		b.Write([]byte("x"))
		a.SetDeadline(time.Now())
		for range 2 {
			n, err := a.Read(make([]byte, 1))
			wantTimeout(t, "Read", err)
			m, err := a.Write([]byte("y"))
			wantTimeout(t, "Write", err)
			if n != 0 || m != 0 {
				t.Errorf("read %d and wrote %d bytes after the deadline", n, m)
			}
		}
		a.SetDeadline(time.Time{})
		if _, err := a.Read(make([]byte, 1)); err != nil {
			t.Errorf("Read without a deadline: %v", err)
		}
		if _, err := a.Write([]byte("y")); err != nil {
			t.Errorf("Write without a deadline: %v", err)
		}
	})
}

func TestReadDeadlineComes(t *testing.T) {
	inBubble(t, func(t *testing.T, a, b net.Conn) {
		start := time.Now()
		a.SetReadDeadline(start.Add(time.Minute))
		n, err := a.Read(make([]byte, 1))
		wantTimeout(t, "Read", err)
		if d := time.Since(start); n != 0 || d != time.Minute {
			t.Errorf("read %d bytes in %v", n, d)
		}
		// A deadline is moved while Read waits.
		time.AfterFunc(time.Second, func() { a.SetReadDeadline(time.Now()) })
		a.SetReadDeadline(time.Now().Add(time.Hour))
		start = time.Now()
		_, err = a.Read(make([]byte, 1))
		wantTimeout(t, "Read", err)
		if d := time.Since(start); d != time.Second {
			t.Errorf("a moved deadline came after %v", d)
		}
	})
}

func TestWriteDeadlineComes(t *testing.T) {
	inBubble(t, func(t *testing.T, a, b net.Conn) {
		size := a.(*Conn).out.size
		start := time.Now()
		a.SetWriteDeadline(start.Add(time.Minute))
		n, err := a.Write(make([]byte, size+1))
		wantTimeout(t, "Write", err)
		if d := time.Since(start); n != size || d != time.Minute {
			t.Errorf("wrote %d of %d bytes in %v", n, size+1, d)
		}
		if n, err = io.ReadFull(b, make([]byte, size)); err != nil {
			t.Errorf("the peer read %d bytes, %v", n, err)
		}
	})
}

func TestCloseUnblocks(t *testing.T) {
	inBubble(t, func(t *testing.T, a, b net.Conn) {
		var wg sync.WaitGroup
		fails := func(op string, f func([]byte) (int, error)) {
			wg.Go(func() {
				for {
					if _, err := f(make([]byte, 1000)); err != nil {
						if !errors.Is(err, net.ErrClosed) {
							t.Errorf("%s: %v, want net.ErrClosed", op, err)
						}
						return
					}
				}
			})
		}
		for range 3 {
			fails("Read", a.Read)
			fails("Write", a.Write)
		}
		synctest.Wait()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if err := a.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("second Close: %v", err)
		}
		if err := a.SetDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("SetDeadline after Close: %v", err)
		}
	})
}

func TestZeroLength(t *testing.T) {
	inBubble(t, func(t *testing.T, a, b net.Conn) {
		if n, err := a.Read(nil); n != 0 || err != nil {
			t.Errorf("Read(nil): %d, %v", n, err)
		}
		if n, err := a.Write(nil); n != 0 || err != nil {
			t.Errorf("Write(nil): %d, %v", n, err)
		}
	})
}

// TestTogether calls everything from many goroutines; the race detector and
// the bubble judge.
func TestTogether(t *testing.T) {
	inBubble(t, func(t *testing.T, a, b net.Conn) {
		var wg sync.WaitGroup
		for i := range 20 {
			for _, c := range []net.Conn{a, b} {
				wg.Go(func() { c.Read(make([]byte, 100)) })
				wg.Go(func() { c.Write(make([]byte, 100+i)) })
				wg.Go(func() { c.SetDeadline(time.Now().Add(time.Duration(i) * time.Millisecond)) })
				wg.Go(func() { c.SetReadDeadline(time.Now().Add(time.Second)) })
				wg.Go(func() { c.SetWriteDeadline(time.Now().Add(time.Second)) })
				wg.Go(func() { _, _ = c.LocalAddr().String(), c.RemoteAddr().Network() })
			}
		}
		wg.Wait()
	})
}

func TestWritesDoNotMix(t *testing.T) {
	inBubble(t, func(t *testing.T, a, b net.Conn) {
		const writers, size = 8, 5000
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				if _, err := a.Write(bytes.Repeat([]byte{byte(i)}, size)); err != nil {
					t.Error(err)
				}
			})
		}
		block := make([]byte, size)
		for range writers {
			if _, err := io.ReadFull(b, block); err != nil {
				t.Fatal(err)
			}
			if bytes.Count(block, block[:1]) != size {
				t.Fatal("two Writes are mixed")
			}
		}
		wg.Wait()
	})
}
