package session

import "sync"

// Router remembers which node of a cluster serves a session, for each service. The zero value is ready; its methods may
// be called from any goroutine.
type Router struct {
	mu    sync.Mutex
	nodes map[string]string // service -> address
}

// Bind makes the node at addr serve the session's messages to service.
func (r *Router) Bind(service, addr string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.nodes == nil {
		r.nodes = make(map[string]string)
	}
	r.nodes[service] = addr
}

// Find returns the address of the node that serves service, if one was chosen.
func (r *Router) Find(service string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	addr, ok := r.nodes[service]
	return addr, ok
}

// Delete makes the next message to service choose a node again.
func (r *Router) Delete(service string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.nodes, service)
}
