package ws

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// lobby knows the connections that are in net/http's hands or on their way to
// Accept, those that Handler serves left out. It closes the ones whose time is
// up, and lets Close wait for all of them.
type lobby struct {
	timeout time.Duration // 0: none

	mu     sync.Mutex
	left   sync.Cond
	guests map[net.Conn]*guest
}

type guest struct {
	timer    *time.Timer // nil: no limit
	upgraded bool
}

func newLobby(timeout time.Duration) *lobby {
	l := &lobby{timeout: timeout, guests: make(map[net.Conn]*guest)}
	l.left.L = &l.mu
	return l
}

// track follows net/http's account of a connection.
func (l *lobby) track(c net.Conn, s http.ConnState) {
	switch s {
	case http.StateNew:
		l.enter(c, l.timeout)
	case http.StateIdle: // back from Handler; net/http limits the wait
		l.enter(c, 0)
	case http.StateClosed:
		l.leave(c)
	}
}

func (l *lobby) has(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.guests[c] != nil
}

func (l *lobby) enter(c net.Conn, timeout time.Duration) {
	g := &guest{}
	if timeout > 0 {
		g.timer = time.AfterFunc(timeout, func() { abort(c) })
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.guests[c] = g
}

func (l *lobby) leave(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if g := l.guests[c]; g != nil {
		g.stop()
		delete(l.guests, c)
		l.left.Broadcast()
	}
}

// upgraded ends the limit on a connection's time; false means that it was up.
// The connection stays in the lobby until it leaves, and clear does not close
// it.
func (l *lobby) upgraded(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.guests[c]
	if g == nil || !g.stop() {
		return false
	}
	g.upgraded = true
	return true
}

// clear closes the connections that are not upgraded and waits until all have
// left.
func (l *lobby) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c, g := range l.guests {
		if !g.upgraded {
			abort(c)
		}
	}
	for len(l.guests) > 0 {
		l.left.Wait()
	}
}

func (g *guest) stop() bool { return g.timer == nil || g.timer.Stop() }

// abort closes a connection without waiting for the peer.
func abort(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn() // Close would try to send an alert
	}
	_ = c.Close()
}
