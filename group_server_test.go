package nano_test

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/pipeline"
	"github.com/lonng/nano/serialize"
	"github.com/lonng/nano/serialize/json"
	"github.com/lonng/nano/serialize/msgpack"
	"github.com/lonng/nano/session"
)

// counting is a serializer that counts what it encodes.
type counting struct {
	serialize.Serializer
	n atomic.Int64
}

func (c *counting) Marshal(v any) ([]byte, error) {
	c.n.Add(1)
	return c.Serializer.Marshal(v)
}

// party is a server, its clients and a group of their sessions.
type party struct {
	*nanotest.Server
	clients  []*nanotest.Client
	sessions []*session.Session
	group    *nano.Group
}

func newParty(t *testing.T, n int, opts ...nano.Option) *party {
	t.Helper()
	p := &party{Server: newServer(t, opts...), group: nano.NewGroup("party")}
	nameSessions(p.Server)
	for i := range n {
		p.join(t, p.Dial(t), int64(i+1))
	}
	return p
}

func (p *party) join(t *testing.T, c *nanotest.Client, uid int64) {
	t.Helper()
	s := sessionOf(t, p.Server, c)
	must(t, s.Bind(uid), p.group.Add(s))
	p.clients, p.sessions = append(p.clients, c), append(p.sessions, s)
}

func TestBroadcastEncodesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &counting{Serializer: json.NewSerializer()}
		p := newParty(t, 20, nano.WithSerializer(s))
		pitaya := nanotest.WithHandshake(`{"sys":{"platform":"mac","libVersion":"0.3.5"}}`)
		for i := range 5 {
			p.join(t, p.Dial(t, pitaya), int64(i+100))
		}
		s.n.Store(0)
		must(t, p.group.Broadcast("onHello", Hello{"all"}))
		if n := s.n.Load(); n != 2 {
			t.Errorf("encoded %d times for the members of two dialects", n)
		}
		must(t, p.Server.Broadcast("onHello", Hello{"all"}))
		for _, c := range p.clients {
			var h Hello
			c.Expect("onHello", &h)
			if c.Expect("onHello", &h); h.Name != "all" {
				t.Errorf("got %q", h.Name)
			}
		}
	})
}

func TestMembershipEndsWithTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, 3)
		inHook := make(chan bool, 3)
		p.OnSessionClosed(func(s *session.Session) { inHook <- p.group.Contains(s.UID()) })
		p.clients[1].Close()
		synctest.Wait()
		if !<-inHook {
			t.Error("the session was out of the group in its closed hook")
		}
		if got := p.group.Members(); len(got) != 2 || slices.Contains(got, 2) {
			t.Errorf("members %v", got)
		}
		if err := p.group.Add(p.sessions[1]); err != nano.ErrSessionClosed {
			t.Errorf("Add of a closed session: %v", err)
		}
		must(t, p.group.Broadcast("onHello", Hello{}))
	})
}

// A member that is closing is passed over, whatever stage it is in.
func TestBroadcastToAClosingMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, 2)
		onLoop(t, p.Server, func() {
			p.sessions[0].Close()
			if err := p.group.Broadcast("onHello", Hello{"all"}); err != nil {
				t.Error(err)
			}
		})
		var h Hello
		p.clients[1].Expect("onHello", &h)
		if p.clients[0].ExpectClosed(); p.clients[0].Pushes("onHello") != 0 {
			t.Error("a closing member got the push")
		}
	})
}

// One group may hold sessions of several servers, each with its own serializer.
func TestGroupOverServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newParty(t, 2)
		b := newParty(t, 0, nano.WithSerializer(msgpack.NewSerializer()))
		for range 2 {
			c := b.Dial(t, nanotest.WithSerializer(msgpack.NewSerializer()))
			b.group = a.group
			b.join(t, c, 50+int64(len(b.clients)))
		}
		must(t, a.group.Broadcast("onHello", Hello{"everybody"}))
		for _, c := range slices.Concat(a.clients, b.clients) {
			var h Hello
			if c.Expect("onHello", &h); h.Name != "everybody" {
				t.Errorf("got %q", h.Name)
			}
		}
	})
}

