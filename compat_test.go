package nano_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/session"
)

// The behaviour that programs written for nano 0.5 lean on, a test for each point.

// Desk is a component of such a program.
type Desk struct {
	*component.Base // a nil one
	t               *testing.T
	srv             *nanotest.Server
	players         map[int64]int // no lock
	midOfLater      chan func()
	blocked         chan struct{}
}

func newDesk(t *testing.T, srv *nanotest.Server) *Desk {
	return &Desk{t: t, srv: srv, players: map[int64]int{}, midOfLater: make(chan func(), 1), blocked: make(chan struct{})}
}

func (d *Desk) Join(s *session.Session, m *Hello) error {
	if !d.srv.Loop().OnLoop() {
		d.t.Error("a handler is not on the loop")
	}
	d.players[s.ID()]++
	return s.Response(&Greeting{Text: m.Name})
}

func (d *Desk) Raw(s *session.Session, raw []byte) error { return s.Response(raw) }

func (d *Desk) Block(s *session.Session, _ []byte) error {
	if err := s.Push("onBlock", Hello{"before"}); err != nil {
		return err
	}
	<-d.blocked
	return s.Push("onBlock", Hello{"after"})
}

// Later answers from elsewhere.
func (d *Desk) Later(s *session.Session, m *Hello) error {
	mid := s.LastMid()
	d.midOfLater <- func() {
		if err := s.ResponseMID(mid, &Greeting{Text: m.Name}); err != nil {
			d.t.Error(err)
		}
	}
	return nil
}

func (d *Desk) Count() int                              { return len(d.players) }
func (d *Desk) Two(*session.Session, *Hello) (a, b int) { return 0, 0 }
func (d *Desk) Plain(*session.Session, Hello) error     { return nil }

func TestCompat1Handlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		srv.Register(newDesk(t, srv))
		c := srv.Dial(t)
		var g Greeting
		must(t, c.Request("Desk.Join", Hello{"ann"}, &g))
		var raw []byte
		must(t, c.Request("Desk.Raw", []byte("bytes"), &raw))
		if g.Text != "ann" || string(raw) != "bytes" {
			t.Errorf("%q, %q", g.Text, raw)
		}
		for _, method := range []string{"Count", "Two", "Plain", "Init", "Shutdown"} {
			wantCode(t, c.Request("Desk."+method, Hello{}, nil), "not-found")
		}
	})
}

func TestCompat1NoHandlers(t *testing.T) {
	srv := nano.New(nano.WithTCP("127.0.0.1:0"))
	srv.Register(&component.Base{})
	if err := srv.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "*component.Base has no handler") {
		t.Errorf("Run: %v", err)
	}
}

// Everything runs on one goroutine: the race detector watches the map, and so does OnLoop.
func TestCompat2OneGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		d := newDesk(t, srv)
		srv.Register(d)
		closed := 0
		srv.OnSessionClosed(func(s *session.Session) {
			if !srv.Loop().OnLoop() {
				t.Error("a closed hook is not on the loop")
			}
			delete(d.players, s.ID())
			closed++
		})
		srv.Loop().NewTimer(time.Millisecond, func() { d.players[-1]++ })
		const clients, messages = 10, 20
		var done atomic.Int64
		for range clients {
			c := srv.Dial(t)
			go func() {
				for range messages {
					if err := c.Request("Desk.Join", Hello{"ann"}, nil); err != nil {
						t.Error(err)
					}
				}
				done.Add(1)
				c.Close()
			}()
		}
		for range 100 {
			must(t, srv.Loop().Do(func() { d.players[-2]++ }))
		}
		<-time.After(time.Minute)
		onLoop(t, srv, func() {
			if done.Load() != clients || closed != clients || d.players[-2] != 100 || d.players[-1] == 0 || len(d.players) != 2 {
				t.Errorf("%d clients done, %d closed, players %v", done.Load(), closed, d.players)
			}
		})
	})
}

