package ws

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

func TestReadJoinsMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{})
		defer s.Close()
		c, conn := s.pair()
		c.send(session)
		wantRead(t, conn, sessionPayload)
		wantReadError(t, conn, io.EOF)
		c.wantSessionEnd()
	})
}

func TestReadInSmallBuffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{})
		defer s.Close()
		c, conn := s.pair()
		c.send(session)
		got := make([]byte, 0, len(sessionPayload)+1)
		for {
			n, err := conn.Read(got[len(got):][:1])
			got = got[:len(got)+n]
			if err != nil {
				break
			}
		}
		if string(got) != sessionPayload {
			t.Errorf("read %d bytes, want %d", len(got), len(sessionPayload))
		}
		if n, err := conn.Read(nil); n != 0 || err != nil {
			t.Errorf("Read(nil): %d, %v", n, err)
		}
	})
}

// TestBehindTheRequest sends frames together with the upgrade request.
func TestBehindTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{})
		defer s.Close()
		for i := range len(session) {
			if i > 200 && i < 70_000 {
				continue
			}
			c := s.dial().upgrade("/", "", session[:i]...)
			conn := s.accept()
			c.send(session[i:])
			if i%2 == 0 {
				wantRead(t, conn, sessionPayload)
			} else if got := readLazily(t, conn, 300); got != sessionPayload {
				t.Errorf("lazily: %d bytes, want %d", len(got), len(sessionPayload))
			}
			wantReadError(t, conn, io.EOF)
			conn.Close()
		}
	})
}

func TestWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listenSize(t, Config{}, 1<<20)
		defer s.Close()
		c, conn := s.pair()
		for _, size := range []int{1, 125, 126, maxCopied, maxCopied + 1, 65535, 65536, 500_000} {
			msg := strings.Repeat("m", size)
			if n, err := conn.Write([]byte(msg)); n != size || err != nil {
				t.Errorf("Write: %d of %d, %v", n, size, err)
			}
			c.wantFrame(ws.OpBinary, msg)
		}
		if n, err := conn.Write(nil); n != 0 || err != nil {
			t.Errorf("Write(nil): %d, %v", n, err)
		}
		conn.Close()
		c.wantEnd() // nothing was sent
	})
}

func TestClientCloses(t *testing.T) {
	for body, answer := range map[string]string{
		"":                             "",
		"\x03\xe8":                     "\x03\xe8",
		"\x03\xe9tab was closed":       "\x03\xe9",
		"\x0f\xa0application's reason": "\x0f\xa0",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := listen(t, Config{})
			defer s.Close()
			c, conn := s.pair()
			c.send(binaryFrame("last"), fragment(fin|byte(ws.OpClose), body), binaryFrame("late"))
			wantRead(t, conn, "last")
			wantReadError(t, conn, io.EOF)
			c.wantFrame(ws.OpClose, answer)
			c.wantEnd()
			if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Write after the close frame: %v", err)
			}
			if err := conn.CloseWith(1000, ""); !errors.Is(err, net.ErrClosed) {
				t.Errorf("CloseWith after the close frame: %v", err)
			}
		})
	}
}

func TestClientGoesWithoutClosing(t *testing.T) {
	for sent, want := range map[string]error{
		"":                               io.EOF,
		string(binaryFrame("x")):         io.EOF,
		string(binaryFrame("x"))[:1]:     io.ErrUnexpectedEOF,
		string(binaryFrame("xy"))[:7]:    io.ErrUnexpectedEOF,
		string(fragment(0x2, "not yet")): io.ErrUnexpectedEOF,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := listen(t, Config{})
			defer s.Close()
			c, conn := s.pair()
			c.send([]byte(sent))
			c.Close()
			if _, err := io.Copy(io.Discard, struct{ io.Reader }{conn}); err != want && (err != nil || want != io.EOF) {
				t.Errorf("after %q: %v, want %v", sent, err, want)
			}
		})
	}
}

func TestCloseWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{})
		defer s.Close()
		c, conn := s.pair()
		conn.Write([]byte("kick"))
		for _, code := range []uint16{0, 999, 1004, 1005, 1006, 1015, 2000, 5000} {
			if err := conn.CloseWith(code, ""); err == nil || !strings.Contains(err.Error(), "code") {
				t.Errorf("CloseWith %d: %v", code, err)
			}
		}
		if err := conn.CloseWith(4001, "kicked"); err != nil {
			t.Fatal(err)
		}
		if err := conn.CloseWrite(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("CloseWrite after CloseWith: %v", err)
		}
		if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write after CloseWith: %v", err)
		}
		c.wantFrame(ws.OpBinary, "kick")
		c.wantFrame(ws.OpClose, "\x0f\xa1kicked")
		c.wantEnd()
		// The client may still send, and its pings are not answered.
		c.send(binaryFrame("one more"), fragment(fin|byte(ws.OpPing), "?"), closeFrame(4001, ""))
		got, err := io.ReadAll(conn)
		if string(got) != "one more" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		c.wantEnd()
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		if err := conn.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("second Close: %v", err)
		}
	})
}

