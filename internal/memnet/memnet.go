// Package memnet is a network in memory: a [Listener] whose connections are
// buffered, full-duplex and deadline-aware, for tests that run the real code
// without sockets.
//
//	l := memnet.Listen("game")
//	defer l.Close()
//	go serve(l)                  // any code that takes a net.Listener
//	conn, err := l.Dial(ctx)
//
// It works inside a testing/synctest bubble: no goroutine of its own runs, a
// blocked call is durably blocked, and deadlines follow the bubble's clock. A
// listener used in a bubble is made in it.
//
// A [Conn] behaves like TCP where programs can tell the difference. Writes
// succeed until the buffer is full, whether or not anybody reads. CloseWrite
// ends one direction. Closing a connection that holds unread input resets it:
// what was on its way to the peer is lost, and the peer reads ECONNRESET.
//
// An idle connection holds no buffer, so that a test may hold a million.
package memnet

import (
	"net"
	"strconv"
)

// DefaultSize is how many bytes one direction of a connection holds before a
// Write blocks, unless the caller says otherwise.
const DefaultSize = 64 << 10

// Addr is an address in memory: the name of a listener, or a number that a
// listener gave to a connection dialled to it. It is immutable.
type Addr struct {
	name string
	id   uint64
}

// Network returns "mem".
func (a *Addr) Network() string { return "mem" }

// String returns the listener's name, or "mem:" and a number that is unique
// to the listener. net.SplitHostPort takes the latter apart.
func (a *Addr) String() string {
	if a.id == 0 {
		return a.name
	}
	return "mem:" + strconv.FormatUint(a.id, 10)
}

var (
	_ net.Addr     = (*Addr)(nil)
	_ net.Conn     = (*Conn)(nil)
	_ net.Listener = (*Listener)(nil)
)
