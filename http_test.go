package nano_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/gobwas/ws"

	"github.com/lonng/nano"
	"github.com/lonng/nano/internal/memnet"
)

// page asks for a path over a new connection to a listener in memory.
func page(t *testing.T, l *memnet.Listener, path string) string {
	t.Helper()
	conn := dialMem(t, l)
	defer conn.Close()
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://game.example"+path, nil)
	must(t, err, req.Write(conn))
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp.Status + ": " + string(body)
}

// webServer serves HTTP and WebSocket in memory until the test has ended.
func webServer(t *testing.T, opts ...nano.Option) *memnet.Listener {
	t.Helper()
	srv := nano.New(append(opts, newLogBook().option())...)
	srv.Register(&Life{})
	l, served := memnet.Listen("web"), make(chan error, 1)
	go func() { served <- srv.Serve(t.Context(), srv.WebSocket(l)) }()
	t.Cleanup(func() {
		if err := errors.Join(srv.Shutdown(context.Background()), <-served); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestWithHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mux http.ServeMux
		mux.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "fine") })
		l := webServer(t, nano.WithHTTP(&mux))
		if got := page(t, l, "/status"); got != "200 OK: fine" {
			t.Errorf("a page: %s", got)
		}
		if got := page(t, l, "/nothing"); got != "404 Not Found: 404 page not found\n" {
			t.Errorf("no page: %s", got)
		}
		for _, path := range []string{"/", "/elsewhere"} {
			conn, err := dialPath(t, dialMem(t, l), path, "")
			must(t, err)
			wantService(t, conn)
		}
		if _, err := dialPath(t, dialMem(t, l), "/status", ""); !errors.Is(err, ws.StatusError(200)) {
			t.Errorf("a WebSocket where there is a page: %v", err)
		}
	})
}

// A server of New serves no pages of its own, and nothing of http.DefaultServeMux.
func TestNoHTTP(t *testing.T) {
	mountWeb()
	synctest.Test(t, func(t *testing.T) {
		l := webServer(t, nano.WithWSPath("game"))
		if got := page(t, l, "/web/"); got != "404 Not Found: 404 page not found\n" {
			t.Errorf("a page of the default mux: %s", got)
		}
		if got := page(t, l, "/game"); got != "426 Upgrade Required: this is a WebSocket endpoint\n" {
			t.Errorf("a page where the WebSocket is: %s", got)
		}
		conn, err := dialPath(t, dialMem(t, l), "/game", "")
		must(t, err)
		wantService(t, conn)
	})
}

// New admits pages of the same host, and clients that are no browsers, which send no origin.
func TestOriginsByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := webServer(t)
		for origin, want := range map[string]error{
			"": nil, "http://game.example": nil, "https://game.example": nil,
			"http://evil.example": ws.StatusError(403), "null": ws.StatusError(403),
		} {
			conn, err := dialPath(t, dialMem(t, l), "/", origin)
			if !errors.Is(err, want) {
				t.Errorf("origin %q: %v, want %v", origin, err, want)
			}
			if err == nil {
				wantService(t, conn)
			}
		}
	})
}

func TestWithSubprotocols(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := webServer(t, nano.WithSubprotocols("nano.v2", "nano.v1"))
		synctest.Wait() // until it serves
		conn := dialMem(t, l)
		defer conn.Close()
		where, err := url.Parse("ws://game.example/")
		must(t, err)
		dialer := ws.Dialer{Protocols: []string{"other", "nano.v1"}}
		if _, shake, err := dialer.Upgrade(conn, where); err != nil || shake.Protocol != "nano.v1" {
			t.Errorf("chose %q, %v", shake.Protocol, err)
		}
	})
}
