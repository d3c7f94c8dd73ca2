package ws

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// A payload up to maxCopied bytes is copied behind its header; of a larger one
// header and payload are written as two pieces, by one system call on TCP.
const maxCopied = 8 << 10

// frame is what one write needs.
type frame struct {
	b      []byte
	pieces net.Buffers
	two    [2][]byte
}

// opNone stands for no frame: only the pong that waits.
const opNone = ws.OpContinuation

var frames = sync.Pool{New: func() any {
	return &frame{b: make([]byte, 0, maxCopied+2*ws.MaxHeaderSize+ws.MaxControlFramePayloadSize)}
}}

var (
	errCloseSent = fmt.Errorf("ws: the close frame was sent: %w", net.ErrClosed)
	errCloseCode = errors.New("ws: not a code that a close frame may carry")
)

// Write sends b as one binary message. Nothing is sent for an empty b. With an
// error it returns how many bytes of b were written; if a frame was cut off,
// every later Write fails with the same error.
//
// Once a close frame was sent it fails with an error that is net.ErrClosed.
func (c *Conn) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.acquire(); err != nil {
		return 0, err
	}
	n, err := c.transmit(ws.OpBinary, b)
	c.release()
	return n, err
}

// CloseWith sends a close frame and shuts the write side of the connection.
// Reading goes on, so that what the client still sends can be read away before
// Close. A reason over 123 bytes is cut. CloseWith waits for a Write under
// way, and as long as the write deadline lets it.
//
// It fails, and sends nothing, for a code that no close frame may carry: those
// outside 1000-1003, 1007-1014 and 3000-4999. Once a close frame was sent it
// fails with an error that is net.ErrClosed.
func (c *Conn) CloseWith(code uint16, reason string) error {
	if !validCode(code) {
		return fmt.Errorf("%w: %d", errCloseCode, code)
	}
	return c.sendClose(closeBody(code, reason))
}

// CloseWrite is CloseWith the code 1000: what it is to a TCP connection.
func (c *Conn) CloseWrite() error {
	return c.CloseWith(uint16(ws.StatusNormalClosure), "")
}

func (c *Conn) sendClose(body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.acquire(); err != nil {
		return err
	}
	c.closeSent = true
	_, err := c.transmit(ws.OpClose, body)
	c.release()
	if half, ok := c.inner.(interface{ CloseWrite() error }); ok && err == nil {
		c.mu.Unlock()
		err = half.CloseWrite()
		c.mu.Lock()
	}
	return err
}

// answer has a ping answered. It does not block: the reader must go on while a
// client that reads nothing blocks the writer. The next Write takes the pong
// along, unless a goroutine gets there first. Of several pings the last one is
// answered.
func (c *Conn) answer(payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pong = payload
	if c.ponging || c.closed || c.closeSent {
		return
	}
	c.ponging = true
	go c.sendPongs()
}

// sendPongs sends what no Write has taken along. Close waits for its end.
func (c *Conn) sendPongs() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.pong != nil && c.acquire() == nil {
		if c.pong != nil {
			c.extend()
			_, _ = c.transmit(opNone, nil) // what was cut off is in c.broken
			c.restore()
		}
		c.release()
	}
	c.ponging = false
	c.free.Broadcast()
}

// extend gives a pong its time where the caller's write deadline, which may
// have been for a Write long past, does not.
func (c *Conn) extend() {
	by := time.Now().Add(pongTimeout)
	if c.closing || c.writeBy.IsZero() || c.writeBy.After(by) {
		return
	}
	c.extended = c.inner.SetWriteDeadline(by) == nil
}

// restore undoes extend, unless the caller has set a deadline since.
func (c *Conn) restore() {
	if c.extended && !c.closing {
		_ = c.inner.SetWriteDeadline(c.writeBy)
	}
	c.extended = false
}

// acquire makes the caller, who holds mu, the writer. mu is released while it
// waits for another one.
func (c *Conn) acquire() error {
	for c.writing && !c.closed {
		c.free.Wait()
	}
	switch {
	case c.closed:
		return net.ErrClosed
	case c.broken != nil:
		return c.broken
	case c.closeSent:
		return errCloseSent
	}
	c.writing = true
	return nil
}

func (c *Conn) release() {
	c.writing = false
	c.free.Broadcast()
}

// transmit writes a frame, and before it the pong that waits. The caller, who
// is the writer, holds mu, which is released meanwhile. n counts bytes of the
// payload.
func (c *Conn) transmit(op ws.OpCode, payload []byte) (n int, err error) {
	f := frames.Get().(*frame)
	f.b = f.b[:0]
	if c.pong != nil {
		f.b = appendHeader(f.b, ws.OpPong, len(c.pong))
		f.b = append(f.b, c.pong...)
		c.pong = nil
	}
	if op != opNone {
		f.b = appendHeader(f.b, op, len(payload))
	}
	c.mu.Unlock()
	head := len(f.b)
	n, err = f.writeTo(c.inner, payload)
	frames.Put(f)
	c.mu.Lock()
	if err != nil && n > 0 {
		c.broken = err
	}
	return max(n-head, 0), err
}

// writeTo writes what f holds, then the payload.
func (f *frame) writeTo(w net.Conn, payload []byte) (int, error) {
	if len(payload) <= maxCopied {
		f.b = append(f.b, payload...)
		return w.Write(f.b)
	}
	f.two = [2][]byte{f.b, payload}
	f.pieces = f.two[:]
	n, err := f.pieces.WriteTo(w)
	f.two = [2][]byte{}
	return int(n), err
}
