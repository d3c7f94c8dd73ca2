package nano_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/internal/doubles"
	"github.com/lonng/nano/internal/memnet"
	"github.com/lonng/nano/session"
)

// protoRoom is the chat that all doubles meet in.
type protoRoom struct {
	component.Base
	group *nano.Group
}

type protoName struct {
	Name string `json:"name"`
}

type protoLine struct {
	From string `json:"from"`
	Text string `json:"text"`
}

func (r *protoRoom) Join(s *session.Session, m *protoName) error {
	s.Set("name", m.Name)
	if err := r.group.Add(s); err != nil {
		return err
	}
	if err := r.group.Broadcast("onJoin", m); err != nil {
		return err
	}
	return s.Response(map[string]int{"members": r.group.Count()})
}

// Say is for requests and for notifies.
func (r *protoRoom) Say(s *session.Session, m *protoLine) error {
	m.From = s.String("name")
	if err := r.group.Broadcast("onMessage", m); err != nil || s.LastMid() == 0 {
		return err
	}
	return s.Response(m)
}

// Void sends empty payloads.
func (r *protoRoom) Void(s *session.Session, _ *protoName) error {
	if err := s.Push("onVoid", nil); err != nil {
		return err
	}
	return s.Response(nil)
}

func (r *protoRoom) Fail(context.Context, *protoName) (*protoLine, error) {
	return nil, nano.Errorf("out-of-luck", "not today").With("try", "tomorrow")
}

// protoChat returns the options and the setup of the chat: with a dictionary of some of its routes, and compression.
func protoChat() (*protoRoom, []nano.Option) {
	return &protoRoom{group: nano.NewGroup("chat")}, []nano.Option{
		nano.WithDictionary(map[string]uint16{"chat.say": 1, "chat.join": 258, "onMessage": 65535, "onVoid": 7, "nobody": 8}),
		nano.WithCompression(64),
	}
}

func (r *protoRoom) register(s *nano.Server) {
	s.Register(r, component.WithName("chat"), component.WithNameFunc(strings.ToLower))
}

var protoFamilies = []func(doubles.Reporter, net.Conn) *doubles.Double{
	doubles.Starx, doubles.Pomelo, doubles.Pitaya, doubles.Connector, doubles.Level1,
}

// protoParty is doubles in one chat.
type protoParty struct {
	t       *testing.T
	members []*doubles.Double
	said    []string // that all have still to hear
}

// join has doubles connect and enter, one by one.
func (p *protoParty) join(ds ...*doubles.Double) {
	p.t.Helper()
	for _, d := range ds {
		if err := d.Connect(); err != nil {
			p.t.Fatalf("%s: %v", d.Name(), err)
		}
		p.members = append(p.members, d)
		a, err := d.Request("chat.join", fmt.Sprintf(`{"name":%q}`, d.Name()))
		if want := fmt.Sprintf(`{"members":%d}`, len(p.members)); err != nil || string(a.Body) != want {
			p.t.Fatalf("%s: %s %v, want %s", d.Name(), a.Body, err, want)
		}
		for _, m := range p.members {
			if got, err := m.Next("onJoin"); err != nil || string(got) != fmt.Sprintf(`{"name":%q}`, d.Name()) {
				p.t.Fatalf("%s heard %s of %s, %v", m.Name(), got, d.Name(), err)
			}
		}
	}
}

// say has everybody say something, by request and by notify, and everybody hear all of it in one order.
func (p *protoParty) say(text string) {
	p.t.Helper()
	for _, d := range p.members {
		line, _ := json.Marshal(protoLine{d.Name(), text})
		a, err := d.Request("chat.say", string(line))
		if err != nil || string(a.Body) != string(line) || a.Failed {
			p.t.Fatalf("%s: %s %v", d.Name(), a.Body, err)
		}
		d.Notify("chat.say", string(line))
		p.said = append(p.said, string(line), string(line))
	}
	for _, d := range p.members {
		counts := make(map[string]int)
		for range p.said {
			got, err := d.Next("onMessage")
			if err != nil {
				p.t.Fatalf("%s: %v", d.Name(), err)
			}
			counts[string(got)]++
		}
		for _, line := range p.said {
			counts[line]--
			if counts[line] < 0 {
				p.t.Fatalf("%s did not hear %.80s", d.Name(), line)
			}
		}
	}
	p.said = nil
}

