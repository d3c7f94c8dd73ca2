package ws

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/lonng/nano/internal/memnet"
)

// client is a WebSocket client that writes what bytes it likes.
type client struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

const testKey = "dGhlIHNhbXBsZSBub25jZQ=="

// request is an upgrade request; header holds further lines.
func request(path, header string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: game.example\r\nConnection: keep-alive, Upgrade\r\n" +
		"Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + testKey + "\r\n" + header + "\r\n"
}

func newClient(t *testing.T, conn net.Conn) *client {
	return &client{Conn: conn, t: t, r: bufio.NewReader(conn)}
}

// response reads an HTTP response.
func (c *client) response() *http.Response {
	c.t.Helper()
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		c.t.Fatalf("no response: %v", err)
	}
	return resp
}

// upgrade sends an upgrade request, with what goes behind it, and checks the
// answer.
func (c *client) upgrade(path, header string, behind ...byte) *client {
	c.t.Helper()
	c.send([]byte(request(path, header)), behind)
	resp := c.response()
	sum := sha1.Sum([]byte(testKey + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	if got := resp.Header.Get("Sec-WebSocket-Accept"); resp.StatusCode != 101 ||
		got != base64.StdEncoding.EncodeToString(sum[:]) {
		c.t.Fatalf("status %d, accept %q", resp.StatusCode, got)
	}
	return c
}

func (c *client) send(frames ...[]byte) {
	c.t.Helper()
	if _, err := c.Write(bytes.Join(frames, nil)); err != nil {
		c.t.Errorf("client: %v", err)
	}
}

// frame reads a frame from the server.
func (c *client) frame() (op ws.OpCode, payload []byte) {
	c.t.Helper()
	h, err := ws.ReadHeader(c.r)
	if err == nil {
		payload = make([]byte, h.Length)
		_, err = io.ReadFull(c.r, payload)
	}
	if err != nil {
		c.t.Fatalf("client: no frame: %v", err)
	}
	if !h.Fin || h.Masked || h.Rsv != 0 {
		c.t.Errorf("the server sent %+v", h)
	}
	return h.OpCode, payload
}

// wantFrame reads a frame and compares it.
func (c *client) wantFrame(op ws.OpCode, payload string) {
	c.t.Helper()
	if o, p := c.frame(); o != op || string(p) != payload {
		c.t.Errorf("frame %#x %.80q, want %#x %.80q", byte(o), p, byte(op), payload)
	}
}

// wantClose reads a close frame and then the end.
func (c *client) wantClose(code uint16) {
	c.t.Helper()
	op, p := c.frame()
	if op != ws.OpClose || len(p) < 2 || binary.BigEndian.Uint16(p) != code {
		c.t.Errorf("frame %#x %q, want a close frame with %d", byte(op), p, code)
	}
	c.wantEnd()
}

func (c *client) wantEnd() {
	c.t.Helper()
	if n, err := c.r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		c.t.Errorf("after the close frame: %d bytes, %v", n, err)
	}
}

// wantSessionEnd reads what answers session: a pong for each ping or, when they
// came together, for the last one, and the close frame.
func (c *client) wantSessionEnd() {
	c.t.Helper()
	op, p := c.frame()
	if op == ws.OpPong && string(p) == "are you there" {
		op, p = c.frame()
	}
	if op != ws.OpPong || len(p) > 0 {
		c.t.Errorf("frame %#x %q, want the last pong", byte(op), p)
	}
	c.wantFrame(ws.OpClose, "\x03\xe8")
	c.wantEnd()
}

// fragment is a client's frame; opAnd may hold fin and the reserved bits.
func fragment(opAnd byte, payload string) []byte {
	h := appendHeader(nil, 0, len(payload))
	h[0] = opAnd
	h[1] |= 0x80
	mask := [4]byte{0x1f, 0xa2, 0x33, 0xc4}
	h = append(h, mask[:]...)
	body := []byte(payload)
	for i := range body {
		body[i] ^= mask[i&3]
	}
	return append(h, body...)
}

const fin = 0x80

func binaryFrame(payload string) []byte { return fragment(fin|byte(ws.OpBinary), payload) }

func closeFrame(code uint16, reason string) []byte {
	return fragment(fin|byte(ws.OpClose), string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

// server is a Listener over memory.
type server struct {
	*Listener
	t     *testing.T
	inner *memnet.Listener
}

func listen(t *testing.T, c Config) *server { return listenSize(t, c, 1<<20) }

func listenSize(t *testing.T, c Config, size int) *server {
	inner := memnet.ListenSize("ws", size)
	s := &server{Listener: NewListener(inner, c), t: t, inner: inner}
	t.Cleanup(func() { s.Close() })
	return s
}

// dial connects without a request.
func (s *server) dial() *client {
	s.t.Helper()
	conn, err := s.inner.Dial(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	return newClient(s.t, conn)
}

func (s *server) accept() *Conn {
	s.t.Helper()
	conn, err := s.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	return conn.(*Conn)
}

// pair is an upgraded connection.
func (s *server) pair() (*client, *Conn) {
	s.t.Helper()
	c := s.dial().upgrade("/", "")
	return c, s.accept()
}

// wantRead reads what there is to read.
func wantRead(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Errorf("read %.80q, %v, want %.80q", got, err, want)
	}
}

func wantReadError(t *testing.T, r io.Reader, want error) {
	t.Helper()
	for range 2 {
		if n, err := r.Read(make([]byte, 100)); n != 0 || err != want {
			t.Errorf("Read: %d, %v, want %v", n, err, want)
		}
	}
}

// soon is a deadline for tests over sockets, whose clock is real.
func soon() time.Time { return time.Now().Add(20 * time.Second) }
