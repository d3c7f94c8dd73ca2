package agent

import (
	"context"
	"errors"
	"time"

	"github.com/lonng/nano/serialize"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// ErrClientTooOld is what a validator returns, or wraps, to refuse a client whose version is no longer served. The
// client is told so, with the error's text.
var ErrClientTooOld = wire.NewError("client-too-old", "this version of the client is no longer served")

// handshake answers the handshake. It returns false when the connection is ending.
func (c *Conn) handshake(body []byte) bool {
	h := wire.ParseHandshake(body)
	if !c.open(h.Dialect) {
		return false
	}
	defer c.box.Leave(0)
	c.server.cfg.Opened(c)
	user, err := c.validate(&h)
	if err != nil {
		c.refuse(h.Dialect, err)
		return false
	}
	frame := wire.BeginPacket(nil, wire.PacketHandshake)
	frame, err = wire.AppendHandshakeReply(frame, wire.HandshakeReply{
		Dialect:    h.Dialect,
		Heartbeat:  max(0, c.server.cfg.Heartbeat),
		Time:       time.Now(),
		Dictionary: c.server.cfg.Dictionary,
		Dict:       h.Dict,
		Serializer: serialize.Name(c.server.cfg.Serializer),
		User:       user,
	})
	if err == nil {
		err = wire.FinishPacket(frame, 0)
	}
	if err != nil {
		c.server.cfg.Log.Error("nano: what the validator returned for the handshake's reply does not encode", "error", err)
		c.refuse(h.Dialect, wire.NewError(wire.CodeInternal, "internal error"))
		return false
	}
	return c.reply(frame)
}

// open begins the session. Opening it counts as a message under way, which the caller ends with Leave, so that the session's
// close hooks come after it.
func (c *Conn) open(d wire.Dialect) bool {
	s, owner := session.Open(c.server.cfg.IDs.Next(), c)
	c.mu.Lock()
	if c.state.Load() != connected {
		c.mu.Unlock()
		return false
	}
	c.session, c.owner = s, owner
	c.variant = c.server.variantOf(d)
	c.silence = c.server.beats.silence(d)
	c.box.Join(0)
	c.mu.Unlock()
	return true
}

// validate asks the validator, which has until the handshake's deadline.
func (c *Conn) validate(h *wire.Handshake) (user any, err error) {
	if c.server.cfg.Validate == nil {
		return nil, nil
	}
	ctx, cancel := context.WithDeadline(c.session.Context(), c.started.Add(c.server.cfg.HandshakeTimeout))
	defer cancel()
	late := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			c.refuse(h.Dialect, wire.NewError(wire.CodeTimeout, "the server took too long"))
		}
	})
	defer late()
	return c.server.cfg.Validate(ctx, c.session, h)
}

// reply sends the handshake's reply.
func (c *Conn) reply(frame []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state.Load() != connected {
		return false
	}
	_ = c.q.Put(frame)
	c.state.Store(replied)
	return true
}

// refuse answers the handshake with a refusal and ends the connection.
func (c *Conn) refuse(d wire.Dialect, err error) {
	refused := c.end(wire.Errorf(ReasonRefused, "the handshake was refused: %w", err), func(was int32) []byte {
		if was != connected {
			return nil
		}
		return refusal(d, err)
	})
	if refused {
		c.server.Counters.Refused.Add(1)
	}
}

// refusal returns the frame that refuses a handshake.
func refusal(d wire.Dialect, err error) []byte {
	code := wire.HandshakeFailed
	switch {
	case errors.Is(err, ErrClientTooOld):
		code = wire.HandshakeTooOld
	case d == wire.DialectPitaya:
		code = wire.HandshakeRefused
	}
	coded := wire.AsError(err)
	message := coded.Message
	if message == "" {
		message = coded.Code
	}
	frame, _ := wire.AppendPacket(nil, wire.PacketHandshake, wire.AppendHandshakeRefusal(nil, code, message))
	return frame
}
