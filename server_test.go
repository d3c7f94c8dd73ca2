package nano_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/session"
)

type Hello struct {
	Name string `json:"name"`
}

type Greeting struct {
	Text string `json:"text"`
}

func hello(_ context.Context, req *Hello) (*Greeting, error) {
	if req.Name == "" {
		return nil, nano.Errorf("no-name", "who are you?")
	}
	return &Greeting{Text: "hello " + req.Name}, nil
}

type Room struct {
	component.Base
	group *nano.Group
}

func (r *Room) Join(s *session.Session, m *Hello) error {
	if err := r.group.Add(s); err != nil {
		return err
	}
	if err := r.group.Broadcast("onJoin", m); err != nil {
		return err
	}
	return s.Response(&Greeting{Text: "welcome " + m.Name})
}

func (r *Room) Raw(s *session.Session, data []byte) error { return s.Response(data) }

func TestFirstSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := nanotest.NewServer(t)
		nano.Handle(srv.Server, "hello", hello)
		srv.Register(&Room{group: srv.NewGroup("room")})

		ann, bob := srv.Dial(t), srv.Dial(t)
		var g Greeting
		if err := ann.Request("hello", Hello{"ann"}, &g); err != nil || g.Text != "hello ann" {
			t.Fatal(g, err)
		}
		err := ann.Request("hello", Hello{}, &g)
		if e, ok := errors.AsType[*nano.Error](err); !ok || e.Code != "no-name" {
			t.Fatal(err)
		}
		err = ann.Request("nowhere", Hello{}, &g)
		if e, ok := errors.AsType[*nano.Error](err); !ok || e.Code != "not-found" {
			t.Fatal(err)
		}
		if err := ann.Request("Room.Join", Hello{"ann"}, &g); err != nil || g.Text != "welcome ann" {
			t.Fatal(g, err)
		}
		if err := bob.Request("Room.Join", Hello{"bob"}, &g); err != nil || g.Text != "welcome bob" {
			t.Fatal(g, err)
		}
		var h Hello
		ann.Expect("onJoin", &h)
		ann.Expect("onJoin", &h)
		if h.Name != "bob" {
			t.Fatal(h)
		}
		var raw []byte
		if err := bob.Request("Room.Raw", []byte("bytes"), &raw); err != nil || string(raw) != "bytes" {
			t.Fatal(raw, err)
		}
	})
}
