// Package pipeline holds the filters that every message of a server passes: inbound before it is decoded, outbound after
// it was encoded. A filter may replace the payload or refuse the message:
//
//	p := pipeline.New()
//	p.Inbound().PushBack(func(s *session.Session, m *pipeline.Message) error {
//		data, err := decrypt(s, m.Data)
//		m.Data = data
//		return err
//	})
//	nano.Listen(addr, nano.WithPipeline(p))
package pipeline

import (
	"slices"
	"sync"

	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// Message is what a filter sees of a message.
type Message struct {
	Type  wire.Type
	ID    uint64 // of a request or response, else 0
	Route string // of a request, notify or push
	// Data is the payload. Inbound it is good during the call only; a filter may change its bytes or put another slice in
	// its place.
	Data []byte
}

// Func is a filter. An inbound filter runs on the goroutine that reads the session's connection, an outbound one on the
// goroutine that pushes or answers; for one session each chain runs one message at a time, in the order in which
// messages arrive or leave. An outbound filter must not push to the session that it is called for.
//
// The error of an inbound filter refuses the message: a request is answered with it. The error of an outbound filter
// is what Push or Response returns.
type Func func(s *session.Session, msg *Message) error

// Channel is the filters of one direction. Its methods may be called from any goroutine; a server takes its filters when it
// starts.
type Channel interface {
	PushFront(filter Func)
	PushBack(filter Func)
	// Process calls the filters in order, until one returns an error.
	Process(s *session.Session, msg *Message) error
	// Compose returns the filters that are there now as one, nil when there are none.
	Compose() Func
}

// Pipeline is the filters of a server.
type Pipeline interface {
	Inbound() Channel
	Outbound() Channel
}

// New returns a pipeline without filters.
func New() Pipeline { return &pipeline{} }

type pipeline struct{ in, out channel }

func (p *pipeline) Inbound() Channel  { return &p.in }
func (p *pipeline) Outbound() Channel { return &p.out }

type channel struct {
	mu      sync.Mutex
	filters []Func
}

func (c *channel) PushFront(filter Func) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.filters = slices.Insert(slices.Clone(c.filters), 0, filter)
}

func (c *channel) PushBack(filter Func) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.filters = append(slices.Clip(c.filters), filter)
}

func (c *channel) Process(s *session.Session, msg *Message) error {
	if f := c.Compose(); f != nil {
		return f(s, msg)
	}
	return nil
}

func (c *channel) Compose() Func {
	c.mu.Lock()
	filters := c.filters
	c.mu.Unlock()
	if len(filters) == 0 {
		return nil
	}
	return func(s *session.Session, msg *Message) error {
		for _, f := range filters {
			if err := f(s, msg); err != nil {
				return err
			}
		}
		return nil
	}
}
