package agent

import (
	"maps"
	"slices"
)

// Load is what the connections of a server hold at a moment.
type Load struct {
	Connections     int
	InboundMessages int // read, and their handlers have not returned
	InboundBytes    int
	OutboundBytes   int // queued and not yet written
	Held            int // connections whose reader waits
}

// Load looks at every connection.
func (s *Server) Load() (l Load) {
	for _, c := range s.snapshot() {
		messages, bytes := c.box.Len()
		l.InboundMessages += messages
		l.InboundBytes += bytes
		l.OutboundBytes += c.q.Len()
		if c.held.Load() {
			l.Held++
		}
		l.Connections++
	}
	return l
}

func (s *Server) snapshot() []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.AppendSeq(make([]*Conn, 0, len(s.conns)), maps.Keys(s.conns))
}
