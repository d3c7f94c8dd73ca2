package nano_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/internal/memnet"
	"github.com/lonng/nano/transport/ws"
	"github.com/lonng/nano/wire"
)

// door is a server over a listener in memory, for connections from chosen addresses.
type door struct {
	*nano.Server
	t *testing.T
	l *memnet.Listener
}

// newDoor serves what wrap makes of the listener; nil: the listener itself.
func newDoor(t *testing.T, wrap func(*nano.Server, net.Listener) net.Listener, opts ...nano.Option) *door {
	t.Helper()
	d := &door{nano.New(append(opts, newLogBook().option())...), t, memnet.Listen("door")}
	serveEcho(d.Server)
	var l net.Listener = d.l
	if wrap != nil {
		l = wrap(d.Server, l)
	}
	served := make(chan error, 1)
	go func() { served <- d.Serve(context.Background(), l) }()
	t.Cleanup(func() { must(t, d.Shutdown(context.Background()), <-served) })
	return d
}

func webSocketDoor(s *nano.Server, l net.Listener) net.Listener { return s.WebSocket(l) }

// from connects from an address.
func (d *door) from(addr string) net.Conn {
	d.t.Helper()
	var a net.Addr
	if addr != "" {
		a = net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr))
	}
	conn, err := d.l.DialFrom(d.t.Context(), a)
	must(d.t, err)
	d.t.Cleanup(func() { conn.Close() })
	synctest.Wait()
	return conn
}

// isOpen reports whether the server keeps a connection, on which it has sent nothing.
func isOpen(t *testing.T, conn net.Conn) bool {
	t.Helper()
	synctest.Wait()
	must(t, conn.SetReadDeadline(time.Now().Add(time.Nanosecond)))
	_, err := conn.Read(make([]byte, 1))
	must(t, conn.SetReadDeadline(time.Time{}))
	netErr, ok := err.(net.Error)
	return ok && netErr.Timeout()
}

// want fails the test unless the connections from addresses, made in turn, are kept as said.
func (d *door) want(rejected int64, kept map[string]bool, addrs ...string) []net.Conn {
	d.t.Helper()
	var conns []net.Conn
	for _, a := range addrs {
		conn := d.from(a)
		if open := isOpen(d.t, conn); open != kept[a] {
			d.t.Errorf("from %q: open %v", a, open)
		}
		conns = append(conns, conn)
	}
	if st := d.Stats(); st.Rejected != rejected {
		d.t.Errorf("%d rejected, want %d", st.Rejected, rejected)
	}
	return conns
}

func TestMaxConnections(t *testing.T) {
	for name, wrap := range map[string]func(*nano.Server, net.Listener) net.Listener{"stream": nil, "websocket": webSocketDoor} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDoor(t, wrap, nano.WithMaxConnections(3), nano.WithHandshakeTimeout(time.Hour))
				var conns []net.Conn
				for range 3 {
					conns = append(conns, d.from(""))
				}
				for _, c := range conns {
					if !isOpen(t, c) {
						t.Error("one of the first is closed")
					}
				}
				for i := range int64(3) {
					if isOpen(t, d.from("")) || d.Stats().Rejected != i+1 {
						t.Errorf("one too many is open: %+v", d.Stats())
					}
				}
				conns[0].Close() // and its slot is free
				synctest.Wait()
				if again := d.from(""); !isOpen(t, again) || isOpen(t, d.from("")) {
					t.Error("the slot was not given back, or twice")
				}
			})
		})
	}
}

// A slot is held until the connection has ended, with what is sent at the end.
func TestSlotIsGivenBackAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil, nano.WithMaxConnections(1))
		c := newPressClient(t, d.from("")).shake()
		c.checkEcho(1, "echo")
		for s := range d.Sessions() {
			must(t, s.Kick("out", "x"))
		}
		if isOpen(t, d.from("")) {
			t.Error("the slot was given back while the client was there")
		}
		c.wantKick("out")
		c.Close()
		synctest.Wait()
		newPressClient(t, d.from("")).shake().checkEcho(1, "echo")
		if st := d.Stats(); st.Connections != 1 || st.Accepted != 2 || st.Rejected != 1 {
			t.Errorf("%+v", st)
		}
	})
}

func TestMaxConnectionsPerAddr(t *testing.T) {
	for name, wrap := range map[string]func(*nano.Server, net.Listener) net.Listener{"stream": nil, "websocket": webSocketDoor} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDoor(t, wrap, nano.WithMaxConnectionsPerAddr(2), nano.WithHandshakeTimeout(time.Hour))
				yes := func(addrs ...string) map[string]bool {
					m := make(map[string]bool)
					for _, a := range addrs {
						m[a] = true
					}
					return m
				}
				first := []string{"10.0.0.1:1", "10.0.0.1:2"}
				conns := d.want(0, yes(first...), first...)
				d.want(2, nil, "10.0.0.1:3", "[::ffff:10.0.0.1]:4") // the same address
				others := []string{"10.0.0.2:1", "[::ffff:10.0.0.2]:1", "10.0.0.3:1"}
				d.want(2, yes(others...), others...)
				d.want(3, nil, "10.0.0.2:3")
				v6 := []string{"[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff:ffff:ffff:ffff]:1"}
				d.want(3, yes(v6...), v6...)
				d.want(5, nil, "[2001:db8:1:2:3::9]:1", "[2001:db8:1:2::1%eth0]:1")
				d.want(5, yes("[2001:db8:1:3::1]:1"), "[2001:db8:1:3::1]:1")
				for range 10 { // without an IP address
					if !isOpen(t, d.from("")) {
						t.Error("one without an address was closed")
					}
				}
				conns[1].Close()
				synctest.Wait()
				d.want(5, yes("10.0.0.1:9"), "10.0.0.1:9")
				d.want(6, nil, "10.0.0.1:10")
			})
		})
	}
}

