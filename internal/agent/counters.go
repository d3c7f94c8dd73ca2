package agent

import "sync/atomic"

// Counters count what happens to connections and messages. They only grow.
type Counters struct {
	Accepted   atomic.Int64 // connections
	Refused    atomic.Int64 // handshakes refused
	Received   atomic.Int64 // messages
	Sent       atomic.Int64 // messages queued
	Slow       atomic.Int64 // sessions closed because their client read too slowly
	Unanswered atomic.Int64 // requests that never got an answer
	Failed     atomic.Int64 // messages whose handler failed, or that had none
	Limited    atomic.Int64 // messages that the rate limit refused
	Delayed    atomic.Int64 // messages that the rate limit held back
	Flooded    atomic.Int64 // sessions that the rate limit closed
}
