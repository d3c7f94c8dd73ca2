package agent

import (
	"time"

	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// Reasons why a session ended, beside the codes of kicks.
const (
	ReasonClosed  = "closed"  // the application closed it
	ReasonGone    = "gone"    // the client closed it, or the network did
	ReasonRefused = "refused" // its handshake was refused
)

const (
	flushTime = time.Second // for what is queued when a connection is closed
	awayTime  = time.Second // for the peer to close after that
)

// Close ends the session: what is queued is sent, then the connection is closed.
func (c *Conn) Close() error {
	c.end(wire.NewError(ReasonClosed, "closed by the application"), nil)
	return nil
}

// Kick ends the session as Close does and tells the client why.
func (c *Conn) Kick(code, reason string) error {
	if code == "" {
		code = wire.KickKicked
	}
	if !c.kick(wire.NewError(code, reason)) {
		return session.ErrClosed
	}
	return nil
}

// kick ends the connection; the client is told why, if it made its handshake.
func (c *Conn) kick(reason *wire.Error) bool {
	return c.end(reason, func(was int32) []byte {
		switch {
		case was >= replied:
			return wire.AppendKick(nil, reason.Code, reason.Message)
		case c.session != nil: // its handshake waits for an answer
			return refusal(c.Dialect(), reason)
		}
		return nil
	})
}

// end begins the end of the connection, once: the first reason counts. last, which may be nil, returns the frame that is sent after all
// that is queued, given the state that the connection was in; it is called with mu held. end does not wait; the reader and the flusher do the
// rest. It returns false when the connection was ending already.
func (c *Conn) end(reason *wire.Error, last func(was int32) []byte) bool {
	c.mu.Lock()
	if c.reason != nil {
		c.mu.Unlock()
		return false
	}
	c.reason = reason
	c.early = nil
	now := time.Now()
	_ = c.nc.SetWriteDeadline(now.Add(flushTime))
	_ = c.nc.SetReadDeadline(now.Add(flushTime + awayTime))
	s := c.session
	var frame []byte
	if last != nil {
		frame = last(c.state.Load())
	}
	c.q.Close(frame) // before the state: what was not to be sent before the reply and the ack is not sent now
	c.state.Store(closing)
	c.mu.Unlock()

	c.server.beats.remove(c)
	if s != nil {
		c.owner.Closing(reason)
	}
	c.box.Close()
	return true
}

// Drained implements sendq.Conn: all is sent, the write side is shut.
func (c *Conn) Drained() {
	c.mu.Lock()
	reason := c.reason
	c.mu.Unlock()
	switch nc := c.nc.(type) {
	case interface {
		CloseWith(code uint16, reason string) error
	}:
		_ = nc.CloseWith(closeCode(reason), closeText(reason))
	case interface{ CloseWrite() error }:
		_ = nc.CloseWrite()
	}
	_ = c.nc.SetReadDeadline(time.Now().Add(awayTime))
}

// closeCode returns the WebSocket close code of a reason.
func closeCode(reason *wire.Error) uint16 {
	switch reason.Code {
	case ReasonClosed, ReasonGone:
		return 1000
	case wire.KickShutdown:
		return 1001
	case wire.KickProtocol:
		return 1002
	case ReasonRefused:
		return 1008
	case wire.CodeInternal:
		return 1011
	case wire.KickSlow:
		return 4001
	case wire.KickTimeout:
		return 4002
	case wire.KickReplaced:
		return 4003
	case wire.KickBanned:
		return 4004
	case wire.KickResumedElsewhere:
		return 4005
	case wire.KickLimited:
		return 4006
	}
	return 4000 // kicked, with an application's own code
}

// closeText returns what fits into a WebSocket close frame.
func closeText(reason *wire.Error) string {
	const longest = 123
	return reason.Code[:min(len(reason.Code), longest)]
}
