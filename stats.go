package nano

import "time"

// Stats are figures of a server: what there is at the moment, and counts of what has happened, which only grow.
type Stats struct {
	Connections int // open, handshake done or not
	Sessions    int // alive

	LoopQueue int           // tasks that wait for the logic loop; the messages of a session that wait are one
	LoopLag   time.Duration // how long the oldest of those has waited, about

	InboundMessages int // in flight over all sessions: read, and their handlers have not returned
	InboundBytes    int // of their payloads
	OutboundBytes   int // queued for clients over all sessions and not yet written
	Held            int // connections that are not read from: at a bound of what is in flight, at the rate limit, or between two executors

	Accepted   int64 // connections
	Rejected   int64 // connections closed at once, by WithMaxConnections or WithMaxConnectionsPerAddr
	Refused    int64 // handshakes
	Received   int64 // messages
	Sent       int64 // messages queued for clients
	Failed     int64 // messages that were refused or whose handler failed
	Unanswered int64 // requests that got to a handler and never got an answer
	Limited    int64 // messages that the rate limit refused
	Delayed    int64 // messages that the rate limit held back
	Flooded    int64 // sessions closed by the rate limit
	Slow       int64 // sessions closed because their client read too slowly
}

// Stats returns the server's figures. It looks at every connection, which takes some ten milliseconds for a hundred thousand: it is
// for once a second, not for every message.
func (s *Server) Stats() Stats {
	st := Stats{
		Sessions:  s.sessions.len(),
		LoopQueue: s.loop.Len(),
		LoopLag:   s.loop.Lag(),
		Rejected:  s.slots.rejected.Load(),
	}
	s.mu.Lock()
	agents := s.agents
	s.mu.Unlock()
	if agents == nil {
		return st
	}
	load := agents.Load()
	st.Connections, st.Held = load.Connections, load.Held
	st.InboundMessages, st.InboundBytes, st.OutboundBytes = load.InboundMessages, load.InboundBytes, load.OutboundBytes
	n := &agents.Counters
	st.Accepted, st.Refused = n.Accepted.Load(), n.Refused.Load()
	st.Received, st.Sent = n.Received.Load(), n.Sent.Load()
	st.Failed, st.Unanswered, st.Slow = n.Failed.Load(), n.Unanswered.Load(), n.Slow.Load()
	st.Limited, st.Delayed, st.Flooded = n.Limited.Load(), n.Delayed.Load(), n.Flooded.Load()
	return st
}
