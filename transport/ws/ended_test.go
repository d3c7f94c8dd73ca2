package ws

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano/internal/memnet"
)

// books counts what was accepted from a listener and what has ended.
type books struct {
	*memnet.Listener
	mu    sync.Mutex
	ended map[net.Conn]int // how often
}

func (b *books) Accept() (net.Conn, error) {
	c, err := b.Listener.Accept()
	if err == nil {
		b.mu.Lock()
		b.ended[c] = 0
		b.mu.Unlock()
	}
	return c, err
}

func (b *books) end(c net.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.ended[c]; !ok {
		panic("not one of those that were accepted")
	}
	b.ended[c]++
}

// want fails unless so many connections have ended, none twice, and so many have not.
func (b *books) want(t *testing.T, ended, open int) {
	t.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	count := [2]int{}
	for _, n := range b.ended {
		if n > 1 {
			t.Errorf("a connection has ended %d times", n)
		}
		count[min(n, 1)]++
	}
	if count[1] != ended || count[0] != open {
		t.Errorf("%d ended, %d open, want %d and %d", count[1], count[0], ended, open)
	}
}

// Whatever becomes of a connection, its end is told once.
func TestEnded(t *testing.T) {
	hijack := func(w http.ResponseWriter, r *http.Request) {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			defer conn.Close()
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/hijack", hijack)
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	slow := func(r *http.Request) bool {
		if r.URL.Path == "/slow" {
			<-time.After(time.Minute)
		}
		return r.URL.Path != "/forbidden"
	}
	for name, test := range map[string]func(*testing.T, *server, *client){
		"silent":        func(t *testing.T, _ *server, c *client) { <-time.After(time.Minute) },
		"client closes": func(t *testing.T, _ *server, c *client) { c.Close() },
		"page, then closed": func(t *testing.T, _ *server, c *client) {
			c.send([]byte(get("/page")))
			c.response()
			c.Close()
		},
		"page, then idle for long": func(t *testing.T, _ *server, c *client) {
			c.send([]byte(get("/page")))
			c.response()
			<-time.After(time.Hour)
		},
		"page, then upgraded": func(t *testing.T, s *server, c *client) {
			c.send([]byte(get("/page")))
			c.response()
			c.upgrade("/", "")
			conn := s.accept()
			conn.Close()
			_ = conn.Close()
		},
		"page, then hijacked": func(t *testing.T, s *server, c *client) {
			c.send([]byte(get("/page")))
			c.response()
			c.send([]byte(get("/hijack")))
		},
		"hijacked": func(t *testing.T, _ *server, c *client) { c.send([]byte(get("/hijack"))) },
		"panic":    func(t *testing.T, _ *server, c *client) { c.send([]byte(get("/panic"))) },
		"forbidden": func(t *testing.T, _ *server, c *client) {
			c.send([]byte(request("/forbidden", "")))
			c.response()
			c.Close()
		},
		"no WebSocket key": func(t *testing.T, _ *server, c *client) {
			c.send([]byte("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"))
			c.response()
			c.Close()
		},
		"too slow": func(t *testing.T, _ *server, c *client) {
			c.send([]byte(request("/slow", "")))
			<-time.After(2 * time.Minute)
		},
		"gone when upgraded": func(t *testing.T, s *server, c *client) {
			c.send([]byte(request("/", "")))
			c.Close()
		},
		"gone afterwards": func(t *testing.T, s *server, c *client) {
			c.upgrade("/", "")
			c.Close()
			conn := s.accept()
			_, _ = io.Copy(io.Discard, conn)
			conn.Close()
		},
		"closed": func(t *testing.T, s *server, c *client) { c.upgrade("/", ""); s.accept().Close() },
		"not accepted": func(t *testing.T, s *server, c *client) {
			c.upgrade("/", "")
			s.Close()
		},
		"listener closes": func(t *testing.T, s *server, c *client) { s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &books{Listener: memnet.Listen("ws"), ended: make(map[net.Conn]int)}
				s := &server{t: t, inner: b.Listener, Listener: NewListener(b, Config{
					Handler: mux, CheckOrigin: slow, Ended: b.end, ErrorLog: slog.New(slog.DiscardHandler),
				})}
				other := s.dial()
				other.upgrade("/", "")
				conn := s.accept()
				c := s.dial()
				synctest.Wait()
				b.want(t, 0, 2)
				test(t, s, c)
				b.want(t, 1, 1)
				s.Close()
				b.want(t, 1, 1) // an accepted one stays
				conn.Close()
				b.want(t, 2, 0)
			})
		})
	}
}

func TestNetConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{})
		defer s.Close()
		c, conn := s.pair()
		if below, ok := conn.NetConn().(*memnet.Conn); !ok || below.RemoteAddr() != c.LocalAddr() {
			t.Errorf("below is %v", conn.NetConn())
		}
	})
}
