package ws

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano/internal/memnet"
)

// status sends a request to a new connection and returns the answer's status.
func (s *server) status(req string) int {
	s.t.Helper()
	c := s.dial()
	c.send([]byte(req))
	return c.response().StatusCode
}

func get(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: game.example\r\n\r\n" }

func TestPath(t *testing.T) {
	mux := http.NewServeMux()
	page := func(w http.ResponseWriter, r *http.Request) {}
	mux.HandleFunc("/", page)
	mux.HandleFunc("/{$}", page)
	mux.HandleFunc("/web/", page)
	mux.HandleFunc("POST /post", page)
	catchAll := http.NewServeMux()
	catchAll.HandleFunc("GET /{rest...}", page)
	for _, c := range []struct {
		path    string
		handler http.Handler
		target  string
		upgrade int // status of a request to upgrade, and of another
		get     int
	}{
		{"", nil, "/", 101, 426},
		{"", nil, "/game?x=/web/", 101, 426},
		{"", mux, "/", 101, 200},
		{"", mux, "/game", 101, 200},
		{"", mux, "/post", 101, 200},
		{"", mux, "/web/", 200, 200},
		{"", mux, "/web/x", 200, 200},
		{"", mux, "/web", 307, 307},
		{"", catchAll, "/game", 101, 200},
		{"", http.NewServeMux(), "/game", 101, 404},
		{"", http.HandlerFunc(page), "/web/", 101, 200},
		{"/game", nil, "/game", 101, 426},
		{"game", nil, "/game", 101, 426},
		{"/game", nil, "/", 404, 404},
		{"/game", nil, "/game/", 404, 404},
		{"/game", mux, "/game", 101, 200},
		{"/game", mux, "/", 200, 200},
		{"/web/", mux, "/web/", 101, 200},
		{"/web/", mux, "/web/x", 200, 200},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := listen(t, Config{Path: c.path, Handler: c.handler})
			defer s.Close()
			go s.Accept()
			if got := s.status(request(c.target, "")); got != c.upgrade {
				t.Errorf("path %q: upgrade of %s: %d, want %d", c.path, c.target, got, c.upgrade)
			}
			if got := s.status(get(c.target)); got != c.get {
				t.Errorf("path %q: GET %s: %d, want %d", c.path, c.target, got, c.get)
			}
		})
	}
}

func TestBadRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{})
		defer s.Close()
		good := request("/", "")
		for old, want := range map[string]struct {
			new    string
			status int
		}{
			"GET":                      {"POST", 405},
			"HTTP/1.1":                 {"HTTP/1.0", 505},
			"Version: 13":              {"Version: 8", 426},
			"Key: ":                    {"Key: x", 400},
			"Connection: keep-alive, ": {"Connection: x", 426},
			"WebSocket":                {"h2c", 426},
			"GET /":                    {"GET /" + strings.Repeat("x", maxKept), 414},
		} {
			if got := s.status(strings.Replace(good, old, want.new, 1)); got != want.status {
				t.Errorf("%q replaced with %.40q: %d, want %d", old, want.new, got, want.status)
			}
		}
		if got := s.status("nonsense\r\n\r\n"); got != 400 {
			t.Errorf("nonsense: %d", got)
		}
	})
}

func TestOrigin(t *testing.T) {
	only := func(r *http.Request) bool { return r.Header.Get("Origin") == "https://other.example" }
	for _, c := range []struct {
		check  func(*http.Request) bool
		origin string
		status int
	}{
		{nil, "", 101},
		{nil, "Origin: https://game.example\r\n", 101},
		{nil, "Origin: http://GAME.example\r\n", 101},
		{nil, "Origin: https://game.example:8443\r\n", 403},
		{nil, "Origin: https://other.example\r\n", 403},
		{nil, "Origin: null\r\n", 403},
		{nil, "Origin: %zz\r\n", 403},
		{nil, "Origin: https://game.example\r\nOrigin: https://other.example\r\n", 403},
		{only, "Origin: https://other.example\r\n", 101},
		{only, "Origin: https://game.example\r\n", 403},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := listen(t, Config{CheckOrigin: c.check})
			defer s.Close()
			go s.Accept()
			if got := s.status(request("/", c.origin)); got != c.status {
				t.Errorf("%q: %d, want %d", c.origin, got, c.status)
			}
		})
	}
}

func TestSubprotocol(t *testing.T) {
	for offered, want := range map[string]string{
		"":                                  "",
		"Sec-WebSocket-Protocol: x\r\n":     "",
		"Sec-WebSocket-Protocol: v1\r\n":    "v1",
		"Sec-WebSocket-Protocol: v1,v2\r\n": "v2",
		"Sec-WebSocket-Protocol: x, v1\r\nSec-WebSocket-Protocol: v2\r\n": "v2",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := listen(t, Config{Subprotocols: []string{"v2", "v1"}})
			defer s.Close()
			c := s.dial()
			c.send([]byte(request("/", offered)))
			if got := c.response().Header.Get("Sec-WebSocket-Protocol"); got != want {
				t.Errorf("offered %q: %q, want %q", offered, got, want)
			}
			if got := s.accept().Subprotocol(); got != want {
				t.Errorf("offered %q: %q, want %q", offered, got, want)
			}
		})
	}
}

