package load

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// Connections past the ports of one address come from the next.
func TestSourceAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	to := netip.MustParseAddrPort(l.Addr().String())
	d := &dialer{cfg: &Config{}, to: unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}}
	for i, want := range map[int]string{0: "127.0.0.1", 19_999: "127.0.0.1", 20_000: "127.0.0.2", 65_000: "127.0.0.4"} {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		c := &conn{fd: fd}
		if err := d.connect(c, i); err != nil {
			t.Fatal(err)
		}
		peer, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got := peer.RemoteAddr().(*net.TCPAddr).IP.String(); got != want {
			t.Errorf("connection %d comes from %s, want %s", i, got, want)
		}
		peer.Close()
		c.close()
	}
}

func TestDialErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	if _, err := Dial(t.Context(), Config{Addr: addr, Protocol: Nano{}, Conns: 3}); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("nobody listens: %v", err)
	}
	if _, err := Dial(t.Context(), Config{Addr: addr, Protocol: Nano{}, Conns: 1, Depth: 200}); err == nil {
		t.Error("too deep: no error")
	}
	if _, err := Dial(t.Context(), Config{Addr: addr, Protocol: Nano{}, Conns: 1, TLS: true, Work: Requests}); err == nil {
		t.Error("work over TLS: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Dial(ctx, Config{Addr: addr, Protocol: Nano{}, Conns: 3}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
