package agent

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano/internal/leaktest"
	"github.com/lonng/nano/internal/mailbox"
	"github.com/lonng/nano/internal/memnet"
	"github.com/lonng/nano/internal/sendq"
	"github.com/lonng/nano/serialize/json"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// TestMain fails the run when a goroutine of this package outlives its test.
func TestMain(m *testing.M) { os.Exit(leaktest.Run(m, "internal/agent.")) }

// rig is a Server whose connections are pipes.
type rig struct {
	*Server
	t  testing.TB
	wg sync.WaitGroup

	mu     sync.Mutex
	opened []*Conn
	ends   map[*Conn][]error // what Closed was called with
}

// inline is the executor of handlers that run on the reader.
type inline struct{}

// newRig returns a rig whose handlers echo requests, unless change says otherwise.
func newRig(t testing.TB, change func(*Config)) *rig {
	r := &rig{t: t, ends: make(map[*Conn][]error)}
	cfg := Config{
		Log:              slog.New(slog.DiscardHandler),
		Serializer:       json.NewSerializer(),
		IDs:              session.NewIDs(time.Now()),
		Heartbeat:        30 * time.Second,
		HandshakeTimeout: 10 * time.Second,
		WriteTimeout:     10 * time.Second,
		MaxPacket:        wire.DefaultLimit,
		Queue:            sendq.Limits{Soft: 1 << 20, SoftTime: 5 * time.Second, Hard: 16 << 20},
		InFlight:         mailbox.Bounds{Messages: 256, Bytes: 1 << 20},
		Dispatch:         echo,
		RPC:              func(*Conn, string, any) error { return nil },
		Opened: func(c *Conn) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.opened = append(r.opened, c)
		},
		Closed: func(c *Conn, reason error) {
			r.mu.Lock()
			r.ends[c] = append(r.ends[c], reason)
			r.mu.Unlock()
			c.Owner().Release()
		},
	}
	if change != nil {
		change(&cfg)
	}
	r.Server = NewServer(cfg)
	return r
}

// echo answers a request, and a notify with a push, on the reader.
func echo(c *Conn, m *wire.MessageView) {
	if !c.Box().Enter(inline{}, m.ID, len(m.Payload)) {
		return
	}
	defer c.Box().Leave(len(m.Payload))
	c.Begin(m.ID)
	if m.Type == wire.Notify {
		_ = c.Push(string(m.Route), m.Payload)
		return
	}
	_ = c.ResponseMid(m.ID, m.Payload)
}

// connect serves one end of a pipe of size bytes, 0 for many, and returns the other.
func (r *rig) connect(size int) *peer {
	p, nc := r.pipe(size)
	r.wg.Go(func() { r.Serve(nc) })
	return p
}

func (r *rig) pipe(size int) (*peer, net.Conn) {
	a, b := memnet.Pipe(size)
	return &peer{Conn: a, t: r.t}, b
}

// working returns a connection that has had its handshake, and the server's end of it.
func (r *rig) working(size int) (*peer, *Conn) {
	r.t.Helper()
	p := r.connect(size)
	p.shake()
	p.want(wire.PacketHeartbeat)
	r.mu.Lock()
	defer r.mu.Unlock()
	return p, r.opened[len(r.opened)-1]
}

// end kicks what is left and waits. It fails when a session did not end once, or anything is left behind.
func (r *rig) end() {
	r.t.Helper()
	r.End(wire.NewError(wire.KickShutdown, "bye"))
	r.wg.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.opened {
		if n := len(r.ends[c]); n != 1 {
			r.t.Errorf("a session was closed %d times", n)
		}
		checkEnded(r.t, c)
	}
	if n := r.Len(); n != 0 {
		r.t.Errorf("%d connections left", n)
	}
	checkEmpty(r.t, &r.beats)
}

