package ws

import (
	"bufio"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gobwas/ws"
)

// serveHTTP takes every request: it upgrades, or has Handler serve.
func (l *Listener) serveHTTP(w http.ResponseWriter, r *http.Request) {
	if l.upgrades(r) {
		l.upgrade(w, r)
		return
	}
	l.lobby.leave(connOf(r.Context()))
	switch {
	case l.config.Handler != nil:
		l.config.Handler.ServeHTTP(w, r)
	case l.config.Path == "/" || r.URL.Path == l.config.Path:
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		http.Error(w, "this is a WebSocket endpoint", http.StatusUpgradeRequired)
	default:
		http.NotFound(w, r)
	}
}

// upgrades says whether a request is to be upgraded, as Config.Path says.
func (l *Listener) upgrades(r *http.Request) bool {
	switch {
	case !hasToken(r.Header["Connection"], "upgrade") || !hasToken(r.Header["Upgrade"], "websocket"):
		return false
	case r.URL.Path == l.config.Path:
		return true
	case l.config.Path != "/":
		return false
	}
	mux, ok := l.config.Handler.(*http.ServeMux)
	if !ok {
		return true
	}
	_, pattern := mux.Handler(r)
	return catchAll(pattern)
}

// catchAll says whether a pattern of http.ServeMux is no more specific than
// "/": that itself, "GET /", "/{name...}", or none.
func catchAll(pattern string) bool {
	if i := strings.IndexAny(pattern, " \t"); i >= 0 {
		pattern = strings.TrimLeft(pattern[i:], " \t")
	}
	if strings.HasPrefix(pattern, "/{") && strings.HasSuffix(pattern, "...}") {
		return !strings.Contains(pattern[1:], "/")
	}
	return pattern == "" || pattern == "/"
}

// upgrade makes a connection of a request and hands it to Accept.
func (l *Listener) upgrade(w http.ResponseWriter, r *http.Request) {
	held := connOf(r.Context())
	defer l.lobby.leave(held)
	origin := r.Header.Get("Origin")
	switch {
	case len(r.RequestURI)+len(origin) > maxKept:
		http.Error(w, "request too long", http.StatusRequestURITooLong)
		return
	case !l.config.CheckOrigin(r):
		http.Error(w, "origin not allowed", http.StatusForbidden)
		return
	}
	upgrader := ws.HTTPUpgrader{}
	if p := subprotocol(l.config.Subprotocols, r.Header["Sec-Websocket-Protocol"]); p != "" {
		upgrader.Protocol = func(offered string) bool { return offered == p }
	}
	inner, rw, shake, err := upgrader.Upgrade(r, w)
	if err != nil {
		if inner != nil {
			l.drop(inner) // the client was told
		}
		return
	}
	if !l.lobby.upgraded(held) {
		l.drop(inner)
		return
	}
	c := newConn(inner, l.config.ReadLimit, unread(rw.Reader))
	c.requestURI = r.RequestURI
	c.origin = origin
	c.subprotocol = shake.Protocol
	c.ended = l.config.Ended
	l.offer(c)
}

// unread copies what came behind the request.
func unread(r *bufio.Reader) []byte {
	b, _ := r.Peek(r.Buffered()) // no more than is there
	return slices.Clone(b)
}

func sameOrigin(r *http.Request) bool {
	origins := r.Header["Origin"]
	if len(origins) == 0 {
		return true
	}
	u, err := url.Parse(origins[0])
	return err == nil && len(origins) == 1 && strings.EqualFold(u.Host, r.Host)
}

// subprotocol returns the first of ours that is in the header's lists.
func subprotocol(ours, header []string) string {
	for _, p := range ours {
		if p != "" && slices.ContainsFunc(tokens(header), func(t string) bool { return t == p }) {
			return p
		}
	}
	return ""
}

func hasToken(header []string, token string) bool {
	return slices.ContainsFunc(tokens(header), func(t string) bool { return strings.EqualFold(t, token) })
}

// tokens returns the elements of a header's comma-separated lists.
func tokens(header []string) []string {
	var all []string
	for _, line := range header {
		for t := range strings.SplitSeq(line, ",") {
			all = append(all, strings.TrimSpace(t))
		}
	}
	return all
}
