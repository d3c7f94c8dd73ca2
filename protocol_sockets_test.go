package nano_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lonng/nano"
)

// All clients in one chat again, over sockets of the real network.
func TestAllClientsChatOverSockets(t *testing.T) {
	room, opts := protoChat()
	srv := nano.New(append(opts, protoLog(t))...)
	room.register(srv)
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	cert := protoCertificate(t)
	listeners := []net.Listener{
		listen(),
		srv.WebSocket(listen()),
		tls.NewListener(listen(), cert),
		srv.WebSocket(tls.NewListener(listen(), cert)),
	}
	served := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { served <- srv.Serve(t.Context(), l) }()
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		for range listeners {
			if err := <-served; err != nil {
				t.Error(err)
			}
		}
	})
	dial := func(i int) net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", listeners[i].Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if i >= 2 {
			conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
		}
		if i%2 == 1 {
			return upgradeProto(t, conn)
		}
		return conn
	}
	party := &protoParty{t: t}
	for _, family := range protoFamilies {
		for i := range listeners {
			party.join(family(t, dial(i)))
		}
	}
	party.say("short")
	party.say(strings.Repeat("long ", 5000))
	party.stumble()
}

// protoCertificate returns the TLS configuration of a server with the certificate that httptest's have.
func protoCertificate(t *testing.T) *tls.Config {
	s := httptest.NewTLSServer(nil)
	t.Cleanup(s.Close)
	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12}
}
