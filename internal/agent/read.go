package agent

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/lonng/nano/wire"
)

// run is the reader.
func (c *Conn) run() {
	defer c.finish() // deferred for a handler that ends the goroutine
	c.protect(c.read)
	c.protect(c.readAway)
}

// finish waits until what was queued is sent, and closes the connection.
func (c *Conn) finish() {
	c.kick(wire.NewError(wire.CodeInternal, "internal error")) // unless it is ending
	c.in.end = c.in.start
	c.in.GiveBack()
	c.mu.Lock() // whoever ends the connection has given the queue its last frame
	sent := c.q.Close(nil)
	c.mu.Unlock()
	<-sent
	_ = c.nc.Close()
}

// protect runs a part of the reader; a panic costs this connection only.
func (c *Conn) protect(part func()) {
	defer func() {
		if v := recover(); v != nil {
			c.server.cfg.Log.Error("nano: a connection's reader panicked", "remote", c.nc.RemoteAddr(), "panic", v, "stack", string(debug.Stack()))
			c.kick(wire.NewError(wire.CodeInternal, "internal error"))
		}
	}()
	part()
}

// read reads until the connection is ending.
func (c *Conn) read() {
	defer c.uncork()
	for {
		now := c.server.beats.now()
		c.idleSince.Store(now)
		if c.limiter != nil {
			c.limiter.At(now)
		}
		err := c.in.fill()
		c.idleSince.Store(atWork + now)
		if err != nil {
			c.lost(err)
			return
		}
		if !c.parse() {
			return
		}
		c.uncork()
	}
}

// lost ends the connection because reading failed.
func (c *Conn) lost(err error) {
	if isTimeout(err) {
		c.kick(wire.NewError(wire.KickTimeout, "no handshake in time"))
		return
	}
	c.end(wire.Errorf(ReasonGone, "the connection was lost: %w", err), nil)
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// readAway reads until the peer has closed or the deadline that end set: unread input would turn the close into a reset
// that loses what was sent last.
func (c *Conn) readAway() {
	for {
		c.in.start = c.in.end
		if c.in.fill() != nil {
			return
		}
	}
}

// parse takes the packets that are there. It returns false when the connection is ending.
func (c *Conn) parse() bool {
	for {
		b := c.in.bytes()
		p, rest, err := wire.ParsePacket(b, c.server.cfg.MaxPacket)
		if err == wire.ErrShort {
			return c.state.Load() != closing
		}
		if err != nil {
			return c.breach(err)
		}
		c.in.skip(len(b) - len(rest))
		if !c.packet(p) {
			return false
		}
	}
}

// packet handles one packet. It returns false when the connection is ending.
func (c *Conn) packet(p wire.Packet) bool {
	state := c.state.Load()
	switch {
	case state == closing:
		return false
	case p.Type == wire.PacketHandshake && state == connected:
		return c.handshake(p.Body)
	case p.Type == wire.PacketHandshake, p.Type == wire.PacketHeartbeat:
		return true
	case p.Type == wire.PacketAck && state == replied:
		return c.ack()
	case p.Type == wire.PacketData && state == working:
		return c.data(p.Body)
	}
	return c.breach(fmt.Errorf("a %s packet is out of place", p.Type))
}

// breach ends the connection because the client broke the protocol.
func (c *Conn) breach(err error) bool {
	c.kick(wire.Errorf(wire.KickProtocol, "%w", err))
	return false
}

// data hands a message on.
func (c *Conn) data(body []byte) bool {
	m, err := wire.ParseMessage(body)
	if err != nil {
		return c.breach(err)
	}
	switch {
	case m.Type == wire.Request && m.ID == 0:
		m.Type = wire.Notify
	case m.Type != wire.Request && m.Type != wire.Notify:
		return c.breach(fmt.Errorf("a client sends no %s", m.Type))
	}
	c.server.Counters.Received.Add(1)
	if c.limiter != nil && !c.admit(&m, wire.HeaderLen+len(body)) {
		return c.state.Load() != closing
	}
	if !m.Deflated {
		return c.dispatch(m)
	}
	p := scratch.Get().(*[]byte)
	b, err := wire.Inflate((*p)[:0], m.Payload, c.server.cfg.MaxPacket)
	defer func() { putScratch(p, b) }()
	if err != nil {
		return c.breach(err)
	}
	m.Payload = b
	return c.dispatch(m)
}

func (c *Conn) dispatch(m wire.MessageView) bool {
	c.msg = m
	c.server.cfg.Dispatch(c, &c.msg)
	c.msg = wire.MessageView{} // an idle connection holds no buffer
	return c.state.Load() != closing
}

// ack begins the working state.
func (c *Conn) ack() bool {
	c.mu.Lock()
	if c.state.Load() != replied {
		c.mu.Unlock()
		return false
	}
	_ = c.nc.SetReadDeadline(time.Time{})
	// Put, as Append might end the connection, for which it would wait for mu.
	if c.server.beats.on() {
		_ = c.q.Put(heartbeat)
	}
	if len(c.early) > 0 {
		_ = c.q.Put(c.early)
	}
	c.early = nil
	c.state.Store(working)
	c.mu.Unlock()
	c.server.beats.add(c)
	return true
}
