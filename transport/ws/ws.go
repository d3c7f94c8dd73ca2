// Package ws is WebSocket as a net.Listener: what it accepts reads and writes
// a stream of bytes, which the wire carries in binary messages.
//
//	inner, err := net.Listen("tcp", ":8080") // or a tls.Listener
//	…
//	l := ws.NewListener(inner, ws.Config{Path: "/game"})
//	defer l.Close()
//	for {
//		conn, err := l.Accept()
//		if err != nil {
//			return err
//		}
//		go serve(conn) // Read, Write, Close: a net.Conn
//	}
//
// net/http reads the requests, so that a [Config.Handler] can serve pages on
// the same port. A [Conn] reads its frames in the caller's buffer and keeps
// none of its own, nor a goroutine: an idle one costs little more than its
// socket.
package ws

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/lonng/nano/internal/lazyread"
)

// What Config's zero values mean, and what has no option.
const (
	defaultReadLimit        = 1 << 20
	defaultHandshakeTimeout = 10 * time.Second

	maxHeaderBytes = 64 << 10         // of a request
	maxKept        = 4 << 10          // of a request, for as long as the connection lives
	idleTimeout    = time.Minute      // of a connection kept alive between requests
	closeTimeout   = time.Second      // for a close frame that Read sends, and for reading what still comes
	pongTimeout    = 10 * time.Second // for a pong that no Write takes along
)

// Config says how a [Listener] upgrades. Its zero value works. It is copied;
// its functions are called by any number of goroutines together, and must not
// close the listener.
type Config struct {
	// Path is where clients connect, "/" by default; a slash in front of it may
	// be left out. A request to upgrade is upgraded when its path is Path; with
	// "/" every other path is upgraded too, but those for which Handler is an
	// *http.ServeMux that has a pattern more specific than "/".
	Path string

	// CheckOrigin says whether a request may be upgraded; if not, the answer
	// is 403. Nil admits requests without an Origin header, as programs other
	// than browsers send them, and those whose Origin is the Host they ask.
	CheckOrigin func(*http.Request) bool

	// Subprotocols, best first: the first one that the client offers is
	// chosen. None is chosen by default, or when the client offers no other.
	Subprotocols []string

	// ReadLimit is the largest message from a client in bytes, counted over
	// all its fragments. A larger one closes the connection with 1009. Zero
	// means 1 MiB, below zero no limit.
	ReadLimit int64

	// HandshakeTimeout is the time from the accept of a connection to the end
	// of its upgrade, TLS included; then it is closed. It bounds the header of
	// every other request too, not Handler's work. Zero means 10 s, below zero
	// no limit.
	HandshakeTimeout time.Duration

	// Handler serves what is not upgraded. Nil answers 426 on Path and 404
	// elsewhere.
	Handler http.Handler

	// Ended is called once for each connection that the listener below has
	// accepted, when it was closed, or when Handler has hijacked it. Nil means
	// that nobody wants to know.
	Ended func(net.Conn)

	// ErrorLog takes net/http's own messages: failed TLS handshakes, panics in
	// Handler. Nil means slog.Default().
	ErrorLog *slog.Logger
}

func (c Config) withDefaults() Config {
	c.Path = "/" + strings.TrimPrefix(c.Path, "/")
	c.ReadLimit = cmp.Or(c.ReadLimit, defaultReadLimit)
	c.HandshakeTimeout = max(cmp.Or(c.HandshakeTimeout, defaultHandshakeTimeout), 0)
	c.ErrorLog = cmp.Or(c.ErrorLog, slog.Default())
	if c.CheckOrigin == nil {
		c.CheckOrigin = sameOrigin
	}
	return c
}

// CloseError says why Read closed a connection: the client broke the
// protocol. The client was told the same in a close frame.
type CloseError struct {
	Code   uint16 // 1002 protocol error, 1003 text, 1007 bad UTF-8, 1009 too large
	Reason string
}

// Error tells the code and the reason.
func (e *CloseError) Error() string {
	return fmt.Sprintf("ws: connection closed with code %d: %s", e.Code, e.Reason)
}

var (
	_ net.Conn        = (*Conn)(nil)
	_ lazyread.Stream = (*Conn)(nil)
	_ net.Listener    = (*Listener)(nil)
)
