package nano_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/pipeline"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// pressEndings are ways to end a session.
var pressEndings = map[string]func(*session.Session){
	"close":       func(s *session.Session) { s.Close() },
	"kick":        func(s *session.Session) { _ = s.Kick("ended", "x") },
	"kick twice":  func(s *session.Session) { _, _ = s.Kick("ended", "x"), s.Kick("again", "y") },
	"kick, close": func(s *session.Session) { _ = s.Kick("ended", "x"); s.Close() },
	"close, kick": func(s *session.Session) { s.Close(); _ = s.Kick("ended", "x") },
	"together": func(s *session.Session) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { _ = s.Kick("ended", "x") })
			wg.Go(func() { _ = s.Push("news", "x") })
		}
		wg.Wait()
	},
}

// pressPlaces are places from which a session may be ended; each sets a server up to end it there when its client says "end".
var pressPlaces = map[string]func(srv *nanotest.Server, p pipeline.Pipeline, end func(*session.Session)){
	"handler": func(srv *nanotest.Server, _ pipeline.Pipeline, end func(*session.Session)) {
		nano.Handle(srv.Server, "end", func(ctx context.Context, b *[]byte) (*[]byte, error) {
			end(session.FromContext(ctx))
			return b, nil
		})
	},
	"concurrent handler": func(srv *nanotest.Server, _ pipeline.Pipeline, end func(*session.Session)) {
		nano.Handle(srv.Server, "end", func(ctx context.Context, b *[]byte) (*[]byte, error) {
			end(session.FromContext(ctx))
			return b, nil
		}, component.Concurrent())
	},
	"another goroutine": func(srv *nanotest.Server, _ pipeline.Pipeline, end func(*session.Session)) {
		nano.Handle(srv.Server, "end", func(ctx context.Context, b *[]byte) (*[]byte, error) {
			go end(session.FromContext(ctx))
			return b, nil
		})
	},
	"another session's handler and hook": func(srv *nanotest.Server, _ pipeline.Pipeline, end func(*session.Session)) {
		srv.OnSessionClosed(func(*session.Session) { // and again in the hook
			for s := range srv.Sessions() {
				end(s)
			}
		})
		nano.Handle(srv.Server, "end", func(context.Context, *[]byte) (*[]byte, error) {
			for s := range srv.Sessions() {
				end(s)
			}
			return nil, errors.New("ended")
		})
	},
	"close hook": func(srv *nanotest.Server, _ pipeline.Pipeline, end func(*session.Session)) {
		nano.Handle(srv.Server, "end", func(ctx context.Context, b *[]byte) (*[]byte, error) {
			s := session.FromContext(ctx)
			_ = s.OnClose(func(error) { end(s) })
			end(s)
			return b, nil
		})
	},
	"inbound filter": func(srv *nanotest.Server, p pipeline.Pipeline, end func(*session.Session)) {
		p.Inbound().PushBack(func(s *session.Session, m *pipeline.Message) error {
			if m.Route == "end" {
				end(s)
			}
			return nil
		})
		nano.Handle(srv.Server, "end", func(_ context.Context, b *[]byte) (*[]byte, error) { return b, nil })
	},
	"outbound filter": func(srv *nanotest.Server, p pipeline.Pipeline, end func(*session.Session)) {
		var once sync.Once // what ends it may push
		p.Outbound().PushBack(func(s *session.Session, m *pipeline.Message) error {
			if m.Type == wire.Response && m.ID == 2 {
				once.Do(func() { go end(s); end(s) })
			}
			return nil
		})
		nano.Handle(srv.Server, "end", func(_ context.Context, b *[]byte) (*[]byte, error) { return b, nil })
	},
}

// A session may be ended from everywhere, in any way, more than once: it ends once, with one reason, its hooks run once, its client
// is told, its peers go on.
func TestPressureCloseEverywhere(t *testing.T) {
	for place, setUp := range pressPlaces {
		for way, end := range pressEndings {
			if way == "together" && place == "outbound filter" {
				continue // an outbound filter must not push
			}
			t.Run(place+", "+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { checkEnding(t, setUp, end, way) })
			})
		}
	}
}

func checkEnding(t *testing.T, setUp func(*nanotest.Server, pipeline.Pipeline, func(*session.Session)), end func(*session.Session), way string) {
	p := pipeline.New()
	srv := newServer(t, nano.WithPipeline(p))
	setUp(srv, p, end)
	serveEcho(srv.Server)
	hooks := make(map[*session.Session]int)
	srv.OnSessionClosed(func(s *session.Session) { hooks[s]++ })
	a, b := newPressClient(t, srv.DialRaw(t)).shake(), newPressClient(t, srv.DialRaw(t)).shake()
	a.checkEcho(1, "echo")
	b.checkEcho(1, "side")
	a.send(packRequest(2, "end", ""), packRequest(3, "echo", ""), packNotify("end", ""))
	kick := a.wantEnd()
	if closes := way == "close" || way == "close, kick"; closes != (kick == "") {
		t.Errorf("kick %q", kick)
	} else if !closes {
		wantKick(t, []byte(kick), "ended")
	}
	_ = a.Close()
	_ = b.Close()
	synctest.Wait()
	onLoop(t, srv, func() {
		if len(hooks) != 2 {
			t.Errorf("hooks ran for %d sessions", len(hooks))
		}
		for _, n := range hooks {
			if n != 1 {
				t.Errorf("hooks ran %d times", n)
			}
		}
	})
	if st := srv.Stats(); st.Sessions != 0 || st.Connections != 0 {
		t.Errorf("%+v", st)
	}
}

// A validator may end its session too, in any way.
func TestPressureCloseInValidator(t *testing.T) {
	for way, end := range pressEndings {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, nano.WithHandshake(func(_ context.Context, s *session.Session, _ *nano.Handshake) (any, error) {
					end(s)
					return nil, s.OnClose(func(error) { end(s) })
				}))
				ends := endsOf(srv.Server)
				c := newPressClient(t, srv.DialRaw(t))
				c.send(pack(wire.PacketHandshake, "{}"), pack(wire.PacketAck, ""), packRequest(1, "unread", ""))
				if p, err := c.packet(); err == nil && (p.Type != wire.PacketHandshake || way == "close") {
					t.Errorf("a %v came: %s", p.Type, p.Body)
				}
				c.wantEnd()
				code := "ended"
				if way == "close" || way == "close, kick" {
					code = "closed"
				}
				wantReason(t, ends, code)
				_ = c.Close()
			})
		})
	}
}