// Both bounds at once: a connection that the one rejects does not count for the other.
func TestBothConnectionLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil, nano.WithMaxConnections(3), nano.WithMaxConnectionsPerAddr(2))
		for _, test := range []struct {
			addr string
			open bool
		}{{"10.0.0.1:1", true}, {"10.0.0.1:2", true}, {"10.0.0.1:3", false}, {"10.0.0.2:1", true}, {"10.0.0.3:1", false}} {
			if open := isOpen(t, d.from(test.addr)); open != test.open {
				t.Errorf("%s: open %v", test.addr, open)
			}
		}
		pass(12 * time.Second) // no handshake comes
		for _, c := range []struct {
			addr string
			open bool
		}{{"10.0.0.3:1", true}, {"10.0.0.3:2", true}, {"10.0.0.3:3", false}, {"10.0.0.4:1", true}, {"10.0.0.5:1", false}} {
			if open := isOpen(t, d.from(c.addr)); open != c.open {
				t.Errorf("later, %s: open %v", c.addr, open)
			}
		}
	})
}

// What comes over HTTP has slots too, whatever becomes of it, and an upgraded connection has one slot, not two.
func TestWebSocketSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mux http.ServeMux
		mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "fine") })
		d := newDoor(t, webSocketDoor, nano.WithHTTP(&mux), nano.WithMaxConnectionsPerAddr(2))
		const addr = "10.0.0.1:1"
		for range 5 {
			a, b := newPressClient(t, upgradeProto(t, d.from(addr))).shake(), newPressClient(t, upgradeProto(t, d.from(addr))).shake()
			a.checkEcho(1, "echo")
			b.checkEcho(1, "side")
			if isOpen(t, d.from(addr)) {
				t.Error("a third is open")
			}
			for s := range d.Sessions() {
				s.Close()
			}
			a.wantEnd()
			b.wantEnd()
			a.Close()
			b.Close()
			synctest.Wait()

			idle := d.from(addr)
			if got := page(t, d.l, "/page"); got != "200 OK: fine" { // from no address
				t.Error(got)
			}
			busy := d.from(addr)
			writeAll(t, busy, []byte("GET /page HTTP/1.1\r\nHost: x\r\n\r\n"))
			synctest.Wait()
			if isOpen(t, d.from(addr)) {
				t.Error("a third is open")
			}
			idle.Close()
			busy.Close()
			synctest.Wait()
			forbidden := d.from(addr)
			writeAll(t, forbidden, []byte("GET / HTTP/1.1\r\nHost: x\r\nOrigin: http://evil\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"))
			synctest.Wait()
			forbidden.Close()
			synctest.Wait()
		}
		if st := d.Stats(); st.Rejected != 10 || st.Connections != 0 || st.Accepted != 10 {
			t.Errorf("%+v", st)
		}
	})
}

// A WebSocket listener that is not the server's own is counted when it hands over connections, and keeps its ways.
func TestForeignWebSocketSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, func(_ *nano.Server, l net.Listener) net.Listener { return ws.NewListener(l, ws.Config{}) }, nano.WithMaxConnections(1))
		d.from("") // is not upgraded and does not count
		c := newPressClient(t, upgradeProto(t, d.from(""))).shake()
		c.checkEcho(1, "echo")
		if other := upgradeProto(t, d.from("")); isOpen(t, other.Conn) {
			t.Error("a second is open")
		}
		for s := range d.Sessions() {
			s.Close()
		}
		if c.wantEnd(); c.Conn.(*protoWS).closeCode() != 1000 {
			t.Error("no close frame")
		}
		c.Close()
		synctest.Wait()
		newPressClient(t, upgradeProto(t, d.from(""))).shake().checkEcho(1, "echo")
	})
}

// By default, and for 0 and below, everybody is let in.
func TestNoConnectionLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil, nano.WithMaxConnections(-1), nano.WithMaxConnectionsPerAddr(0))
		for range 100 {
			d.from("10.0.0.1:1")
		}
		if st := d.Stats(); st.Connections != 100 || st.Rejected != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// Through sockets, in real time.
func TestMaxConnectionsSockets(t *testing.T) {
	h := newPressHost(t, nano.WithMaxConnectionsPerAddr(4))
	serveEcho(h.Server)
	h.start()
	clients := []*pressClient{h.tcp().shake(), h.ws().shake(), h.tcp().shake(), h.ws().shake()}
	for _, l := range []net.Listener{h.stream, h.web} {
		if tryShake(t, l) {
			t.Error("a fifth connection is served")
		}
	}
	if n := h.Stats().Rejected; n != 2 {
		t.Errorf("%d rejected", n)
	}
	for _, c := range clients {
		c.checkEcho(1, "side")
		c.Close()
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 10_000 { // the slots are given back in a moment
		if tryShake(t, h.stream) {
			return
		}
		<-tick.C
	}
	t.Error("no slot was given back")
}

// tryShake reports whether a new connection gets an answer, be it that its handshake makes no sense.
func tryShake(t *testing.T, l net.Listener) bool {
	t.Helper()
	nc, err := net.Dial("tcp", l.Addr().String())
	must(t, err)
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = nc.Write(pack(wire.PacketHandshake, "{}"))
	n, err := nc.Read(make([]byte, 100))
	if err, ok := err.(net.Error); ok && err.Timeout() {
		t.Error("neither closed nor answered")
	}
	return n > 0
}
