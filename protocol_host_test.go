package nano_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/internal/memnet"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/wire"
)

// protoHost is a server in memory that is reached by streams and by WebSockets.
type protoHost struct {
	*nanotest.Server
	t  *testing.T
	ws *memnet.Listener
}

func newProtoHost(t *testing.T, opts ...nano.Option) *protoHost {
	opts = append([]nano.Option{protoLog(t)}, opts...)
	return &protoHost{Server: nanotest.NewServer(t, opts...), t: t, ws: memnet.Listen("ws")}
}

// protoLog makes the server log to the test.
func protoLog(t *testing.T) nano.Option {
	return nano.WithSlog(slog.New(slog.NewTextHandler(t.Output(), nil)))
}

// start serves WebSockets too; handlers are registered before.
func (h *protoHost) start() *protoHost {
	h.t.Helper()
	served := make(chan error, 1)
	h.t.Cleanup(func() { // after the server's own
		if err := <-served; err != nil {
			h.t.Errorf("serving WebSockets: %v", err)
		}
	})
	h.Start()
	go func() { served <- h.Serve(context.Background(), h.WebSocket(h.ws)) }()
	return h
}

func (h *protoHost) dialStream() net.Conn { return h.DialRaw(h.t) }

func (h *protoHost) dialWS() *protoWS {
	h.t.Helper()
	conn, err := h.ws.Dial(context.Background())
	if err != nil {
		h.t.Fatal(err)
	}
	return upgradeProto(h.t, conn)
}

// Handshakes of the dialects.
const (
	protoNano   = `{"sys":{"type":"js-websocket","version":"0.0.1","rsa":{}},"user":{}}`
	protoPomelo = `{"sys":{"type":"c","version":"0.3.5","dictVersion":"x"}}`
	protoPitaya = `{"sys":{"platform":"mac","libVersion":"0.3.5-release","clientBuildNumber":"20","clientVersion":"2.1"},"user":{"age":30}}`
	protoLevel1 = `{"sys":{"type":"nano-ts","version":"1.0.0","nano":1}}`
)

var protoDialects = map[string]string{"nano": protoNano, "pomelo": protoPomelo, "pitaya": protoPitaya, "level1": protoLevel1}

// eachDialect runs a test in fake time for a client of each dialect.
func eachDialect(t *testing.T, test func(t *testing.T, handshake string)) {
	for name, handshake := range protoDialects {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, handshake) })
		})
	}
}

// protoPacket is a packet that came.
type protoPacket struct {
	wire.Packet
	at time.Time
}

// protoRaw is a client that says what a test tells it to and nothing else, in fake time.
type protoRaw struct {
	net.Conn
	t     *testing.T
	ended chan struct{}

	mu      sync.Mutex // guards what follows
	packets []protoPacket
	endedAt time.Time
}

func (h *protoHost) raw() *protoRaw { return newProtoRaw(h.t, h.dialStream()) }

func newProtoRaw(t *testing.T, conn net.Conn) *protoRaw {
	c := &protoRaw{Conn: conn, t: t, ended: make(chan struct{})}
	go c.read()
	t.Cleanup(func() {
		_ = conn.Close()
		<-c.ended
	})
	return c
}

func (c *protoRaw) read() {
	defer close(c.ended)
	defer c.Conn.Close()
	var got []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Conn.Read(buf)
		got = append(got, buf[:n]...)
		c.mu.Lock()
		for {
			p, rest, err := wire.ParsePacket(got, wire.MaxBody)
			if err != nil {
				break
			}
			c.packets = append(c.packets, protoPacket{p, time.Now()})
			got = rest[:len(rest):len(rest)] // what follows must not overwrite the body, a view
		}
		if err != nil {
			c.endedAt = time.Now()
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
	}
}

// send writes bytes. The server may have closed meanwhile.
func (c *protoRaw) send(parts ...[]byte) {
	for _, b := range parts {
		_, _ = c.Write(b)
	}
}

