package main

import (
	"strconv"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/lonng/nano"
	"github.com/lonng/nano/bench/internal/game"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/session"
)

// bench is the component with all routes but game.Echo.
type bench struct {
	component.Base
	srv *nano.Server

	mu    sync.Mutex // for component.Concurrent
	rooms map[int]*room
}

// A room is a group, and the state of its game, which the logic loop alone touches.
type room struct {
	*nano.Group
	state   game.State
	players int
}

const (
	keyRoom = "room"
	keySlot = "slot"
)

func (b *bench) room(payload []byte) *room {
	b.mu.Lock()
	defer b.mu.Unlock()
	id := game.Room(payload)
	if b.rooms[id] == nil {
		b.rooms[id] = &room{Group: b.srv.NewGroup("room" + strconv.Itoa(id))}
	}
	return b.rooms[id]
}

// Join answers game.Join.
func (b *bench) Join(s *session.Session, raw []byte) error {
	if err := b.room(raw).Add(s); err != nil {
		return err
	}
	return s.Response(raw)
}

// Play answers game.Play.
func (b *bench) Play(s *session.Session, raw []byte) error {
	r := b.room(raw)
	if err := r.Add(s); err != nil {
		return err
	}
	s.Set(keyRoom, r)
	s.Set(keySlot, r.players)
	if r.players++; r.players == 1 {
		b.srv.Loop().NewTimer(game.Tick, r.tick)
	}
	return s.Response(raw)
}

func (r *room) tick() {
	_ = r.Broadcast(game.Push, r.state.Stamp(time.Now()))
}

// Input takes game.Input.
func (b *bench) Input(s *session.Session, raw []byte) error {
	if r, ok := session.Get[*room](s, keyRoom); ok {
		r.state.Set(s.Int(keySlot), raw)
	}
	return nil
}

// Notify takes game.Notify.
func (b *bench) Notify(s *session.Session, raw []byte) error { return s.Push(game.Push, raw) }

// Burst takes game.Burst.
func (b *bench) Burst(_ *session.Session, raw []byte) error {
	r := b.room(raw)
	for range game.Count(raw) {
		if err := r.Broadcast(game.Push, raw); err != nil {
			return err
		}
	}
	return nil
}

type rawEcho struct{ *bench }

// Echo answers game.Echo.
func (rawEcho) Echo(s *session.Session, raw []byte) error { return s.Response(raw) }

type jsonEcho struct{ *bench }

// Echo answers game.Echo.
func (jsonEcho) Echo(s *session.Session, m *game.Message) error { return s.Response(m) }

type protobufEcho struct{ *bench }

// Echo answers game.Echo.
func (protobufEcho) Echo(s *session.Session, m *wrapperspb.BytesValue) error { return s.Response(m) }
