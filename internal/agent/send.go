package agent

import (
	"errors"
	"sync"

	"github.com/lonng/nano/internal/sendq"
	"github.com/lonng/nano/pipeline"
	"github.com/lonng/nano/serialize"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

var (
	// ErrAnswered is returned for an answer to a request that has one, or that the client did not make.
	ErrAnswered = errors.New("nano: the request was answered already")
	// ErrNotRequest is returned by Response when the handler that started last was a notify's.
	ErrNotRequest = errors.New("nano: a notify takes no response")
	// ErrSlow is returned for what does not fit into a session's queue. The session is being closed.
	ErrSlow = errors.New("nano: the client reads too slowly")
)

// scratch are buffers that frames are encoded into, before the queue copies them.
var scratch = sync.Pool{New: func() any { b := make([]byte, 0, 1<<10); return &b }}

const maxScratch = 64 << 10

func putScratch(p *[]byte, b []byte) {
	if cap(b) <= maxScratch {
		*p = b[:0]
		scratch.Put(p)
	}
}

// Push queues v for the client under route.
func (c *Conn) Push(route string, v any) error {
	return c.encode(wire.Head{Type: wire.Push, Route: route}, v, nil)
}

// Response answers the request whose handler started last.
func (c *Conn) Response(v any) error { return c.ResponseMid(c.lastMid.Load(), v) }

// ResponseMid answers the request mid.
func (c *Conn) ResponseMid(mid uint64, v any) error {
	if mid == 0 {
		return ErrNotRequest
	}
	return c.answer(wire.Head{Type: wire.Response, ID: mid}, v, nil)
}

// Fail answers the request mid with an error, unless it has an answer or the server is silent about errors. A request that has not
// entered the box has none.
func (c *Conn) Fail(mid uint64, err *wire.Error, entered bool) error {
	h := wire.Head{Type: wire.Response, ID: mid, IsError: true}
	switch {
	case c.server.cfg.SilentErrors || mid == 0:
		return nil
	case entered:
		return c.answer(h, nil, err)
	default:
		return c.encode(h, nil, err)
	}
}

// answer sends the one answer of a request.
func (c *Conn) answer(h wire.Head, v any, failure *wire.Error) error {
	if c.server.cfg.Outbound == nil {
		return c.encodeOwed(h, v, failure)
	}
	c.filtering.Lock()
	defer c.filtering.Unlock()
	if !c.box.Owes(h.ID) { // before a filter counts it
		return c.errAnswered()
	}
	return c.encodeOwed(h, v, failure)
}

func (c *Conn) errAnswered() error {
	if c.state.Load() == closing {
		return session.ErrClosed
	}
	return ErrAnswered
}

// encode encodes a message in the caller and queues it. failure is the body when it is not nil.
func (c *Conn) encode(h wire.Head, v any, failure *wire.Error) error {
	if c.server.cfg.Outbound != nil {
		c.filtering.Lock()
		defer c.filtering.Unlock()
	}
	p := scratch.Get().(*[]byte)
	b, err := c.appendFrame((*p)[:0], h, v, failure)
	if err == nil {
		err = c.SendFrame(b)
	}
	putScratch(p, b)
	return err
}

// encodeOwed is encode for an answer, the first one.
func (c *Conn) encodeOwed(h wire.Head, v any, failure *wire.Error) error {
	p := scratch.Get().(*[]byte)
	b, err := c.appendFrame((*p)[:0], h, v, failure)
	switch {
	case err != nil:
	case !c.box.Settle(h.ID):
		err = c.errAnswered()
	default:
		err = c.SendFrame(b)
	}
	putScratch(p, b)
	return err
}

func (c *Conn) appendFrame(dst []byte, h wire.Head, v any, failure *wire.Error) ([]byte, error) {
	if c.server.plain(c.variant) {
		return c.server.appendPlain(dst, c.variant, h, v, failure)
	}
	return c.server.appendFiltered(dst, c.variant, c.session, h, v, failure)
}

// SendFrame queues a finished frame of this connection's variant.
func (c *Conn) SendFrame(frame []byte) error {
	if c.state.Load() < working {
		if held, err := c.hold(frame); held {
			if err != nil {
				c.tooSlow()
			}
			return err
		}
	}
	switch err := c.q.Append(frame); err {
	case nil:
		c.server.Counters.Sent.Add(1)
		return nil
	case sendq.ErrFull:
		return ErrSlow
	default:
		return session.ErrClosed
	}
}

// hold keeps a frame until the ack; held is false when that has come.
func (c *Conn) hold(frame []byte) (held bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state.Load() >= working {
		return false, nil
	}
	if len(c.early)+len(frame) > c.server.cfg.Queue.Soft && len(c.early) > 0 {
		return true, ErrSlow
	}
	c.early = append(c.early, frame...)
	c.server.Counters.Sent.Add(1)
	return true, nil
}

// appendPlain encodes straight into the frame.
func (s *Server) appendPlain(dst []byte, v Variant, h wire.Head, body any, failure *wire.Error) ([]byte, error) {
	h.Code = s.code(v, h)
	start := len(dst)
	dst = wire.BeginPacket(dst, wire.PacketData)
	dst, err := wire.AppendHead(dst, h)
	if err != nil {
		return dst[:start], err
	}
	n := len(dst)
	if dst, err = s.appendBody(dst, body, failure); err != nil {
		return dst[:start], err
	}
	if len(dst) == n && v&nullBody != 0 {
		dst = append(dst, "null"...)
	}
	if err = wire.FinishPacket(dst, start); err != nil {
		return dst[:start], err
	}
	return dst, nil
}

// appendFiltered encodes the payload on its own, for filters and compression.
func (s *Server) appendFiltered(dst []byte, v Variant, sess *session.Session, h wire.Head, body any, failure *wire.Error) ([]byte, error) {
	payload, err := s.appendBody(nil, body, failure)
	if err != nil {
		return dst, err
	}
	if len(h.Route) > wire.MaxRoute {
		return dst, wire.ErrRoute // before a filter counts it
	}
	if s.cfg.Outbound != nil {
		msg := pipeline.Message{Type: h.Type, ID: h.ID, Route: h.Route, Data: payload}
		if err := s.cfg.Outbound(sess, &msg); err != nil {
			return dst, err
		}
		payload = msg.Data
	}
	if len(payload) == 0 && v&nullBody != 0 {
		payload = []byte("null")
	}
	if v&deflates != 0 && len(payload) > s.cfg.CompressAbove {
		if small := wire.Deflate(nil, payload); len(small) < len(payload) {
			payload, h.Deflated = small, true
		}
	}
	h.Code = s.code(v, h)
	start := len(dst)
	dst, err = wire.AppendMessage(wire.BeginPacket(dst, wire.PacketData), h, payload)
	if err == nil {
		err = wire.FinishPacket(dst, start)
	}
	if err != nil {
		return dst[:start], err
	}
	return dst, nil
}

func (s *Server) appendBody(dst []byte, body any, failure *wire.Error) ([]byte, error) {
	if failure != nil {
		return serialize.AppendError(s.cfg.Serializer, dst, failure.Code, failure.Message, failure.Metadata), nil
	}
	if body == nil {
		return dst, nil
	}
	return serialize.Append(s.cfg.Serializer, dst, body)
}

// AppendPush appends the frame of a push as connections of variant v take it, for many of them. It must not be used when
// there are outbound filters.
func (s *Server) AppendPush(dst []byte, v Variant, route string, body any) ([]byte, error) {
	h := wire.Head{Type: wire.Push, Route: route}
	if s.plain(v) {
		return s.appendPlain(dst, v, h, body, nil)
	}
	return s.appendFiltered(dst, v, nil, h, body, nil)
}

// Filters reports whether there are outbound filters.
func (s *Server) Filters() bool { return s.cfg.Outbound != nil }
