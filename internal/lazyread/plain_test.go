package lazyread

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A connection that cannot tell when it is readable is waited for without a buffer too.
func TestPlain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer server.Close()
		r, b := New(server), newCounted(t, 1000)
		for _, size := range []int{1, smallRead - 1, smallRead, smallRead + 1, 3 * smallRead, 1000} {
			msg := strings.Repeat("m", size)
			done := begin(r, b)
			synctest.Wait()
			if b.held {
				t.Fatal("a buffer is held while nothing comes")
			}
			sent := make(chan struct{})
			go func() {
				io.WriteString(client, msg)
				close(sent)
			}()
			var got []byte
			for len(got) < size {
				res := <-done
				if res.err != nil || res.n == 0 || !b.held {
					t.Fatalf("%d, %v, buffer held %v", res.n, res.err, b.held)
				}
				got = append(got, b.b[:res.n]...)
				b.GiveBack()
				if len(got) < size {
					done = begin(r, b)
				}
			}
			if string(got) != msg {
				t.Errorf("read %d bytes, want %d, or others", len(got), size)
			}
			<-sent
		}
	})
}

func TestPlainEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		r, b := New(server), newCounted(t, 10)
		server.SetReadDeadline(time.Now().Add(time.Second))
		if n, err := r.ReadLazily(b); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("at the deadline: %d, %v", n, err)
		}
		server.SetReadDeadline(time.Time{})
		client.Close()
		if n, err := r.ReadLazily(b); n != 0 || err != io.EOF {
			t.Errorf("at the end: %d, %v", n, err)
		}
		server.Close()
		if n, err := r.ReadLazily(b); n != 0 || err != io.ErrClosedPipe {
			t.Errorf("after Close: %d, %v", n, err)
		}
		if b.lent > 0 {
			t.Error("a buffer was lent for nothing")
		}
	})
}

// lastWords gives its error together with its bytes, and again.
type lastWords struct {
	net.Conn
	say string
}

func (c *lastWords) Read(b []byte) (int, error) {
	n := copy(b, c.say)
	c.say = c.say[n:]
	return n, io.EOF
}

func TestPlainErrorWithBytes(t *testing.T) {
	r, b := New(&lastWords{say: "last words"}), newCounted(t, 6)
	for _, want := range []string{"last w", "ords"} {
		if n, err := r.ReadLazily(b); err != nil || string(b.b[:n]) != want {
			t.Errorf("%q, %v, want %q", b.b[:n], err, want)
		}
	}
	if n, err := r.ReadLazily(b); n != 0 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
}

// holder has bytes in it: it is held anyway.
type holder struct{ *counted }

func (holder) Held() bool { return true }

func TestPlainHolder(t *testing.T) {
	client, server := net.Pipe()
	r, b := New(server), holder{newCounted(t, 1000)}
	want := strings.Repeat("m", 1000)
	go func() {
		io.WriteString(client, want)
		client.Close()
	}()
	if n, err := r.ReadLazily(b); err != nil || string(b.b[:n]) != want {
		t.Errorf("read %d bytes at a time, %v", n, err)
	}
	if n, err := r.ReadLazily(b); n != 0 || err != io.EOF || b.held {
		t.Errorf("at the end: %d, %v, buffer held %v", n, err, b.held)
	}
}

func TestPlainAllocatesNothing(t *testing.T) {
	client, server := net.Pipe()
	defer server.Close()
	go func() {
		for msg := []byte("x"); ; {
			if _, err := client.Write(msg); err != nil {
				return
			}
		}
	}()
	r, b := New(server), newCounted(t, 10)
	n := testing.AllocsPerRun(500, func() {
		if n, err := r.ReadLazily(b); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a read", n)
	}
}
