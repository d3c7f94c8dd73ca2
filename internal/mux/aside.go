package mux

import "sync"

// aside runs the calls to concurrent handlers that do not come from a reader, so that who calls does not wait for them: those of
// one session one at a time and in order, on a goroutine that lives while there are any.
type aside struct {
	mu      sync.Mutex
	waiting map[Peer][]func() // an entry, perhaps empty, for each goroutine
}

func (a *aside) run(p Peer, fn func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	waiting, running := a.waiting[p]
	if a.waiting == nil {
		a.waiting = make(map[Peer][]func())
	}
	a.waiting[p] = append(waiting, fn)
	if !running {
		go a.drain(p)
	}
}

func (a *aside) drain(p Peer) {
	ended := false
	defer func() {
		if !ended { // a handler has ended the goroutine
			go a.drain(p)
		}
	}()
	for fn := a.next(p); fn != nil; fn = a.next(p) {
		fn()
	}
	ended = true
}

// next returns nil when the goroutine of p is to end.
func (a *aside) next(p Peer) func() {
	a.mu.Lock()
	defer a.mu.Unlock()
	waiting := a.waiting[p]
	if len(waiting) == 0 {
		delete(a.waiting, p)
		return nil
	}
	a.waiting[p] = waiting[1:]
	return waiting[0]
}
