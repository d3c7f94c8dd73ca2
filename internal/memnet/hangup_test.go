package memnet

import (
	"errors"
	"io"
	"syscall"
	"testing"
)

func TestHangup(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(*Conn)
		want error
	}{
		"alive":           {func(*Conn) {}, nil},
		"closed":          {func(c *Conn) { c.Close() }, io.EOF},
		"write side shut": {func(c *Conn) { _ = c.CloseWrite() }, io.EOF},
		"reset":           {func(c *Conn) { _ = c.Reset() }, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := Pipe(0)
			defer a.Close()
			defer b.Close()
			if _, err := b.Write([]byte("unread")); err != nil {
				t.Fatal(err)
			}
			test.end(b)
			if err := a.Hangup(); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}
