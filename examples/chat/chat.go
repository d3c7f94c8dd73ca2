package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/session"
)

// What the page and the server say to each other, as JSON.
type (
	// Join asks to enter a room, and to leave the one before.
	Join struct {
		Room string `json:"room"`
		Name string `json:"name"`
	}
	// Joined is a room as its new member finds it.
	Joined struct {
		Room    string    `json:"room"`
		Name    string    `json:"name"`
		People  []string  `json:"people"`
		History []Message `json:"history"`
		Rooms   []Info    `json:"rooms"`
	}
	// Send says something in the room. The nonce is the page's own name for it: sent twice, it is said once.
	Send struct {
		Text  string `json:"text"`
		Nonce string `json:"nonce"`
	}
	// Message is what was said. Ids grow, also over restarts of the server.
	Message struct {
		ID    int64  `json:"id"`
		At    int64  `json:"at"` // Unix time in milliseconds
		Name  string `json:"name"`
		Text  string `json:"text"`
		Nonce string `json:"nonce"`
	}
	// Typing says who is writing.
	Typing struct {
		Name string `json:"name"`
	}
	// Presence says who is in the room, and who has just come or gone.
	Presence struct {
		People []string `json:"people"`
		Joined string   `json:"joined,omitempty"`
		Left   string   `json:"left,omitempty"`
	}
	// Info is a room in the list of rooms.
	Info struct {
		Name   string `json:"name"`
		People int    `json:"people"`
	}
)

// maxRooms bounds the memory that clients can take.
const maxRooms = 100

// seat is where a session is: what it keeps under the key "seat".
type seat struct {
	room *room
	name string
}

// chat is the whole application. All of it runs on the server's logic loop, so nothing here needs a lock.
type chat struct {
	srv    *nano.Server
	rooms  map[string]*room
	lastID int64
}

func newChat(srv *nano.Server) *chat {
	c := &chat{srv: srv, rooms: make(map[string]*room), lastID: time.Now().UnixMilli()}
	for _, name := range []string{"general", "games", "random"} {
		c.rooms[name] = newRoom(srv, name)
		c.rooms[name].permanent = true
	}
	nano.Handle(srv, "chat.join", c.join)
	nano.Handle(srv, "chat.send", c.send)
	nano.Handle(srv, "chat.typing", c.typing)
	srv.OnSessionClosed(c.leave)
	return c
}

func (c *chat) join(ctx context.Context, req *Join) (*Joined, error) {
	name, err := cleanName(req.Name)
	if err != nil {
		return nil, err
	}
	r, err := c.room(req.Room)
	if err != nil {
		return nil, err
	}
	s := session.FromContext(ctx)
	if at, ok := session.Get[seat](s, "seat"); !ok || at != (seat{r, name}) {
		c.leave(s)
		if err := r.enter(s, name); err != nil {
			return nil, err
		}
		s.Set("seat", seat{r, name})
		if err := c.srv.Broadcast("chat.rooms", c.list()); err != nil {
			return nil, err
		}
	}
	return &Joined{Room: r.name, Name: name, People: r.people(), History: r.history, Rooms: c.list()}, nil
}

func (c *chat) send(ctx context.Context, req *Send) (*Message, error) {
	at, ok := session.Get[seat](session.FromContext(ctx), "seat")
	if !ok {
		return nil, nano.Errorf("not-joined", "join a room first")
	}
	text, err := cleanText(req.Text)
	if err != nil {
		return nil, err
	}
	if len(req.Nonce) > 64 {
		return nil, nano.Errorf("bad-request", "the nonce is too long")
	}
	if m, ok := at.room.said(at.name, req.Nonce); ok {
		return &m, nil
	}
	c.lastID++
	m := Message{ID: c.lastID, At: time.Now().UnixMilli(), Name: at.name, Text: text, Nonce: req.Nonce}
	return &m, at.room.say(m)
}

// typing is called by notify: what it returns goes nowhere.
func (c *chat) typing(ctx context.Context, _ *struct{}) (*struct{}, error) {
	s := session.FromContext(ctx)
	at, ok := session.Get[seat](s, "seat")
	if !ok {
		return nil, nil
	}
	others := func(other *session.Session) bool { return other != s }
	return nil, at.room.group.Multicast("chat.typing", Typing{Name: at.name}, others)
}

// leave is for a session that goes to another room, or that has ended.
func (c *chat) leave(s *session.Session) {
	at, ok := session.Get[seat](s, "seat")
	if !ok {
		return
	}
	s.Remove("seat")
	at.room.leave(s)
	_ = c.srv.Broadcast("chat.rooms", c.list()) // fails only for what is no JSON
}

// room finds or makes a room.
func (c *chat) room(name string) (*room, error) {
	name, err := cleanRoom(name)
	if err != nil {
		return nil, err
	}
	if c.rooms[name] == nil {
		if len(c.rooms) >= maxRooms {
			c.dropEmptyRooms()
		}
		if len(c.rooms) >= maxRooms {
			return nil, nano.Errorf("too-many-rooms", "there are %d rooms already", maxRooms)
		}
		c.rooms[name] = newRoom(c.srv, name)
	}
	return c.rooms[name], nil
}

func (c *chat) dropEmptyRooms() {
	for name, r := range c.rooms {
		if !r.permanent && len(r.members) == 0 {
			delete(c.rooms, name)
		}
	}
}

// list is the rooms for the page: the permanent ones, and those where somebody is.
func (c *chat) list() []Info {
	list := []Info{}
	for _, r := range c.rooms {
		if n := len(r.people()); r.permanent || n > 0 {
			list = append(list, Info{Name: r.name, People: n})
		}
	}
	slices.SortFunc(list, func(a, b Info) int { return strings.Compare(a.Name, b.Name) })
	return list
}
