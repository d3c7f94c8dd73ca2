package ws

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// Listener accepts WebSocket connections. Its methods may be called by any
// number of goroutines together.
type Listener struct {
	// static
	inner    net.Listener
	config   Config
	server   *http.Server
	lobby    *lobby
	accepted chan *Conn
	done     chan struct{}
	served   chan struct{} // the goroutine of serve has ended

	closed atomic.Bool
	once   sync.Once
	err    error // what Accept returns once done is closed
}

// NewListener upgrades what comes from inner, from now until Close, which
// closes inner too. Inner may be a TLS listener; it must not offer HTTP/2.
func NewListener(inner net.Listener, c Config) *Listener {
	c = c.withDefaults()
	l := &Listener{
		inner:    inner,
		config:   c,
		lobby:    newLobby(c.HandshakeTimeout),
		accepted: make(chan *Conn),
		done:     make(chan struct{}),
		served:   make(chan struct{}),
	}
	l.server = &http.Server{
		Handler:           http.HandlerFunc(l.serveHTTP),
		ReadHeaderTimeout: c.HandshakeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnState:         l.follow,
		ConnContext:       withConn,
		ErrorLog:          slog.NewLogLogger(c.ErrorLog.Handler(), slog.LevelWarn),
		Protocols:         new(http.Protocols),
	}
	l.server.Protocols.SetHTTP1(true)
	go l.serve()
	return l
}

func (l *Listener) serve() {
	defer close(l.served)
	l.stop(l.server.Serve(l.inner))
}

// stop ends Accept with an error.
func (l *Listener) stop(err error) {
	l.once.Do(func() {
		l.err = &net.OpError{Op: "accept", Net: l.Addr().Network(), Addr: l.Addr(), Err: err}
		close(l.done)
	})
}

// Accept returns the next upgraded connection, a [*Conn], and blocks until
// there is one. A client that is upgraded waits for Accept, as long as it
// takes. Errors are a *net.OpError: around net.ErrClosed after Close, around
// the error of the listener below once that has failed for good.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case <-l.done:
		return nil, l.err
	default:
	}
	select {
	case c := <-l.accepted:
		return c, nil
	case <-l.done:
		return nil, l.err
	}
}

// offer hands a connection to Accept.
func (l *Listener) offer(c *Conn) {
	select {
	case l.accepted <- c:
	case <-l.done:
		_ = c.Close()
	}
}

// Close closes the listener below, every connection that was not accepted, and
// those that Handler serves, whose requests' contexts end. It returns when all
// is over but Handler's calls, which it does not wait for. Accepted
// connections stay. A second Close returns net.ErrClosed.
func (l *Listener) Close() error {
	again := l.closed.Swap(true)
	l.stop(net.ErrClosed)
	err := l.server.Close()
	l.lobby.clear()
	<-l.served
	if again {
		return net.ErrClosed
	}
	return err
}

// Addr returns the address of the listener below.
func (l *Listener) Addr() net.Addr { return l.inner.Addr() }

type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// connOf returns the connection that a request came on.
func connOf(ctx context.Context) net.Conn {
	c, _ := ctx.Value(connKey{}).(net.Conn)
	return c
}