// came returns the packets that have come, once all is quiet, and forgets them.
func (c *protoRaw) came() []protoPacket {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	packets := c.packets
	c.packets = nil
	return packets
}

// next returns the next packet, which must be of a type.
func (c *protoRaw) next(want wire.PacketType) protoPacket {
	c.t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.packets) == 0 {
		c.t.Fatalf("no %v came", want)
	}
	p := c.packets[0]
	if p.Type != want {
		c.t.Fatalf("a %v came and not a %v: %q", p.Type, want, p.Body)
	}
	c.packets = c.packets[1:]
	return p
}

// quiet fails the test when a packet has come.
func (c *protoRaw) quiet() {
	c.t.Helper()
	for _, p := range c.came() {
		c.t.Errorf("a %v came: %.100q", p.Type, p.Body)
	}
}

// message returns the next message.
func (c *protoRaw) message() wire.MessageView {
	c.t.Helper()
	m, err := wire.ParseMessage(c.next(wire.PacketData).Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

// isOpen reports whether the connection is open, once all is quiet.
func (c *protoRaw) isOpen() bool {
	synctest.Wait()
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// wantEnd wants the connection to have ended, with a kick of a code and nothing else, or without anything when code is "".
func (c *protoRaw) wantEnd(code string) (reason string) {
	c.t.Helper()
	packets := c.came()
	if c.isOpen() {
		c.t.Error("the connection is open")
	}
	if code == "" {
		if len(packets) > 0 {
			c.t.Errorf("a %v came: %q", packets[0].Type, packets[0].Body)
		}
		return ""
	}
	if len(packets) != 1 || packets[0].Type != wire.PacketKick {
		c.t.Errorf("%d packets came and not one kick: %v", len(packets), packets)
		return ""
	}
	return wantKick(c.t, packets[0].Body, code)
}

func wantKick(t *testing.T, body []byte, code string) (reason string) {
	t.Helper()
	var k map[string]string
	if err := json.Unmarshal(body, &k); err != nil || len(k) != 2 || k["code"] != code {
		t.Errorf("kick %q, %v, want the code %q", body, err, code)
	}
	return k["reason"]
}

// shake does the handshake and returns its reply. The first heartbeat is taken, if there are any.
func (c *protoRaw) shake(handshake string) (reply string) {
	c.t.Helper()
	c.send(pack(wire.PacketHandshake, handshake))
	reply = string(c.next(wire.PacketHandshake).Body)
	if !strings.HasPrefix(reply, `{"code":200`) {
		c.t.Fatalf("refused: %s", reply)
	}
	c.send(pack(wire.PacketAck, ""))
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.packets) > 0 && c.packets[0].Type == wire.PacketHeartbeat {
		c.packets = c.packets[1:]
	}
	return reply
}

// shaken returns a client that has shaken hands.
func (h *protoHost) shaken(handshake string) *protoRaw {
	h.t.Helper()
	c := h.raw()
	c.shake(handshake)
	return c
}

func pack(t wire.PacketType, body string) []byte {
	b, err := wire.AppendPacket(nil, t, []byte(body))
	if err != nil {
		panic(err)
	}
	return b
}

// packMessage returns a data packet.
func packMessage(h wire.Head, payload string) []byte {
	b, err := wire.AppendMessage(nil, h, []byte(payload))
	if err != nil {
		panic(err)
	}
	return pack(wire.PacketData, string(b))
}

func packRequest(id uint64, route, payload string) []byte {
	return packMessage(wire.Head{Type: wire.Request, ID: id, Route: route}, payload)
}

func packNotify(route, payload string) []byte {
	return packMessage(wire.Head{Type: wire.Notify, Route: route}, payload)
}

// sameJSON compares JSON with its numbers as they are written.
func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	decode := func(s string) (v any) {
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		if err := d.Decode(&v); err != nil || d.More() {
			t.Errorf("%q is no JSON: %v", s, err)
		}
		return v
	}
	if !reflect.DeepEqual(decode(got), decode(want)) {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// pass lets fake time pass.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