// TestSilentConnections has a thousand clients that do not finish the upgrade,
// one way or another, and one that does.
func TestSilentConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{HandshakeTimeout: 3 * time.Second, ErrorLog: slog.New(slog.DiscardHandler)})
		defer s.Close()
		req := request("/", "")
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				c := s.dial()
				c.send([]byte(req[:len(req)*i/1000]))
				go func() { // the last byte but one comes late
					<-time.After(2 * time.Second)
					c.Write([]byte(req[len(req)*i/1000 : len(req)-1]))
				}()
				io.Copy(io.Discard, c.Conn)
				if d := time.Since(start); d < 3*time.Second || d > 4*time.Second {
					t.Errorf("connection %d ended after %v", i, d)
				}
			})
		}
		c, conn := s.pair()
		wg.Wait()
		<-time.After(time.Hour)
		conn.Write([]byte("still here"))
		c.wantFrame(2, "still here")
	})
}

// TestSilentTLS has clients that stop before, in and after the TLS handshake.
func TestSilentTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := memnet.Listen("ws")
		config := &tls.Config{Certificates: []tls.Certificate{certificate(t)}}
		l := NewListener(tls.NewListener(inner, config), Config{ErrorLog: slog.New(slog.DiscardHandler)})
		defer l.Close()
		start := time.Now()
		connect := func() net.Conn {
			conn, err := inner.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return conn
		}
		silent, begun, idle := connect(), connect(), connect()
		io.WriteString(begun, "\x16\x03\x01\x02")
		if err := tls.Client(idle, &tls.Config{InsecureSkipVerify: true}).Handshake(); err != nil {
			t.Fatal(err)
		}
		for name, conn := range map[string]net.Conn{"silent": silent, "begun": begun, "idle": idle} {
			io.Copy(io.Discard, conn)
			if d := time.Since(start); d != defaultHandshakeTimeout {
				t.Errorf("%s: ended after %v", name, d)
			}
			conn.Close()
		}
	})
}

// TestSlowCheckOrigin counts the time that CheckOrigin takes.
func TestSlowCheckOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{CheckOrigin: func(*http.Request) bool {
			<-time.After(defaultHandshakeTimeout + time.Second)
			return true
		}})
		c := s.dial()
		c.send([]byte(request("/", "")))
		if b, err := io.ReadAll(c.Conn); len(b) > 0 || err != nil {
			t.Errorf("read %q, %v", b, err)
		}
		s.Close()
	})
}

func TestNoHandshakeTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{HandshakeTimeout: -1})
		defer s.Close()
		c := s.dial()
		<-time.After(time.Hour)
		c.upgrade("/", "")
		s.accept()
	})
}

// TestHandlerTakesItsTime checks that the limit is not on Handler's work, and
// that a connection kept alive can be upgraded later.
func TestHandlerTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(w http.ResponseWriter, r *http.Request) {
			<-time.After(time.Minute)
			io.WriteString(w, "page")
		}
		s := listen(t, Config{Path: "/game", Handler: http.HandlerFunc(slow)})
		defer s.Close()
		c := s.dial()
		for range 2 {
			c.send([]byte(get("/")))
			resp := c.response()
			if body, err := io.ReadAll(resp.Body); string(body) != "page" || err != nil {
				t.Errorf("page %q, %v", body, err)
			}
			<-time.After(idleTimeout / 2)
		}
		c.upgrade("/game", "")
		conn := s.accept()
		<-time.After(time.Hour)
		c.send(binaryFrame("hello"))
		wantRead(t, conn, "hello")
	})
}

// TestListenerClose closes with connections in every state.
func TestListenerClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		canceled := make(chan struct{})
		release := make(chan struct{})
		stubborn := func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			close(canceled)
			<-release
		}
		s := listen(t, Config{Path: "/game", Handler: http.HandlerFunc(stubborn)})
		silent, half, waiting, served := s.dial(), s.dial(), s.dial(), s.dial()
		half.send([]byte(request("/game", "")[:50]))
		served.send([]byte(get("/")))
		kept := s.dial().upgrade("/game", "")
		accepted := s.accept()
		waiting.upgrade("/game", "")
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for name, c := range map[string]*client{"silent": silent, "half": half, "waiting": waiting, "served": served} {
			if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
				t.Errorf("%s: not closed", name)
			}
		}
		<-canceled // Close did not wait for the handler
		close(release)
		if _, err := s.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept: %v", err)
		}
		if err := s.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("second Close: %v", err)
		}
		kept.send(binaryFrame("hello"))
		wantRead(t, accepted, "hello")
	})
}

func TestCloseUnblocksAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen(t, Config{})
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := s.Accept(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Accept: %v", err)
				}
			})
		}
		synctest.Wait()
		s.Close()
		wg.Wait()
	})
}

// TestCloseFromHandler stops a server from one of its pages.
func TestCloseFromHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s *server
		s = listen(t, Config{Path: "/game", Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { s.Close() })})
		s.dial().send([]byte(get("/stop")))
		if _, err := s.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept: %v", err)
		}
	})
}

// failing is a listener that fails at once.
type failing struct {
	*memnet.Listener
	err error
}

func (f failing) Accept() (net.Conn, error) { return nil, f.err }

func TestInnerFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := failing{memnet.Listen("ws"), errors.New("no more")}
		l := NewListener(inner, Config{})
		if _, err := l.Accept(); !errors.Is(err, inner.err) {
			t.Errorf("Accept: %v", err)
		}
		l.Close()
		if _, err := l.Accept(); !errors.Is(err, inner.err) {
			t.Errorf("Accept after Close: %v", err)
		}
	})
}

// TestHijackedByHandler has a Handler that takes a connection over, which then
// is no affair of the listener's.
func TestHijackedByHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		taken := make(chan net.Conn, 1)
		s := listen(t, Config{Path: "/game", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
			}
			taken <- conn
		})})
		c := s.dial()
		c.send([]byte(get("/")))
		conn := <-taken
		s.Close()
		go io.WriteString(conn, "mine")
		wantRead(t, c, "mine")
	})
}
