package ws

import (
	"net"
	"net/http"
)

// follow follows net/http's account of a connection.
func (l *Listener) follow(c net.Conn, s http.ConnState) {
	// Of a connection that is upgraded, the Conn tells the end. One that Handler took over is no more ours.
	ended := s == http.StateClosed || s == http.StateHijacked && !l.lobby.has(c)
	l.lobby.track(c, s)
	if ended {
		l.ended(c)
	}
}

// drop closes a connection that was being upgraded.
func (l *Listener) drop(c net.Conn) {
	_ = c.Close()
	l.ended(c)
}

func (l *Listener) ended(c net.Conn) {
	if l.config.Ended != nil {
		l.config.Ended(c)
	}
}

// NetConn returns the connection below, as that of a tls.Conn does. It must be
// neither read nor written.
func (c *Conn) NetConn() net.Conn { return c.inner }
