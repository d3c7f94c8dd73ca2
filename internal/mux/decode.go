package mux

import (
	"runtime/debug"

	"github.com/lonng/nano/component"
	"github.com/lonng/nano/pipeline"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// decode filters a payload and makes the handler's request of it, which shares no memory with the message.
func (m *Mux) decode(s *session.Session, h *component.Handler, v *wire.MessageView) (req any, err error) {
	defer func() {
		if p := recover(); p != nil {
			m.cfg.Log.Error("nano: a filter or decoder panicked", "route", h.Route, "session", s.ID(), "panic", p, "stack", string(debug.Stack()))
			err = errInternal
		}
	}()
	payload := v.Payload
	if m.cfg.Inbound != nil {
		msg := pipeline.Message{Type: v.Type, ID: v.ID, Route: h.Route, Data: payload}
		if err := m.cfg.Inbound(s, &msg); err != nil {
			return nil, err
		}
		payload = msg.Data
	}
	return m.unmarshal(h, payload)
}

// unmarshal makes a request of a payload. An empty payload is the request's zero value.
func (m *Mux) unmarshal(h *component.Handler, payload []byte) (any, error) {
	if h.New == nil {
		raw := append(make([]byte, 0, len(payload)), payload...)
		return &raw, nil
	}
	req := h.New()
	if len(payload) == 0 {
		return req, nil
	}
	if err := m.cfg.Serializer.Unmarshal(payload, req); err != nil {
		return nil, wire.Errorf(wire.CodeBadRequest, "the payload does not decode: %w", err)
	}
	return req, nil
}

var errInternal = wire.NewError(wire.CodeInternal, "internal error")
