// Package mux gives messages to handlers: it finds the handler of a route in a table that does not change, has the payload
// filtered and decoded on the reader's goroutine, and runs the handler where its component wants it.
//
//	m, err := mux.New(cfg, handlers)
//	m.Dispatch(peer, &message)
package mux

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/lonng/nano/component"
	"github.com/lonng/nano/internal/mailbox"
	"github.com/lonng/nano/pipeline"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/serialize"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// Peer is where a message comes from.
type Peer interface {
	Session() *session.Session
	// Box holds the session's messages on their way to handlers.
	Box() *mailbox.Box
	// Begin tells that the handler of the request mid starts; 0 is a notify.
	Begin(mid uint64)
	// Fail answers the request mid, if it has no answer yet, with an error; 0 is a notify. entered says that it has entered the box.
	Fail(mid uint64, err *wire.Error, entered bool) error
	// Cork tells that the reader runs a handler itself: what that sends may wait for what comes after it.
	Cork()
}

// Config is a mux's surroundings. All fields but Dictionary and Inbound must be set.
type Config struct {
	Log        *slog.Logger
	Serializer serialize.Serializer
	Dictionary *wire.Dictionary
	Loop       *scheduler.Loop // the logic loop
	Inbound    pipeline.Func   // nil: no filters
	Failed     func()          // called for each message that was refused or whose handler failed
}

// Mux is the table of handlers. Its methods may be called from any goroutine.
type Mux struct {
	cfg    Config
	routes map[string]*component.Handler
	codes  map[uint16]*component.Handler
	aside  aside
}

// New returns a mux of the handlers. It is an error when two have one route, or a route is not fit for the wire.
func New(cfg Config, handlers []*component.Handler) (*Mux, error) {
	m := &Mux{
		cfg:    cfg,
		routes: make(map[string]*component.Handler, len(handlers)),
		codes:  make(map[uint16]*component.Handler),
	}
	var errs []error
	for _, h := range handlers {
		switch other := m.routes[h.Route]; {
		case other != nil:
			errs = append(errs, fmt.Errorf("nano: route %q has two handlers: %s and %s", h.Route, other.Source, h.Source))
		case h.Route == "" || len(h.Route) > wire.MaxRoute:
			errs = append(errs, fmt.Errorf("nano: the route of %s has %d bytes: it must have 1 to %d", h.Source, len(h.Route), wire.MaxRoute))
		default:
			m.routes[h.Route] = h
		}
	}
	for route, code := range cfg.Dictionary.All() {
		if h := m.routes[route]; h != nil {
			m.codes[code] = h
		}
	}
	return m, errors.Join(errs...)
}

// Dispatch gives a request or notify to its handler. It is called by the goroutine that reads the session's messages, one at a
// time, and may hold it back; v is not used after it has returned.
func (m *Mux) Dispatch(p Peer, v *wire.MessageView) {
	h := m.find(v)
	if h == nil {
		m.refuse(p, v.ID, m.routeOf(v), noSuchRoute(m.routeOf(v)))
		return
	}
	req, err := m.decode(p.Session(), h, v)
	if err != nil {
		m.refuse(p, v.ID, h.Route, err)
		return
	}
	m.submit(p, h, v.ID, req, len(v.Payload))
}

func (m *Mux) find(v *wire.MessageView) *component.Handler {
	if v.Code != 0 {
		return m.codes[v.Code]
	}
	return m.routes[string(v.Route)]
}

func (m *Mux) routeOf(v *wire.MessageView) string {
	if v.Code == 0 {
		return string(v.Route)
	}
	if route, ok := m.cfg.Dictionary.Route(v.Code); ok {
		return route
	}
	return fmt.Sprintf("code %d", v.Code)
}

func noSuchRoute(route string) *wire.Error {
	return wire.NewError(wire.CodeNotFound, "no such route").With("route", route)
}

// refuse answers a message that never got to a handler.
func (m *Mux) refuse(p Peer, mid uint64, route string, err error) {
	m.cfg.Failed()
	m.cfg.Log.Debug("nano: message refused", "route", route, "session", p.Session().ID(), "error", err)
	_ = p.Fail(mid, wire.AsError(err), false)
}

// Call gives v to the handler of route with p's session, one way, as a message of the server's own: it passes no filters.
// It does not wait. Errors: CodeNotFound, session.ErrClosed, and those of encoding and decoding.
func (m *Mux) Call(p Peer, route string, v any) error {
	h := m.routes[route]
	if h == nil {
		return noSuchRoute(route)
	}
	payload, err := serialize.Append(m.cfg.Serializer, nil, v)
	if err != nil {
		return err
	}
	req, err := m.unmarshal(h, payload)
	if err != nil {
		return err
	}
	return m.call(p, h, req, len(payload))
}
