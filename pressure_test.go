package nano_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// pressHost is a server over sockets, in real time.
type pressHost struct {
	*nano.Server
	t                   testing.TB
	stream, web, secure net.Listener
	client              *tls.Config // of clients of secure
	served              sync.WaitGroup
}

// newPressHost returns a server whose log is dropped. start serves it.
func newPressHost(t testing.TB, opts ...nano.Option) *pressHost {
	opts = append([]nano.Option{nano.WithSlog(slog.New(slog.DiscardHandler))}, opts...)
	return &pressHost{Server: nano.New(opts...), t: t}
}

// start serves TCP, WebSocket and TLS until the test has ended.
func (h *pressHost) start() *pressHost {
	h.t.Helper()
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(h.t, err)
		return l
	}
	h.stream, h.web, h.secure = listen(), listen(), listen()
	serve := func(l net.Listener) {
		h.served.Go(func() {
			if err := h.Serve(context.Background(), l); err != nil {
				h.t.Errorf("Serve: %v", err)
			}
		})
	}
	serve(h.stream)
	serve(h.WebSocket(h.web))
	cert, client := certificate(h.t.(*testing.T))
	h.client = client
	serve(tls.NewListener(h.secure, &tls.Config{Certificates: []tls.Certificate{cert}}))
	h.t.Cleanup(h.end)
	return h
}

func (h *pressHost) end() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := h.Shutdown(ctx); err != nil {
		h.t.Errorf("Shutdown: %v", err)
	}
	h.served.Wait()
	if st := h.Stats(); st.Connections != 0 || st.Sessions != 0 || st.LoopQueue != 0 {
		h.t.Errorf("left behind: %+v", st)
	}
}

// dialTCP connects a socket.
func (h *pressHost) dialTCP() *net.TCPConn {
	h.t.Helper()
	nc, err := net.Dial("tcp", h.stream.Addr().String())
	must(h.t, err)
	return nc.(*net.TCPConn)
}

func (h *pressHost) tcp() *pressClient { return newPressClient(h.t, h.dialTCP()) }

func (h *pressHost) ws() *pressClient {
	h.t.Helper()
	nc, err := net.Dial("tcp", h.web.Addr().String())
	must(h.t, err)
	return newPressClient(h.t, upgradeProto(h.t.(*testing.T), nc))
}

func (h *pressHost) tls() *pressClient {
	h.t.Helper()
	nc, err := tls.Dial("tcp", h.secure.Addr().String(), h.client)
	must(h.t, err)
	return newPressClient(h.t, nc)
}

// pressTransports are the ways to a pressHost.
var pressTransports = map[string]func(*pressHost) *pressClient{
	"tcp": (*pressHost).tcp, "websocket": (*pressHost).ws, "tls": (*pressHost).tls,
}

// pressClient is a client that reads when it is told to.
type pressClient struct {
	net.Conn
	t    testing.TB
	in   *bufio.Reader
	body []byte
}

func newPressClient(t testing.TB, nc net.Conn) *pressClient {
	c := &pressClient{Conn: nc, t: t, in: bufio.NewReaderSize(nc, 32<<10)}
	t.Cleanup(func() { nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(time.Minute)) // of a bubble, or of a test that hangs
	return c
}

// packet returns the next packet, whose body is good until the next call, or how the connection ended.
func (c *pressClient) packet() (wire.Packet, error) {
	var head [wire.HeaderLen]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return wire.Packet{}, err
	}
	n := int(head[1])<<16 | int(head[2])<<8 | int(head[3])
	if cap(c.body) < n {
		c.body = make([]byte, n)
	}
	c.body = c.body[:n]
	_, err := io.ReadFull(c.in, c.body)
	return wire.Packet{Type: wire.PacketType(head[0]), Body: c.body}, err
}

// message returns the next message; heartbeats are answered.
func (c *pressClient) message() (wire.MessageView, error) {
	for {
		p, err := c.packet()
		switch {
		case err != nil:
			return wire.MessageView{}, err
		case p.Type == wire.PacketHeartbeat:
			c.send(pack(wire.PacketHeartbeat, ""))
		case p.Type == wire.PacketData:
			return wire.ParseMessage(p.Body)
		default:
			return wire.MessageView{}, fmt.Errorf("a %v: %s", p.Type, p.Body)
		}
	}
}

// want returns the payload of the next message.
func (c *pressClient) want(t wire.Type, id uint64, route string) []byte {
	c.t.Helper()
	m, err := c.message()
	if err != nil || m.Type != t || m.ID != id || string(m.Route) != route {
		c.t.Fatalf("%v %d %q %.100q, %v, want %v %d %q", m.Type, m.ID, m.Route, m.Payload, err, t, id, route)
	}
	return m.Payload
}

// send writes what the server may no longer want.
func (c *pressClient) send(parts ...[]byte) {
	for _, b := range parts {
		_, _ = c.Write(b)
	}
}