func TestCompat2PushLeavesWhileTheHandlerBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		d := newDesk(t, srv)
		srv.Register(d)
		c := srv.Dial(t)
		must(t, c.Notify("Desk.Block", nil))
		var h Hello
		c.Expect("onBlock", &h) // the handler still runs
		if h.Name != "before" || c.Pushes("onBlock") != 0 {
			t.Errorf("got %q, %d more", h.Name, c.Pushes("onBlock"))
		}
		close(d.blocked)
		if c.Expect("onBlock", &h); h.Name != "after" {
			t.Errorf("got %q", h.Name)
		}
	})
}

func TestCompat3AnswersFromElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		d := newDesk(t, srv)
		srv.Register(d)
		nameSessions(srv)
		c := srv.Dial(t)
		first, err := c.Go("Desk.Later", Hello{"first"})
		must(t, err)
		answerFirst := <-d.midOfLater
		second, err := c.Go("Desk.Later", Hello{"second"})
		must(t, err)
		answerSecond := <-d.midOfLater

		go answerSecond()
		var g Greeting
		must(t, second(&g))
		go answerFirst()
		var h Greeting
		must(t, first(&h))
		if g.Text != "second" || h.Text != "first" {
			t.Errorf("answers %q and %q", h.Text, g.Text)
		}

		// Push, Broadcast, RPC and Close from any goroutine.
		s := sessionOf(t, srv, c)
		group := nano.NewGroup("all")
		must(t, group.Add(s))
		errs := make(chan error)
		go func() {
			errs <- errors.Join(s.Push("onPush", Hello{"push"}), group.Broadcast("onPush", Hello{"broadcast"}), s.RPC("Desk.Join", Hello{"rpc"}))
			s.Close()
		}()
		must(t, <-errs)
		c.ExpectClosed()
		if c.Pushes("onPush") != 2 {
			t.Errorf("%d pushes", c.Pushes("onPush"))
		}
	})
}

// Hall is where users log in, again too.
type Hall struct {
	component.Base
	t      *testing.T
	group  *nano.Group
	byUser map[int64]*session.Session
	closed []string
}

func (h *Hall) Login(s *session.Session, m *struct{ UID int64 }) error {
	if old := h.byUser[m.UID]; old != nil {
		check(h.t, h.group.Leave(old))
		old.Clear()
		old.Close()
	}
	if err := s.Bind(m.UID); err != nil {
		return err
	}
	s.Set("name", fmt.Sprint("user", m.UID))
	h.byUser[m.UID] = s
	check(h.t, h.group.Add(s))
	return s.Response(nil)
}

func (h *Hall) onClosed(s *session.Session) {
	h.closed = append(h.closed, fmt.Sprintf("%d %q in the group: %v", s.UID(), s.String("name"), h.group.Contains(s.UID())))
	_ = h.group.Leave(s) // as programs do
}

func TestCompat4ReLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		hall := &Hall{t: t, group: nano.NewGroup("hall"), byUser: map[int64]*session.Session{}}
		srv.Register(hall)
		srv.OnSessionClosed(hall.onClosed)
		type login struct{ UID int64 }
		old, fresh := srv.Dial(t), srv.Dial(t)
		must(t, old.Request("Hall.Login", login{7}, nil), fresh.Request("Hall.Login", login{7}, nil))
		old.ExpectClosed()
		synctest.Wait()
		fresh.Close()
		synctest.Wait()
		onLoop(t, srv, func() {
			want := []string{`0 "" in the group: false`, `7 "user7" in the group: true`}
			if fmt.Sprint(hall.closed) != fmt.Sprint(want) {
				t.Errorf("the closed hook saw %q, want %q", hall.closed, want)
			}
		})
		if hall.group.Count() != 0 {
			t.Errorf("%d members are left", hall.group.Count())
		}
	})
}

