// Package nanotest runs a nano server and its clients in memory, for tests of what was built with nano. It works in real time
// and, much better, in the fake time of testing/synctest:
//
//	func TestJoin(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			srv := nanotest.NewServer(t)
//			nano.Handle(srv.Server, "room.join", join)
//
//			ann := srv.Dial(t)
//			var reply JoinReply
//			if err := ann.Request("room.join", &JoinRequest{Room: "lobby"}, &reply); err != nil {
//				t.Fatal(err)
//			}
//			var joined Joined
//			ann.Expect("onJoin", &joined)
//		})
//	}
//
// It is the real server and the real wire protocol; only the network is made of memory.
package nanotest

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/internal/memnet"
	"github.com/lonng/nano/serialize"
	"github.com/lonng/nano/serialize/json"
)

// Timeout is how long a client waits for what a test expects.
const Timeout = 10 * time.Second

// Server is a nano server in memory. It serves from its first Dial, or Start, so handlers and hooks are set up before that.
type Server struct {
	*nano.Server
	tb       testing.TB
	start    sync.Once
	listener *memnet.Listener
	served   chan error
}

// NewServer returns a server made with the options. It is shut down when the test has ended.
func NewServer(tb testing.TB, opts ...nano.Option) *Server {
	tb.Helper()
	return &Server{Server: nano.New(opts...), tb: tb, listener: memnet.Listen("nanotest"), served: make(chan error, 1)}
}

// Start serves, unless that was begun before.
func (s *Server) Start() {
	s.tb.Helper()
	s.start.Do(func() {
		go func() { s.served <- s.Serve(context.Background(), s.listener) }()
		s.tb.Cleanup(s.shutdown)
	})
}

func (s *Server) shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		s.tb.Errorf("nanotest: %v", err)
	}
	if err := <-s.served; err != nil {
		s.tb.Errorf("nanotest: %v", err)
	}
}

// DialRaw connects and says nothing: for tests of bytes. The test closes the connection.
func (s *Server) DialRaw(tb testing.TB) net.Conn {
	tb.Helper()
	s.Start()
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	nc, err := s.listener.Dial(ctx)
	if err != nil {
		tb.Fatalf("nanotest: %v", err)
	}
	return nc
}

// Dial connects a client and waits for the end of its handshake. The client is closed when the test has ended.
func (s *Server) Dial(tb testing.TB, opts ...ClientOption) *Client {
	tb.Helper()
	c := newClient(tb, s.DialRaw(tb), opts)
	tb.Cleanup(c.Close)
	if err := c.shake(); err != nil {
		tb.Fatalf("nanotest: Dial: %v", err)
	}
	return c
}

// ClientOption sets something of a client.
type ClientOption func(*Client)

// WithSerializer sets the client's serializer; the default is JSON.
func WithSerializer(s serialize.Serializer) ClientOption {
	return func(c *Client) { c.serializer = s }
}

// WithHandshake sets the body of the client's handshake.
func WithHandshake(body string) ClientOption {
	return func(c *Client) { c.handshake = body }
}

func newClient(tb testing.TB, nc net.Conn, opts []ClientOption) *Client {
	c := &Client{
		tb:         tb,
		nc:         nc,
		serializer: json.NewSerializer(),
		handshake:  `{"sys":{"type":"nanotest","version":"` + nano.VERSION + `"}}`,
		pending:    make(map[uint64]chan reply),
		shaken:     make(chan struct{}),
		ended:      make(chan struct{}),
		readEnded:  make(chan struct{}),
	}
	for _, o := range opts {
		o(c)
	}
	go c.read()
	return c
}
