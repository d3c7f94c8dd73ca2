//go:build !race

package nano_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/lonng/nano"
	"github.com/lonng/nano/session"
)

// The race detector makes pools forget, so that these hold without it only.

// sink is a connection whose client shakes hands, says what else it has to say, and takes everything.
type sink struct {
	net.Conn
	says   chan []byte
	closed chan struct{}
	once   sync.Once
}

func newSink() *sink {
	inner, _ := net.Pipe()
	s := &sink{Conn: inner, says: make(chan []byte, 1), closed: make(chan struct{})}
	s.says <- []byte("\x01\x00\x00\x02{}" + "\x02\x00\x00\x00")
	return s
}

func (s *sink) Read(b []byte) (int, error) {
	select {
	case said := <-s.says:
		return copy(b, said), nil
	case <-s.closed:
		return 0, io.EOF
	}
}

func (s *sink) Write(b []byte) (int, error) { return len(b), nil }

// CloseWrite has the client close too.
func (s *sink) CloseWrite() error { return s.Close() }

func (s *sink) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// sinkListener hands out sinks.
type sinkListener struct {
	net.Listener
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newSinkListener(n int) *sinkListener {
	l := &sinkListener{conns: make(chan net.Conn, n), closed: make(chan struct{})}
	for range n {
		l.conns <- newSink()
	}
	return l
}

func (l *sinkListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *sinkListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// broadcastAllocations returns what a broadcast to n members allocates.
func broadcastAllocations(t *testing.T, n int) float64 {
	t.Helper()
	srv := newServer(t)
	srv.Start()
	served := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { served <- srv.Serve(ctx, newSinkListener(n)) }()
	defer func() {
		cancel()
		must(t, <-served)
	}()
	group := nano.NewGroup("alloc")
	for group.Count() < n {
		must(t, group.LeaveAll())
		for s := range srv.Sessions() {
			must(t, group.Add(s))
		}
	}
	message := &Hello{"everybody"}
	return testing.AllocsPerRun(50, func() {
		if err := group.Broadcast("onHello", message); err != nil {
			t.Error(err)
		}
	})
}

func TestBroadcastAllocations(t *testing.T) {
	few, many := broadcastAllocations(t, 10), broadcastAllocations(t, 1000)
	if many > few+200 { // some new buffers for queues; one allocation a member would be 990
		t.Errorf("a broadcast to 1000 allocates %v times, to 10 %v times", many, few)
	}
	t.Logf("%v to 10, %v to 1000", few, many)
}

func TestGroupAllocations(t *testing.T) {
	g := nano.NewGroup("alloc")
	for uid := range int64(100) {
		must(t, g.Add(newGroupPlayer(uid+1).Session))
	}
	_ = g.Count()
	if n := testing.AllocsPerRun(100, func() {
		_, _ = g.Count(), g.Contains(50)
		_, _ = g.FindMember(func(s *session.Session) bool { return s.UID() == 100 })
	}); n > 4 {
		t.Errorf("%v allocations to look at a group", n)
	}
}
