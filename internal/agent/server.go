// Package agent is one connection's life: handshake, heartbeats, reading, writing and the end. A Server holds what the
// connections of one nano server share; Serve runs one connection:
//
//	agents := agent.NewServer(cfg)
//	agents.Serve(conn) // until the connection has ended
//
// A connection has one reader goroutine, the one that called Serve, and while there is something to write one flusher.
// Its heartbeats and its silence are watched by one timer that all connections of the server share.
package agent

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/lonng/nano/internal/mailbox"
	"github.com/lonng/nano/internal/sendq"
	"github.com/lonng/nano/pipeline"
	"github.com/lonng/nano/serialize"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// Config is what all connections of a server share. All fields are static; those without a default must be set.
type Config struct {
	Owner      any // what the connections belong to; see Server.Owner
	Log        *slog.Logger
	Serializer serialize.Serializer
	Dictionary *wire.Dictionary // nil: none
	IDs        *session.IDs

	Heartbeat        time.Duration // interval; 0 and below: off
	HandshakeTimeout time.Duration // from accept to ack
	WriteTimeout     time.Duration // for each 64 KiB written
	MaxPacket        int           // inbound, bytes of body
	CompressAbove    int           // payloads above so many bytes are deflated for clients that can read them; 0: none
	SilentErrors     bool          // requests get no error responses
	Queue            sendq.Limits
	InFlight         mailbox.Bounds // of each connection
	TotalInFlight    mailbox.Bounds // of all, but for one message each; 0: none
	RateLimit        *RateLimit     // of each connection; nil: none

	// Outbound filters what is sent; nil when there are no filters.
	Outbound pipeline.Func
	// Validate decides on a handshake, on the reader, before the reply. What it returns goes into the reply's user. nil accepts all.
	Validate func(ctx context.Context, s *session.Session, h *wire.Handshake) (user any, err error)
	// Dispatch is given each message, on the reader. The view is good during the call.
	Dispatch func(c *Conn, m *wire.MessageView)
	// RPC calls a route with the connection's session on behalf of the server itself.
	RPC func(c *Conn, route string, v any) error
	// Opened is called when a session begins, on the reader.
	Opened func(c *Conn)
	// Closed is called once for each session that was opened, when its last handler has returned. It does not wait.
	Closed func(c *Conn, reason error)
}

// Server runs connections. Its methods may be called from any goroutine.
type Server struct {
	cfg      Config
	beats    heart
	flusher  *sendq.Flusher
	pool     *mailbox.Pool // nil: none
	nullBody bool          // an empty payload is sent as null
	Counters Counters

	mu    sync.Mutex // guards what follows
	conns map[*Conn]struct{}
	ended *wire.Error // why no more connections are served
}

// NewServer returns a server of connections.
func NewServer(cfg Config) *Server {
	s := &Server{cfg: cfg, nullBody: serialize.Name(cfg.Serializer) == "json", flusher: sendq.NewFlusher(), conns: make(map[*Conn]struct{})}
	s.beats.init(cfg.Heartbeat)
	if cfg.TotalInFlight != (mailbox.Bounds{}) {
		s.pool = mailbox.NewPool(cfg.TotalInFlight)
	}
	return s
}

// Owner returns what was given as Config.Owner.
func (s *Server) Owner() any { return s.cfg.Owner }

// Serve runs the connection until it has ended: its goroutines are gone, nc is closed, and Closed was called or will be
// when the handlers of the session that still run have returned.
func (s *Server) Serve(nc net.Conn) {
	c := newConn(s, nc)
	s.mu.Lock()
	if s.ended != nil {
		s.mu.Unlock()
		_ = nc.Close()
		return
	}
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	s.Counters.Accepted.Add(1)
	defer func() { // deferred for a handler that ends the goroutine
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, c)
	}()
	c.run()
}

// Len returns the number of connections.
func (s *Server) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// End kicks all connections, and those to come are closed at once. It does not wait for them.
func (s *Server) End(reason *wire.Error) {
	s.mu.Lock()
	s.ended = reason
	conns := slices.Collect(maps.Keys(s.conns))
	s.mu.Unlock()
	for _, c := range conns {
		c.kick(reason)
	}
}
