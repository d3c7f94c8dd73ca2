package nano_test

import (
	"context"
	"fmt"
	"slices"
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

// world is one of several servers in a process, with what is its own.
type world struct {
	*nanotest.Server
	client *nanotest.Client
	closed []int64
	ticks  int
	seen   int
}

func newWorld(t *testing.T, name string, s serialize.Serializer, every time.Duration, opts ...nano.Option) *world {
	t.Helper()
	w := &world{}
	filters := pipeline.New()
	filters.Inbound().PushBack(func(*session.Session, *pipeline.Message) error {
		w.seen++
		return nil
	})
	w.Server = newServer(t, append(opts, nano.WithSerializer(s), nano.WithPipeline(filters))...)
	nameSessions(w.Server)
	nano.Handle(w.Server.Server, "where", func(ctx context.Context, _ *struct{}) (*Greeting, error) {
		if !w.Loop().OnLoop() {
			t.Error("a handler is on another server's loop")
		}
		return &Greeting{name}, session.FromContext(ctx).Bind(7)
	})
	nano.Handle(w.Server.Server, "only."+name, hello)
	w.OnSessionClosed(func(s *session.Session) { w.closed = append(w.closed, s.ID()) })
	w.Loop().NewTimer(every, func() { w.ticks++ })
	w.client = w.Dial(t, nanotest.WithSerializer(s))
	return w
}

// Two servers in one process share nothing.
func TestTwoServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		earth := newWorld(t, "earth", json.NewSerializer(), time.Second, nano.WithHeartbeatInterval(0))
		mars := newWorld(t, "mars", msgpack.NewSerializer(), 2*time.Second, nano.WithSilentErrors(), nano.WithMaxPacketSize(100))
		for name, w := range map[string]*world{"earth": earth, "mars": mars} {
			var g Greeting
			must(t, w.client.Request("where", nil, &g), w.client.Request("only."+name, Hello{"ann"}, nil))
			if g.Text != name {
				t.Errorf("on %s a client was answered by %s", name, g.Text)
			}
		}
		wantCode(t, earth.client.Request("only.mars", Hello{}, nil), "not-found")
		if err := mars.client.Request("only.earth", Hello{}, nil); err == nil {
			t.Error("mars answers with errors")
		}
		must(t, earth.client.Request("where", []byte(fmt.Sprintf("%200s", "{}")), nil))

		a, b := sessionOf(t, earth.Server, earth.client), sessionOf(t, mars.Server, mars.client)
		if s, ok := earth.ByUID(7); !ok || s != a {
			t.Errorf("earth's user 7 is %v", s)
		}
		if s, ok := mars.ByUID(7); !ok || s != b {
			t.Errorf("mars's user 7 is %v", s)
		}
		must(t, earth.Broadcast("onNews", Hello{"earth"}))
		earth.client.Expect("onNews", nil)
		if synctest.Wait(); mars.client.Pushes("onNews") != 0 {
			t.Error("a broadcast reached the other server")
		}

		must(t, mars.Shutdown(t.Context()))
		<-time.After(10 * time.Second)
		synctest.Wait()
		onLoop(t, earth.Server, func() {
			if len(earth.closed) != 0 || earth.ticks < 10 {
				t.Errorf("earth: closed %v, %d ticks", earth.closed, earth.ticks)
			}
		})
		if !slices.Equal(mars.closed, []int64{b.ID()}) || mars.ticks > 5 || mars.seen != 3 || earth.seen != 4 {
			t.Errorf("mars: closed %v, %d ticks; filtered: mars %d, earth %d", mars.closed, mars.ticks, mars.seen, earth.seen)
		}
		must(t, earth.client.Request("where", nil, nil))
	})
}

func TestSessionsOfAServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, 3)
		if n := len(slices.Collect(p.Sessions())); n != 3 || p.Stats().Sessions != 3 {
			t.Errorf("%d sessions, %+v", n, p.Stats())
		}
		for i, s := range p.sessions {
			if got, ok := p.Session(s.ID()); !ok || got != s || s.ID() <= 0 {
				t.Errorf("session %d: %v", s.ID(), got)
			}
			if got, ok := p.ByUID(int64(i + 1)); !ok || got != s {
				t.Errorf("user %d: %v", i+1, got)
			}
		}
		for range p.Sessions() { // a body may stop, and do anything
			break
		}
		for s := range p.Sessions() {
			s.Close()
		}
		synctest.Wait()
		<-time.After(time.Minute)
		if n := len(slices.Collect(p.Sessions())); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		if _, ok := p.ByUID(1); ok {
			t.Error("a user without a session is found")
		}
		if _, ok := p.Session(p.sessions[0].ID()); ok {
			t.Error("a closed session is found")
		}
	})
}

// A user may be bound to several sessions; the last one is found, then the one before.
func TestByUID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, 3)
		want := func(uid int64, s *session.Session) {
			t.Helper()
			if got, ok := p.ByUID(uid); got != s || ok != (s != nil) {
				t.Errorf("user %d: %v, %v, want %v", uid, got, ok, s)
			}
		}
		a, b, c := p.sessions[0], p.sessions[1], p.sessions[2]
		must(t, a.Bind(7), b.Bind(7), c.Bind(7))
		want(7, c)
		want(1, nil)
		c.Clear()
		want(7, b)
		must(t, b.Bind(8))
		want(7, a)
		want(8, b)
		must(t, a.Bind(7)) // again: nothing changes
		p.clients[0].Close()
		synctest.Wait()
		want(7, nil)
		want(0, nil)
	})
}

func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if st := nano.New().Stats(); st != (nano.Stats{}) {
			t.Errorf("before the start: %+v", st)
		}
		srv := newServer(t, nano.WithHandshake(func(_ context.Context, _ *session.Session, h *nano.Handshake) (any, error) {
			if h.Type == "refuse" {
				return nil, nano.Errorf("forbidden", "no")
			}
			return nil, nil
		}))
		nameSessions(srv)
		c := srv.Dial(t)
		must(t, c.Request("me", nil, nil), c.Notify("me", nil), c.Notify("nowhere", nil))
		refused := srv.DialRaw(t)
		defer refused.Close()
		writeAll(t, refused, pack(1, `{"sys":{"type":"refuse"}}`))
		silent := srv.DialRaw(t)
		defer silent.Close()
		synctest.Wait()
		<-time.After(2 * time.Second)
		synctest.Wait()
		got := srv.Stats()
		want := nano.Stats{Connections: 2, Sessions: 1, Accepted: 3, Refused: 1, Received: 3, Sent: 1, Failed: 1}
		if got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}
