package nano

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/lonng/nano/transport/ws"
)

// WithMaxConnections bounds the connections of the server, handshake done or not. One too many is closed at once and counted in
// Stats.Rejected. By default, and for 0 and below, there is no bound but the system's.
//
// Connections that come through Server.WebSocket count from the time when they are accepted, before they are upgraded, and so do
// those that WithHTTP serves; a connection that its handler hijacks counts no longer.
func WithMaxConnections(n int) Option { return func(c *config) { c.connLimit.total = max(0, n) } }

// WithMaxConnectionsPerAddr is WithMaxConnections for the connections that come from one address: an IPv4 address, or the first 64
// bits of an IPv6 address, which is what one customer gets. Clients that a proxy passes on come from the proxy's. Connections without an
// IP address, as those over Unix sockets or in memory, are not counted.
func WithMaxConnectionsPerAddr(n int) Option {
	return func(c *config) { c.connLimit.perAddr = max(0, n) }
}

// connLimit is the bounds of connections; 0: none.
type connLimit struct{ total, perAddr int }

// connSlots counts connections. Its methods may be called from any goroutine.
type connSlots struct {
	limit    connLimit
	rejected atomic.Int64

	mu    sync.Mutex // guards what follows
	taken int
	addrs map[netip.Addr]int // taken by each
}

// slot is a connection's place among connSlots.
type slot struct {
	addr netip.Addr // the zero Addr: not counted by address
}

func newConnSlots(limit connLimit) *connSlots {
	return &connSlots{limit: limit, addrs: make(map[netip.Addr]int)}
}

// off reports whether there is nothing to count.
func (s *connSlots) off() bool { return s.limit == connLimit{} }

// take returns false, and counts it, when there is no slot for a connection from addr.
func (s *connSlots) take(addr net.Addr) (slot, bool) {
	var sl slot
	if s.limit.perAddr > 0 {
		sl.addr = network(addr)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit.total > 0 && s.taken >= s.limit.total || sl.addr.IsValid() && s.addrs[sl.addr] >= s.limit.perAddr {
		s.rejected.Add(1)
		return slot{}, false
	}
	s.taken++
	if sl.addr.IsValid() {
		s.addrs[sl.addr]++
	}
	return sl, true
}

func (s *connSlots) giveBack(sl slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	if !sl.addr.IsValid() {
		return
	}
	if s.addrs[sl.addr]--; s.addrs[sl.addr] == 0 {
		delete(s.addrs, sl.addr)
	}
}

// network returns an IPv4 address, the first address of an IPv6 address's /64, or the zero Addr.
func network(a net.Addr) netip.Addr {
	var addr netip.Addr
	switch a := a.(type) {
	case nil:
		return netip.Addr{}
	case interface{ AddrPort() netip.AddrPort }:
		addr = a.AddrPort().Addr()
	default:
		p, err := netip.ParseAddrPort(a.String())
		if err != nil {
			return netip.Addr{}
		}
		addr = p.Addr()
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		p, _ := addr.Prefix(64) // fits
		return p.Masked().Addr()
	}
	return addr
}

// serveConn serves a connection that l has accepted, on a goroutine of its own, if there is a slot for it.
func (s *Server) serveConn(l net.Listener, nc net.Conn) {
	_, counted := l.(webSocket)
	if counted || s.slots.off() {
		s.conns.run(func() { s.agents.Serve(nc) })
		return
	}
	sl, ok := s.slots.take(nc.RemoteAddr())
	if !ok {
		s.reject(nc)
		return
	}
	s.conns.run(func() {
		defer s.slots.giveBack(sl)
		s.agents.Serve(nc)
	})
}

func (s *Server) reject(nc net.Conn) {
	s.cfg.log.Debug("nano: a connection too many", "remote", nc.RemoteAddr())
	_ = nc.Close()
}

// webSocket is a listener whose connections have slots from before they were upgraded.
type webSocket struct{ *ws.Listener }

// newWebSocket returns a WebSocket listener above l.
func (s *Server) newWebSocket(l net.Listener, cfg ws.Config) net.Listener {
	if s.slots.off() {
		return ws.NewListener(l, cfg)
	}
	g := &gate{Listener: l, server: s, slots: make(map[net.Conn]slot)}
	cfg.Ended = g.ended
	return webSocket{ws.NewListener(g, cfg)}
}

// gate accepts only connections for which there is a slot.
type gate struct {
	net.Listener
	server *Server

	mu    sync.Mutex
	slots map[net.Conn]slot // of what was accepted and has not ended
}

// Accept returns the next connection that has a slot.
func (g *gate) Accept() (net.Conn, error) {
	for {
		nc, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		sl, ok := g.server.slots.take(nc.RemoteAddr())
		if !ok {
			g.server.reject(nc)
			continue
		}
		g.mu.Lock()
		g.slots[nc] = sl
		g.mu.Unlock()
		return nc, nil
	}
}

func (g *gate) ended(nc net.Conn) {
	g.mu.Lock()
	sl, ok := g.slots[nc]
	delete(g.slots, nc)
	g.mu.Unlock()
	if ok {
		g.server.slots.giveBack(sl)
	}
}