// shake does the handshake.
func (c *pressClient) shake() *pressClient {
	c.t.Helper()
	c.send(pack(wire.PacketHandshake, "{}"))
	if p, err := c.packet(); err != nil || p.Type != wire.PacketHandshake {
		c.t.Fatalf("%v %q, %v, want a handshake", p.Type, p.Body, err)
	}
	c.send(pack(wire.PacketAck, ""))
	return c
}

// wantEnd reads on to the end, which must not be a reset, and returns the body of the kick before it.
func (c *pressClient) wantEnd() (kick string) {
	c.t.Helper()
	for {
		p, err := c.packet()
		if err != nil {
			if err != io.EOF {
				c.t.Errorf("the connection ended with %v", err)
			}
			return kick
		}
		if kick != "" {
			c.t.Errorf("a %v after the kick", p.Type)
		}
		if p.Type == wire.PacketKick {
			kick = string(p.Body)
		}
	}
}

// wantKick wants the end, with a kick of a code.
func (c *pressClient) wantKick(code string) (reason string) {
	c.t.Helper()
	kick := c.wantEnd()
	if kick == "" {
		c.t.Errorf("the connection ended without a kick, want %q", code)
		return ""
	}
	return wantKick(c.t.(*testing.T), []byte(kick), code)
}

// serveEcho serves "echo" on the loop, and "side" beside it.
func serveEcho(s *nano.Server) {
	echo := func(_ context.Context, b *[]byte) (*[]byte, error) { return b, nil }
	nano.Handle(s, "echo", echo)
	nano.Handle(s, "side", echo, component.Concurrent())
}

// checkEcho asks once and gets its answer.
func (c *pressClient) checkEcho(id uint64, route string) {
	c.t.Helper()
	c.send(packRequest(id, route, fmt.Sprint(id)))
	if got := c.want(wire.Response, id, ""); string(got) != fmt.Sprint(id) {
		c.t.Errorf("answer %q to %d", got, id)
	}
}

// endsOf has the reason of each session that ends sent to the channel.
func endsOf(s *nano.Server) chan error {
	ends := make(chan error, 10_000)
	s.OnSessionClosed(func(s *session.Session) { ends <- s.Err() })
	return ends
}

// wantReason wants a session to have ended for a reason.
func wantReason(t testing.TB, ends <-chan error, code string) {
	t.Helper()
	select {
	case err := <-ends:
		if e, ok := errors.AsType[*nano.Error](err); !ok || e.Code != code {
			t.Errorf("the session ended with %v, want %q", err, code)
		}
	case <-time.After(time.Minute):
		t.Fatalf("no session ended, want %q", code)
	}
}

// 32 requests in one write get 32 answers, in order.
func TestPressurePipelined(t *testing.T) {
	h := newPressHost(t)
	serveEcho(h.Server)
	h.start()
	for name, dial := range pressTransports {
		t.Run(name, func(t *testing.T) {
			for _, route := range []string{"echo", "side"} {
				c := dial(h).shake()
				for round := range uint64(20) {
					var burst []byte
					for i := range uint64(32) {
						burst = append(burst, packRequest(32*round+i+1, route, fmt.Sprint(i))...)
					}
					c.send(burst)
					for i := range uint64(32) {
						if got := c.want(wire.Response, 32*round+i+1, ""); string(got) != fmt.Sprint(i) {
							t.Fatalf("answer %q to %d", got, i)
						}
					}
				}
				c.Close()
			}
		})
	}
}

// 100,000 pushes of up to 100 bytes made back to back arrive at a client that reads, all and in order.
func TestPressurePushes(t *testing.T) {
	pushes := 100_000
	if testing.Short() {
		pushes = 20_000
	}
	h := newPressHost(t)
	nano.Handle(h.Server, "flood", func(ctx context.Context, _ *[]byte) (*[]byte, error) {
		s := session.FromContext(ctx)
		r := rand.New(rand.NewPCG(1, 2))
		b := make([]byte, 100)
		for i := range pushes {
			binary.BigEndian.PutUint32(b, uint32(i))
			n := 4 + r.IntN(97)
			b[n-1] = byte(n)
			if err := s.Push("p", b[:n]); err != nil {
				return nil, err
			}
		}
		return &[]byte{}, nil
	})
	h.start()
	for name, dial := range pressTransports {
		t.Run(name, func(t *testing.T) {
			c := dial(h).shake()
			c.send(packRequest(1, "flood", ""))
			r := rand.New(rand.NewPCG(1, 2))
			for i := range pushes {
				got := c.want(wire.Push, 0, "p")
				n := 4 + r.IntN(97)
				if len(got) != n || n > 4 && (binary.BigEndian.Uint32(got) != uint32(i) || got[n-1] != byte(n)) {
					t.Fatalf("push %d is %x", i, got)
				}
			}
			c.want(wire.Response, 1, "")
			c.Close()
		})
	}
}