func TestCompat5MembersOfAnEmptyGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		group := nano.NewGroup("empty")
		type members struct {
			Members []int64 `json:"members"`
		}
		nano.Handle(srv.Server, "members", func(context.Context, *struct{}) (*members, error) {
			return &members{group.Members()}, nil
		})
		var raw []byte
		must(t, srv.Dial(t).Request("members", nil, &raw))
		if string(raw) != `{"members":null}` || group.Members() != nil {
			t.Errorf("%s", raw)
		}
	})
}

func TestCompat8RPC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		log := &rpcLog{}
		srv.Register(log)
		srv.Register(&rpcCaller{})
		c := srv.Dial(t)
		must(t, c.Request("rpcCaller.Call", Hello{"ann"}, nil))
		var got []string
		onLoop(t, srv, func() { got = log.lines })
		if want := "[0 1 2 raw ann]"; fmt.Sprint(got) != want {
			t.Errorf("calls %v, want %v", got, want)
		}
	})
}

type rpcLog struct {
	component.Base
	lines []string
}

func (l *rpcLog) Line(_ *session.Session, m *Hello) error {
	l.lines = append(l.lines, m.Name)
	return nil
}
func (l *rpcLog) Raw(s *session.Session, raw []byte) error {
	l.lines = append(l.lines, string(raw), s.String("name"))
	return nil
}

type rpcCaller struct{ component.Base }

func (*rpcCaller) Call(s *session.Session, m *Hello) error {
	s.Set("name", m.Name)
	for i := range 3 {
		if err := s.RPC("rpcLog.Line", Hello{fmt.Sprint(i)}); err != nil {
			return err
		}
	}
	if err := s.RPC("rpcLog.Raw", []byte("raw")); err != nil {
		return err
	}
	if err := s.RPC("nowhere.Line", Hello{}); !errors.Is(err, &nano.Error{Code: "not-found"}) {
		return fmt.Errorf("an RPC to nowhere: %w", err)
	}
	return s.Response(nil)
}

func TestCompat8ClusterOptions(t *testing.T) {
	for name, opt := range map[string]nano.Option{
		"WithMaster":        nano.WithMaster(),
		"WithAdvertiseAddr": nano.WithAdvertiseAddr("127.0.0.1:4450", time.Second),
	} {
		srv := nano.New(nano.WithTCP("127.0.0.1:0"), nano.WithLabel("gate"), nano.WithNodeId(7), opt)
		if err := srv.Run(t.Context()); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "no cluster") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// lane is a LocalScheduler of a program's own.
type lane struct {
	tasks chan scheduler.Task
	ran   atomic.Int64
}

func (l *lane) Schedule(task scheduler.Task) { l.tasks <- task }

func (l *lane) run() {
	for task := range l.tasks {
		l.ran.Add(1)
		task()
	}
}

func TestCompat9SchedulerInTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lane{tasks: make(chan scheduler.Task, 10)}
		go l.run()
		defer close(l.tasks)
		srv := newServer(t, nano.WithHandshakeValidator(func(s *session.Session, raw []byte) error {
			if strings.Contains(string(raw), "lane") {
				s.Set("scheduler", l)
			}
			return nil
		}))
		var onLoop []bool
		life := &Life{call: func(s *session.Session) error {
			onLoop = append(onLoop, srv.Loop().OnLoop())
			return s.Response(nil)
		}}
		srv.Register(life, component.WithSchedulerName("scheduler"))
		with, without := srv.Dial(t, nanotest.WithHandshake(`{"user":"lane"}`)), srv.Dial(t)
		must(t, with.Request("Life.Call", nil, nil), without.Request("Life.Call", nil, nil))
		if l.ran.Load() != 1 || fmt.Sprint(onLoop) != "[false true]" {
			t.Errorf("%d tasks on the session's scheduler; on the loop: %v", l.ran.Load(), onLoop)
		}
	})
}