// TestCloseAnswerIsBounded has a client that sends a close frame, or nonsense,
// while it reads nothing and the server is blocked in a Write.
func TestCloseAnswerIsBounded(t *testing.T) {
	for _, last := range [][]byte{closeFrame(1000, ""), fragment(fin|byte(ws.OpText), "x")} {
		synctest.Test(t, func(t *testing.T) {
			s := listenSize(t, Config{}, 1000)
			defer s.Close()
			c, conn := s.pair()
			var wg sync.WaitGroup
			wg.Go(func() {
				if n, err := conn.Write(make([]byte, 2000)); n == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("Write: %d, %v", n, err)
				}
			})
			synctest.Wait()
			start := time.Now()
			c.send(last)
			_, err := conn.Read(make([]byte, 10))
			if err == nil {
				t.Error("Read found something")
			}
			if d := time.Since(start); d > closeTimeout {
				t.Errorf("Read took %v", d)
			}
			wg.Wait()
		})
	}
}

// TestViolationDrains has a client that goes on sending after nonsense: the
// close frame must not be lost to a reset, nor the reader be kept for ever.
func TestViolationDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{})
		defer s.Close()
		c, conn := s.pair()
		c.send(fragment(fin|byte(ws.OpText), "x"))
		var wg sync.WaitGroup
		wg.Go(func() {
			for err := error(nil); err == nil; _, err = c.Write(make([]byte, 1000)) {
				<-time.After(closeTimeout / 10)
			}
		})
		start := time.Now()
		wg.Go(func() {
			// The deadlines are Read's by now; a caller's cannot prolong them.
			<-time.After(closeTimeout / 2)
			conn.SetDeadline(time.Time{})
		})
		conn.Read(make([]byte, 10))
		if d := time.Since(start); d != closeTimeout {
			t.Errorf("Read took %v", d)
		}
		c.wantClose(1003)
		conn.Close()
		wg.Wait()
	})
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listenSize(t, Config{}, 1000)
		defer s.Close()
		c, conn := s.pair()
		c.send(binaryFrame("hello")[:8]) // "he"
		wantRead(t, conn, "he")
		conn.SetDeadline(time.Now().Add(time.Second))
		if _, err := conn.Read(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read: %v", err)
		}
		if n, err := conn.Write([]byte("x")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %d, %v", n, err)
		}
		conn.SetDeadline(time.Time{})
		c.send(binaryFrame("hello")[8:])
		wantRead(t, conn, "llo")
		if _, err := conn.Write([]byte("y")); err != nil {
			t.Errorf("Write after a deadline that cut nothing off: %v", err)
		}
		c.wantFrame(ws.OpBinary, "y")

		conn.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := conn.Write(make([]byte, 2000))
		if n != 996 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %d, %v", n, err)
		}
		conn.SetWriteDeadline(time.Time{})
		if _, again := conn.Write([]byte("z")); again != err {
			t.Errorf("Write behind half a frame: %v", again)
		}
	})
}

func TestCloseUnblocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listenSize(t, Config{}, 1000)
		defer s.Close()
		c, conn := s.pair()
		var wg sync.WaitGroup
		fails := func(name string, f func() error) {
			wg.Go(func() {
				if err := f(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		fails("Read", func() error { _, err := conn.Read(make([]byte, 1)); return err })
		fails("Write", func() error { _, err := conn.Write(bytes.Repeat([]byte("x"), 2000)); return err })
		synctest.Wait()
		fails("second Write", func() error { _, err := conn.Write([]byte("x")); return err })
		c.send(fragment(fin|byte(ws.OpPing), "?")) // its goroutine waits too
		synctest.Wait()
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	})
}

func TestConnValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{Subprotocols: []string{"v2", "v1"}})
		defer s.Close()
		c := s.dial().upgrade("/game?token=x", "Origin: https://game.example\r\nSec-WebSocket-Protocol: v0, v1\r\n")
		conn := s.accept()
		got := []string{conn.RequestURI(), conn.Origin(), conn.Subprotocol(), conn.LocalAddr().String(), conn.RemoteAddr().String()}
		want := []string{"/game?token=x", "https://game.example", "v1", "ws", c.LocalAddr().String()}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%q, want %q", got[i], want[i])
			}
		}
	})
}
