package agent

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lonng/nano/internal/lazyread"
	"github.com/lonng/nano/internal/mailbox"
	"github.com/lonng/nano/internal/sendq"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// The states of a connection, in order. Only the reader moves it forward, but for closing.
const (
	connected int32 = iota // nothing but a handshake is taken
	replied                // waits for the ack
	working
	closing // what is queued is being sent; what comes is read away
)

// Conn is one connection and the session.NetworkEntity of its session. Its exported methods may be called from any
// goroutine and do not wait for the network.
type Conn struct {
	// static after construction
	server  *Server
	nc      net.Conn
	stream  bool // writes may end anywhere; the queue writes without a deadline what the socket takes at once
	started time.Time

	// set at the handshake, before the session is seen by anybody else
	session *session.Session
	owner   session.Owner
	variant Variant
	silence time.Duration // twice the heartbeat that the client was told; 0: for ever

	limiter *limiter // nil: none

	// owned by the reader
	in     inbuf
	msg    wire.MessageView // the one that is being dispatched
	corked bool

	// owned by the flusher
	deadline time.Time // the write deadline that is set

	q       sendq.Queue
	box     mailbox.Box
	state   atomic.Int32
	lastMid atomic.Uint64
	// idleSince is when the reader began to wait for input, in nanoseconds since the server's epoch; while it is at work on what came
	// then, atWork is added.
	idleSince atomic.Int64
	held      atomic.Bool // the reader waits, not for input
	beat      beat        // guarded by the server's heart

	mu     sync.Mutex  // guards what follows, and the moves to replied, working and closing
	early  []byte      // frames from before the ack
	reason *wire.Error // why it closes

	// filtering makes outbound filters and queueing one step, so that what filters see is in the order of the wire
	filtering sync.Mutex
}

func newConn(s *Server, nc net.Conn) *Conn {
	c := &Conn{server: s, nc: nc, started: time.Now()}
	c.in.src = lazyread.New(nc)
	c.box.Init(c, &s.cfg.InFlight)
	if s.pool != nil {
		c.box.Share(s.pool)
	}
	if s.cfg.RateLimit != nil {
		c.limiter = new(limiter)
	}
	c.q.Init(c, &s.cfg.Queue)
	if raw := sendq.Raw(nc); raw != nil {
		c.stream = true
		c.q.Share(s.flusher, raw)
	}
	// Before anybody can end it, who sets the last ones.
	timeout := c.started.Add(s.cfg.HandshakeTimeout)
	_ = nc.SetReadDeadline(timeout)
	if !c.stream {
		_ = nc.SetWriteDeadline(timeout)
	}
	return c
}

// Session returns the connection's session, nil before the handshake.
func (c *Conn) Session() *session.Session { return c.session }

// Owner returns the power to end the session.
func (c *Conn) Owner() session.Owner { return c.owner }

// Dialect returns the client's dialect.
func (c *Conn) Dialect() wire.Dialect { return c.variant.dialect() }

// RemoteAddr returns the client's address.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// Queued returns the bytes that are queued and not yet written.
func (c *Conn) Queued() int { return c.q.Len() }

// LastMid returns the id of the request whose handler started last, 0 when that was a notify.
func (c *Conn) LastMid() uint64 { return c.lastMid.Load() }

// Begin tells that the handler of the request mid starts; 0 is a notify.
func (c *Conn) Begin(mid uint64) { c.lastMid.Store(mid) }

// RPC calls a route with this session, one way.
func (c *Conn) RPC(route string, v any) error { return c.server.cfg.RPC(c, route, v) }

// Box returns the messages between the reader and their handlers.
func (c *Conn) Box() *mailbox.Box { return &c.box }

// Cork holds back what is sent until the reader has handled what it has read, for a moment at the most. It is the
// reader's.
func (c *Conn) Cork() {
	if !c.corked {
		c.corked = true
		c.q.Cork()
	}
}

// uncork ends Cork.
func (c *Conn) uncork() {
	if c.corked {
		c.corked = false
		c.q.Uncork()
	}
}

// Landed implements mailbox.Owner: the session is closed and its last handler has returned.
func (c *Conn) Landed(unanswered int) {
	c.mu.Lock()
	opened := c.session != nil
	c.mu.Unlock()
	if !opened {
		return
	}
	c.server.Counters.Unanswered.Add(int64(unanswered))
	c.server.cfg.Closed(c, c.reason)
}
