// Package nano is a game-server framework: it does the networking that every real-time game needs, so that its users
// write game logic only.
//
//	srv := nano.New(nano.WithWebSocket(":3250"))
//	nano.Handle(srv, "room.join", func(ctx context.Context, req *JoinRequest) (*JoinReply, error) {
//		s := session.FromContext(ctx)
//		return &JoinReply{}, room.Add(s)
//	})
//	err := srv.Run(ctx)
//
// An application is functions and components; a component is a value whose methods are handlers, see package component.
// A handler is called with the client's session and the decoded message. Programs written for nano 0.5 use [Listen] and
// the other package functions, which serve a default server.
//
// # Order and concurrency
//
// A server has one logic loop, a goroutine on which handlers, timers, [Invoke] and session-closed hooks run, one at a time: what
// only they touch needs no locks. A component may be given a loop of its own (component.WithLoop), a scheduler found in the
// session (component.WithSchedulerName), or component.Concurrent: in order within a session, in parallel across sessions.
//
// The messages of one session are handled in the order received, whatever runs them: when the next message goes to
// another executor, it waits until those before it have been handled. The pushes and responses of a session leave in the
// order made. The closed hooks of a session come after its last handler. A scheduler of the user's own is given a session's
// tasks in order; what it does with them is its affair.
//
// Nothing of nano's on the loop waits for the network: Push, Response, Close and Group.Broadcast take effect locally at once. Work
// that does wait goes through [Async], which comes back to the loop with its result.
//
// # Pressure
//
// Nothing that clients do makes memory grow without bound. What a session has in flight is bounded, and what all have together
// ([WithInFlight], [WithServerInFlight]): a session at a bound is not read from, which its client's network notices, and nothing is
// dropped. So a loop that falls behind slows its clients down. A session that is not read from is not timed out for its silence; that
// its client has gone is noticed within two heartbeats all the same. What clients may send a second is limited by [WithRateLimit], how
// many there may be by [WithMaxConnections] and [WithMaxConnectionsPerAddr]. [Server.Stats] shows all of it.
package nano

import (
	"github.com/lonng/nano/internal/agent"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// VERSION is the version of nano.
const VERSION = "1.0.0-dev"

// Error is the error that reaches a client: a handler returns it, or an error that wraps it, and the client's request
// ends with its code, message and metadata. Any other error reaches the client with the code "internal" and its text.
type Error = wire.Error

// Errorf returns an Error with a formatted message; %w wraps the cause, which stays on the server but for its text.
func Errorf(code, format string, args ...any) *Error { return wire.Errorf(code, format, args...) }

// Handshake is what a client says of itself when it connects.
type Handshake = wire.Handshake

// Errors of sessions and their messages.
var (
	// ErrAnswered is returned for an answer to a request that has one already, or that its session did not make.
	ErrAnswered = agent.ErrAnswered
	// ErrNotRequest is returned by Session.Response in the handler of a notify.
	ErrNotRequest = agent.ErrNotRequest
	// ErrSlow is returned by a push for which the session's queue has no room. The session is being closed.
	ErrSlow = agent.ErrSlow
	// ErrSessionClosed is returned for what a session that is closed can no longer do.
	ErrSessionClosed = session.ErrClosed
	// ErrClientTooOld is for a handshake validator to return, or to wrap: the client is told that its version is no longer
	// served.
	ErrClientTooOld = agent.ErrClientTooOld
)
