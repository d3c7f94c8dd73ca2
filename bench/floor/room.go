package main

import (
	"slices"
	"sync"
	"time"

	"github.com/lonng/nano/bench/internal/game"
)

// rooms finds a room by its number. Safe from any goroutine.
type rooms struct {
	mu   sync.Mutex
	byID map[int]*room
}

func newRooms() *rooms { return &rooms{byID: map[int]*room{}} }

func (r *rooms) room(id int) *room {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID[id] == nil {
		r.byID[id] = &room{}
	}
	return r.byID[id]
}

// A room writes the same bytes to all its members, one after the other. Safe from any goroutine.
type room struct {
	mu      sync.Mutex
	members []*peer
	out     []byte
	ticking bool
	state   game.State
}

func (r *room) enter(p *peer) (slot int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members = append(r.members, p)
	return len(r.members) - 1
}

func (r *room) leave(p *peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members = slices.DeleteFunc(r.members, func(m *peer) bool { return m == p })
}

// burst sends a payload as often as it asks for, in one write a member.
func (r *room) burst(payload []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out = r.out[:0]
	for range game.Count(payload) {
		r.out = appendPush(r.out, payload)
	}
	r.send()
}

func (r *room) input(slot int, payload []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Set(slot, payload)
}

// play sends the room's state on every tick while somebody is there.
func (r *room) play() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ticking {
		return
	}
	r.ticking = true
	go func() {
		ticker := time.NewTicker(game.Tick)
		defer ticker.Stop()
		for now := range ticker.C {
			if !r.tick(now) {
				return
			}
		}
	}()
}

func (r *room) tick(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out = appendPush(r.out[:0], r.state.Stamp(now))
	r.send()
	r.ticking = len(r.members) > 0
	return r.ticking
}

func (r *room) send() {
	for _, m := range r.members {
		_, _ = m.conn.Write(r.out) // a member that is gone leaves by its own reader
	}
}