// More servers than a broadcast remembers the forms of.
func TestGroupOverManyServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		group := nano.NewGroup("all")
		var clients []*nanotest.Client
		for i := range 6 {
			p := newParty(t, 0)
			p.group = group
			for j := range 2 {
				p.join(t, p.Dial(t), int64(i*10+j+1))
			}
			clients = append(clients, p.clients...)
		}
		must(t, group.Broadcast("onHello", Hello{"everybody"}))
		for _, c := range clients {
			c.Expect("onHello", nil)
		}
	})
}

// What cannot be encoded for one server's members reaches those of another.
func TestBroadcastThatEncodesForSome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := newParty(t, 2, nano.WithSerializer(encodesIDs{}))
		good := newParty(t, 0)
		good.group = bad.group
		good.join(t, good.Dial(t), 9)
		if err := bad.group.Broadcast("onHello", Hello{"all"}); !errors.Is(err, errEncode) {
			t.Errorf("Broadcast: %v", err)
		}
		good.clients[0].Expect("onHello", nil)
		if err := bad.group.Broadcast("onHello", []byte("raw")); err != nil {
			t.Errorf("a broadcast of bytes: %v", err)
		}
	})
}

var errEncode = errors.New("does not encode")

// encodesIDs encodes ids alone.
type encodesIDs struct{}

func (encodesIDs) Marshal(v any) ([]byte, error) {
	if id, ok := v.(*int64); ok {
		return fmt.Append(nil, *id), nil
	}
	return nil, errEncode
}
func (encodesIDs) Unmarshal([]byte, any) error { return nil }

// Outbound filters get a copy a member and may refuse one without harm to the others.
func TestBroadcastThroughFilters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("not for you")
		p := pipeline.New()
		p.Outbound().PushBack(func(s *session.Session, m *pipeline.Message) error {
			switch {
			case m.Route != "onHello":
			case s.UID() == 2:
				return refused
			default:
				copy(m.Data[len(`{"name":"`):], fmt.Sprint(s.UID())) // in place
			}
			return nil
		})
		all := newParty(t, 4, nano.WithPipeline(p))
		if err := all.group.Broadcast("onHello", Hello{"?"}); !errors.Is(err, refused) {
			t.Errorf("Broadcast: %v", err)
		}
		for i, c := range all.clients {
			if i == 1 {
				continue
			}
			var h Hello
			if c.Expect("onHello", &h); h.Name != fmt.Sprint(i+1) {
				t.Errorf("user %d got %q", i+1, h.Name)
			}
		}
		if synctest.Wait(); all.clients[1].Pushes("onHello") != 0 {
			t.Error("the refused push arrived")
		}
	})
}

// A member that does not read is closed; nobody else notices.
func TestBroadcastToASlowMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, 2)
		stalled := p.DialRaw(t)
		defer stalled.Close()
		shake := "\x01\x00\x00\x02{}" + "\x02\x00\x00\x00"
		if _, err := stalled.Write([]byte(shake)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for s := range p.Sessions() {
			if s.UID() == 0 {
				must(t, s.Bind(99), p.group.Add(s))
			}
		}
		line := make([]byte, 64<<10)
		for range 40 { // more than a queue takes for long
			must(t, p.group.Broadcast("onLine", line))
		}
		for _, c := range p.clients {
			for range 40 {
				c.Expect("onLine", nil)
			}
		}
		<-time.After(10 * time.Second)
		if synctest.Wait(); p.group.Contains(99) || p.Stats().Slow != 1 || p.group.Count() != 2 {
			t.Errorf("members %v, slow %d", p.group.Members(), p.Stats().Slow)
		}
	})
}