func checkEnded(t testing.TB, c *Conn) {
	t.Helper()
	messages, size := c.box.Len()
	if c.in.buf != nil || c.q.Len() != 0 || c.beat.in || c.early != nil || messages != 0 || size != 0 {
		t.Errorf("an ended connection holds a read buffer (%v), %d queued bytes, a beat (%v), %d early bytes, %d messages of %d bytes",
			c.in.buf != nil, c.q.Len(), c.beat.in, len(c.early), messages, size)
	}
}

// reason returns why the only session, or the last one, ended.
func (r *rig) reason() *wire.Error {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	ends := r.ends[r.opened[len(r.opened)-1]]
	if len(ends) != 1 {
		r.t.Fatalf("the session was closed %d times", len(ends))
	}
	e, ok := errors.AsType[*wire.Error](ends[0])
	if !ok {
		r.t.Fatalf("the session ended with %v", ends[0])
	}
	return e
}

// peer is a client that says what a test wants it to.
type peer struct {
	*memnet.Conn
	t   testing.TB
	got []byte
}

func (p *peer) send(b ...[]byte) {
	p.t.Helper()
	if _, err := p.Write(bytes.Join(b, nil)); err != nil {
		p.t.Fatalf("client: %v", err)
	}
}

func (p *peer) shake() {
	p.t.Helper()
	p.send(packet(wire.PacketHandshake, "{}"))
	p.want(wire.PacketHandshake)
	p.send(packet(wire.PacketAck, ""))
}

// next returns the next packet, or how the connection ended.
func (p *peer) next() (wire.Packet, error) {
	for {
		pk, rest, err := wire.ParsePacket(p.got, wire.MaxBody)
		if err == nil {
			p.got = rest
			return pk, nil
		}
		buf := make([]byte, 4<<10)
		n, err := p.Read(buf)
		if err != nil {
			return wire.Packet{}, err
		}
		p.got = append(p.got, buf[:n]...)
	}
}

// want returns the body of the next packet, which must be of a type.
func (p *peer) want(t wire.PacketType) string {
	p.t.Helper()
	pk, err := p.next()
	if err != nil || pk.Type != t {
		p.t.Fatalf("client: %v %q, %v, want a %v", pk.Type, pk.Body, err, t)
	}
	return string(pk.Body)
}

// wantKick reads on to a kick and the end of the stream.
func (p *peer) wantKick(code string) {
	p.t.Helper()
	for {
		pk, err := p.next()
		if err != nil {
			p.t.Fatalf("client: %v, want a kick", err)
		}
		if pk.Type != wire.PacketKick {
			continue
		}
		if !bytes.Contains(pk.Body, []byte(`"code":"`+code+`"`)) {
			p.t.Errorf("client: kicked with %s, want %q", pk.Body, code)
		}
		p.wantEnd()
		return
	}
}

func (p *peer) wantEnd() {
	p.t.Helper()
	if pk, err := p.next(); err != io.EOF {
		p.t.Errorf("client: %v %q, %v, want the end", pk.Type, pk.Body, err)
	}
}

// beatBack answers heartbeats and drops everything else until the connection ends.
func (p *peer) beatBack() {
	for {
		pk, err := p.next()
		if err != nil {
			return
		}
		if pk.Type == wire.PacketHeartbeat {
			if _, err := p.Write(packet(wire.PacketHeartbeat, "")); err != nil {
				return
			}
		}
	}
}

func packet(t wire.PacketType, body string) []byte {
	b, err := wire.AppendPacket(nil, t, []byte(body))
	if err != nil {
		panic(err)
	}
	return b
}

func message(h wire.Head, payload string) []byte {
	b, err := wire.AppendMessage(nil, h, []byte(payload))
	if err != nil {
		panic(err)
	}
	return packet(wire.PacketData, string(b))
}

func request(id uint64, payload string) []byte {
	return message(wire.Head{Type: wire.Request, ID: id, Route: "echo"}, payload)
}

// advance lets d of the bubble's time pass.
func advance(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

var _ net.Conn = (*peer)(nil)
