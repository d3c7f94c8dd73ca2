package nano_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gobwas/ws"

	"github.com/lonng/nano/wire"
)

// protoWS is the client's end of a WebSocket, whose binary messages it reads and writes as a stream. It checks that each of the
// server's holds whole packets only.
type protoWS struct {
	net.Conn
	t     *testing.T
	in    *bufio.Reader
	rest  []byte // of a message
	pongs atomic.Int64

	mu   sync.Mutex // guards code, and that one frame comes after the other: a pong is the reader's
	code ws.StatusCode
}

// upgradeProto does the opening handshake.
func upgradeProto(t *testing.T, conn net.Conn) *protoWS {
	t.Helper()
	dialer := ws.Dialer{NetDial: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
	_, br, _, err := dialer.Dial(context.Background(), "ws://game.example/")
	if err != nil {
		t.Fatal(err)
	}
	if br == nil {
		br = bufio.NewReader(conn)
	}
	return &protoWS{Conn: conn, t: t, in: br}
}

func (c *protoWS) Read(b []byte) (int, error) {
	for len(c.rest) == 0 {
		if err := c.frame(); err != nil {
			return 0, err
		}
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// frame reads a frame.
func (c *protoWS) frame() error {
	h, err := ws.ReadHeader(c.in)
	if err != nil {
		return err
	}
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(c.in, payload); err != nil {
		return err
	}
	switch h.OpCode {
	case ws.OpBinary:
		if !h.Fin {
			c.t.Error("the server split a message")
		}
		c.checkWhole(payload)
		c.rest = payload
	case ws.OpPong:
		c.pongs.Add(1)
	case ws.OpPing:
		return c.writeFrame(ws.NewPongFrame(payload))
	case ws.OpClose:
		code, _ := ws.ParseCloseFrameData(payload)
		c.mu.Lock()
		c.code = code
		c.mu.Unlock()
		_ = c.writeFrame(ws.NewCloseFrame(payload))
		return io.EOF
	default:
		c.t.Errorf("the server sent a frame with opcode %#x", byte(h.OpCode))
	}
	return nil
}

func (c *protoWS) checkWhole(payload []byte) {
	if len(payload) == 0 {
		c.t.Error("the server sent an empty message")
	}
	for len(payload) > 0 {
		_, rest, err := wire.ParsePacket(payload, wire.MaxBody)
		if err != nil {
			c.t.Errorf("the server sent a message that ends within a packet: %v", err)
			return
		}
		payload = rest
	}
}

// Write writes one binary message.
func (c *protoWS) Write(b []byte) (int, error) {
	if err := c.writeFrame(ws.NewBinaryFrame(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (c *protoWS) writeFrame(f ws.Frame) error {
	b, err := maskedFrame(f)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = c.Conn.Write(b)
	return err
}

// maskedFrame returns the bytes of a client's frame; the payload stays as it is.
func maskedFrame(f ws.Frame) ([]byte, error) {
	return ws.CompileFrame(ws.MaskFrame(f))
}

// closeCode returns the code of the server's close frame, 0 when none came.
func (c *protoWS) closeCode() ws.StatusCode {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code
}
