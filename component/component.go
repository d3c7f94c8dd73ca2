// Package component turns what a user writes into handlers. A component is a value whose methods of certain shapes
// are called with the messages of clients:
//
//	type Room struct{ component.Base }
//
//	func (r *Room) Join(s *session.Session, m *JoinRequest) error          // answers with s.Response
//	func (r *Room) Raw(s *session.Session, data []byte) error              // the payload as it came
//	func (r *Room) Find(ctx context.Context, m *FindRequest) (*Found, error) // what it returns is the response
//	func (r *Room) Say(ctx context.Context, m *Message) error
//	func (r *Room) Who(s *session.Session, m *WhoRequest) (*Members, error)
//
// Its routes are Room.Join, Room.Raw and so on; methods of other shapes are passed over. Components are registered in a
// [Components], which is given to the server:
//
//	var comps component.Components
//	comps.Register(&Room{}, component.WithName("room"), component.WithNameFunc(strings.ToLower))
package component

import "slices"

// Component is told of the server's life. Embed [Base] and write what is needed. All four are called on the logic
// loop: Init and AfterInit before the first message, in the order of registration; BeforeShutdown while the clients
// are still there and Shutdown when they have gone, in reverse order.
type Component interface {
	Init()
	AfterInit()
	BeforeShutdown()
	Shutdown()
}

// Base is a Component that does nothing. It may be embedded as a value or as a nil pointer.
type Base struct{}

// Init does nothing.
func (*Base) Init() {}

// AfterInit does nothing.
func (*Base) AfterInit() {}

// BeforeShutdown does nothing.
func (*Base) BeforeShutdown() {}

// Shutdown does nothing.
func (*Base) Shutdown() {}

// Components is a list of components and their options. The zero value is empty and ready. It is filled before the
// server starts, by one goroutine.
type Components struct{ list []Registered }

// Registered is a component with its options.
type Registered struct {
	Comp Component
	Opts []Option
}

// Register adds c.
func (cs *Components) Register(c Component, opts ...Option) {
	cs.list = append(cs.list, Registered{c, opts})
}

// List returns what was registered, in order.
func (cs *Components) List() []Registered { return slices.Clone(cs.list) }
