package main

import (
	"maps"
	"slices"

	"github.com/lonng/nano"
	"github.com/lonng/nano/session"
)

// historyLen is how many messages a room remembers.
const historyLen = 50

// room is a group, who is in it, and what was said last. A person may be there several times, once for each tab.
type room struct {
	name      string
	permanent bool
	group     *nano.Group
	members   map[*session.Session]string // their nicknames
	history   []Message
}

func newRoom(srv *nano.Server, name string) *room {
	return &room{
		name:    name,
		group:   srv.NewGroup(name),
		members: make(map[*session.Session]string),
		history: []Message{}, // [] for the page, not null
	}
}

// people is who is there, each once, in alphabetical order.
func (r *room) people() []string {
	names := slices.Sorted(maps.Values(r.members))
	return slices.Compact(names)
}

func (r *room) enter(s *session.Session, name string) error {
	known := slices.Contains(r.people(), name)
	r.members[s] = name
	if !known {
		if err := r.group.Broadcast("chat.presence", Presence{People: r.people(), Joined: name}); err != nil {
			return err
		}
	}
	return r.group.Add(s)
}

func (r *room) leave(s *session.Session) {
	name := r.members[s]
	delete(r.members, s)
	_ = r.group.Leave(s) // fails only for a closed group
	if people := r.people(); !slices.Contains(people, name) {
		_ = r.group.Broadcast("chat.presence", Presence{People: people, Left: name})
	}
}

// said finds a message that was sent before.
func (r *room) said(name, nonce string) (Message, bool) {
	i := slices.IndexFunc(r.history, func(m Message) bool {
		return nonce != "" && m.Nonce == nonce && m.Name == name
	})
	if i < 0 {
		return Message{}, false
	}
	return r.history[i], true
}

func (r *room) say(m Message) error {
	if len(r.history) == historyLen {
		r.history = slices.Delete(r.history, 0, 1)
	}
	r.history = append(r.history, m)
	return r.group.Broadcast("chat.message", m)
}
