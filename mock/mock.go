// Package mock has a test double for the connection of a session, for tests of handlers alone. To test a whole game use
// package nanotest.
//
//	entity := mock.NewNetworkEntity()
//	s := session.New(entity)
//	err := room.Join(s, &JoinRequest{})
//	reply := entity.LastResponse()
package mock

import (
	"fmt"
	"net"
	"sync"
)

// NetworkEntity is a session.NetworkEntity that keeps what is sent. Its methods may be called from any goroutine.
type NetworkEntity struct {
	mu        sync.Mutex // guards what follows
	lastMid   uint64
	responses []any
	byMID     map[uint64]any
	byRoute   map[string]any
	closed    bool
}

// NewNetworkEntity returns an entity that has sent nothing.
func NewNetworkEntity() *NetworkEntity {
	return &NetworkEntity{lastMid: 1, byMID: make(map[uint64]any), byRoute: make(map[string]any)}
}

// Push keeps v as the last message under route.
func (n *NetworkEntity) Push(route string, v any) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.byRoute[route] = v
	return nil
}

// RPC keeps v as Push does.
func (n *NetworkEntity) RPC(route string, v any) error { return n.Push(route, v) }

// LastMid returns the id of the request being handled; at first it is 1.
func (n *NetworkEntity) LastMid() uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lastMid
}

// SetLastMid makes mid the id of the request being handled.
func (n *NetworkEntity) SetLastMid(mid uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lastMid = mid
}

// Response keeps v as the answer to the request being handled.
func (n *NetworkEntity) Response(v any) error { return n.ResponseMid(n.LastMid(), v) }

// ResponseMid keeps v as the answer to the request mid.
func (n *NetworkEntity) ResponseMid(mid uint64, v any) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.responses = append(n.responses, v)
	n.byMID[mid] = v
	return nil
}

// Close makes Closed true.
func (n *NetworkEntity) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	return nil
}

// Closed reports whether Close was called.
func (n *NetworkEntity) Closed() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.closed
}

// RemoteAddr returns an address of the loopback.
func (n *NetworkEntity) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// LastResponse returns the last answer, nil when there is none.
func (n *NetworkEntity) LastResponse() any {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.responses) == 0 {
		return nil
	}
	return n.responses[len(n.responses)-1]
}

// FindResponseByMID returns the answer to the request mid, nil when there is none.
func (n *NetworkEntity) FindResponseByMID(mid uint64) any {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byMID[mid]
}

// FindResponseByRoute returns the last push or RPC under route, nil when there is none.
func (n *NetworkEntity) FindResponseByRoute(route string) any {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byRoute[route]
}

// String names the entity in test output.
func (n *NetworkEntity) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return fmt.Sprintf("mock entity with %d responses", len(n.responses))
}
