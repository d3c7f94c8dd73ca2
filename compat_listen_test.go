package nano_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/gobwas/ws"

	"github.com/lonng/nano"
	"github.com/lonng/nano/internal/doubles"
	"github.com/lonng/nano/session"
)

// mountWeb is what programs do with http.DefaultServeMux; it takes a pattern once.
var mountWeb = sync.OnceFunc(func() {
	http.HandleFunc("/web/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "page ", r.URL.Path) })
})

// get returns the status and the body of a page.
func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(resp.StatusCode, " ", string(body))
}

func TestCompat6WebSocketBesidePages(t *testing.T) {
	mountWeb()
	defer http.DefaultClient.CloseIdleConnections()
	for range 2 { // the second run mounts nothing twice
		l := listen(t, comps(&Life{}), nano.WithIsWebsocket(true))
		for _, path := range []string{"/", "/any/path?room=1", "/webs"} {
			conn, err := dialPath(t, l.dial(), path, "http://elsewhere.example")
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			c := doubles.Starx(t, conn)
			must(t, c.Connect())
			if got := request(t, c, "Life.Call", ""); got != `"called"` {
				t.Errorf("%s: answer %s", path, got)
			}
			c.Close()
		}
		if _, err := dialPath(t, l.dial(), "/web/socket", ""); !errors.Is(err, ws.StatusError(200)) {
			t.Errorf("a WebSocket where there is a page: %v", err)
		}
		if got := get(t, "http://"+l.addr+"/web/index.html"); got != "200 page /web/index.html" {
			t.Errorf("the page: %s", got)
		}
		if got := get(t, "http://"+l.addr+"/nothing"); got != "404 404 page not found\n" {
			t.Errorf("no page: %s", got)
		}
		if err := l.end(); err != nil {
			t.Error(err)
		}
	}
}

func TestCompat6WSPath(t *testing.T) {
	mountWeb()
	defer http.DefaultClient.CloseIdleConnections()
	for _, path := range []string{"game", "/game"} {
		l := listen(t, comps(&Life{}), nano.WithIsWebsocket(true), nano.WithWSPath(path))
		conn, err := dialPath(t, l.dial(), "/game", "http://elsewhere.example")
		if err != nil {
			t.Fatalf("WithWSPath(%q): %v", path, err)
		}
		c := doubles.Starx(t, conn)
		must(t, c.Connect())
		c.Close()
		if _, err := dialPath(t, l.dial(), "/", ""); !errors.Is(err, ws.StatusError(404)) {
			t.Errorf("WithWSPath(%q): another path: %v", path, err)
		}
		if got := get(t, "http://"+l.addr+"/web/"); got != "200 page /web/" {
			t.Errorf("WithWSPath(%q): the page: %s", path, got)
		}
		must(t, l.end())
	}
}

func TestCompat6CheckOrigin(t *testing.T) {
	l := listen(t, comps(&Life{}), nano.WithIsWebsocket(true), nano.WithCheckOriginFunc(func(r *http.Request) bool {
		return r.Header.Get("Origin") == "http://mine.example"
	}))
	if _, err := dialPath(t, l.dial(), "/", "http://elsewhere.example"); !errors.Is(err, ws.StatusError(403)) {
		t.Errorf("another origin: %v", err)
	}
	conn, err := dialPath(t, l.dial(), "/", "http://mine.example")
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestClientAddr(t *testing.T) {
	l := &listening{t: t, log: newLogBook(), ended: make(chan error, 1)}
	go func() {
		defer close(l.ended)
		l.ended <- nano.Listen("192.0.2.1:1", nano.WithClientAddr("127.0.0.1:0"), comps(&Life{}), l.log.option())
	}()
	defer l.end()
	l.addr = listenAddress.FindStringSubmatch(l.log.await(t, "nano: listening", 1))[1]
	l.dial().Close()
}

// Many clients of one address that never log in, and many messages: nothing limits them.
func TestCompat10NoNewLimits(t *testing.T) {
	const clients, messages = 200, 5000
	handled := 0
	all := make(chan struct{})
	l := listen(t, comps(&Life{call: func(s *session.Session) error {
		if handled++; handled == messages {
			close(all)
		}
		return nil
	}}))
	var last *doubles.Double
	for range clients {
		last = l.client()
	}
	for range messages {
		last.Notify("Life.Call", "")
	}
	<-all
}