// stumble has everybody get empty payloads and errors.
func (p *protoParty) stumble() {
	p.t.Helper()
	for _, d := range p.members {
		a, err := d.Request("chat.void", `{}`)
		pushed, err2 := d.Next("onVoid")
		want := "null"
		if d.Name() == "level 1" {
			want = ""
		}
		if err != nil || err2 != nil || string(a.Body) != want || string(pushed) != want {
			p.t.Errorf("%s: void is %q and %q, %v", d.Name(), a.Body, pushed, errors.Join(err, err2))
		}
		for route, want := range map[string]string{
			"chat.fail": `{"code":"out-of-luck","msg":"not today","metadata":{"try":"tomorrow"}}`,
			"nobody":    `{"code":"not-found","msg":"no such route","metadata":{"route":"nobody"}}`,
		} {
			if a, err := d.Request(route, `{}`); err != nil || !a.Failed {
				p.t.Errorf("%s: %s: %s %v", d.Name(), route, a.Body, err)
			} else {
				sameJSON(p.t, string(a.Body), want)
			}
		}
	}
}

func TestAllClientsChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, opts := protoChat()
		host := newProtoHost(t, opts...)
		room.register(host.Server.Server)
		host.start()
		party := &protoParty{t: t}
		for _, family := range protoFamilies {
			party.join(family(t, host.dialStream()), family(t, host.dialWS()))
		}
		party.say("short")
		party.say(strings.Repeat("long ", 1000))
		party.stumble()

		pass(time.Hour) // the connector's application has nothing to say, and is closed
		var alive []*doubles.Double
		for _, d := range party.members {
			if d.Name() != "connector" {
				alive = append(alive, d)
			} else if kick, err := d.Kicked(); err != nil || kick == nil || kick.Code != "timeout" {
				t.Errorf("connector: kick %v, %v", kick, err)
			}
		}
		party.members = alive
		party.say("still here?")
		if n := host.Stats().Sessions; n != len(alive) {
			t.Errorf("%d sessions for %d clients", n, len(alive))
		}
	})
}

// lagging is a connection on which everything takes a while, never the same.
func lagging(t *testing.T, far net.Conn, shortest, longest time.Duration) net.Conn {
	near, middle := memnet.Pipe(0)
	random := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	lag := func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return shortest + time.Duration(random.Int64N(int64(longest-shortest)))
	}
	carry := func(from, to net.Conn) {
		buf := make([]byte, 64<<10)
		for {
			n, err := from.Read(buf)
			<-time.After(lag())
			if n > 0 {
				_, _ = to.Write(buf[:n])
			}
			if err != nil {
				_ = to.Close()
				return
			}
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { carry(middle, far) })
	wg.Go(func() { carry(far, middle) })
	t.Cleanup(wg.Wait) // after the double's own
	return near
}

// Clients whose heartbeat waits for the server's send one every two intervals only, when theirs is due just after the
// server's came. On a real network that varies by a little each time, and must not end the connection.
func TestHeartbeatsOverLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, opts := protoChat()
		host := newProtoHost(t, append(opts, nano.WithHeartbeatInterval(5*time.Second))...)
		room.register(host.Server.Server)
		host.start()
		party := &protoParty{t: t}
		for range 5 {
			for _, family := range protoFamilies {
				d := family(t, lagging(t, host.dialStream(), 50*time.Millisecond, 130*time.Millisecond))
				if d.Name() == "connector" {
					d.Close()
					continue
				}
				party.join(d)
			}
			pass(time.Second)
		}
		pass(2 * time.Hour)
		party.say("still here?")
	})
}
