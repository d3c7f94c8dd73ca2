package nano_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/lonng/nano"
	"github.com/lonng/nano/pipeline"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

func TestInboundFiltersChangeMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var saw []string
		p := pipeline.New()
		p.Inbound().PushBack(func(s *session.Session, m *pipeline.Message) error {
			saw = append(saw, fmt.Sprint(m.Type, " ", m.ID, " ", m.Route))
			m.Data = bytes.ReplaceAll(m.Data, []byte("darn"), []byte("****")) // another slice
			return nil
		})
		p.Inbound().PushBack(func(_ *session.Session, m *pipeline.Message) error {
			for i, c := range m.Data { // in place
				if c == '!' {
					m.Data[i] = '.'
				}
			}
			return nil
		})
		srv := newServer(t, nano.WithPipeline(p), nano.WithDictionary(map[string]uint16{"hello": 1}))
		nano.Handle(srv.Server, "hello", hello)
		c := srv.Dial(t)
		var g Greeting
		must(t, c.Request("hello", Hello{"darn ann!"}, &g), c.Notify("hello", Hello{"bob"}))
		if synctest.Wait(); g.Text != "hello **** ann." {
			t.Errorf("answer %q", g.Text)
		}
		if want := "[request 1 hello notify 0 hello]"; fmt.Sprint(saw) != want {
			t.Errorf("the filter saw %v, want %v", saw, want)
		}
	})
}

func TestOutboundFiltersChangeMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var saw []string
		refused := errors.New("refused")
		p := pipeline.New()
		p.Outbound().PushBack(func(s *session.Session, m *pipeline.Message) error {
			saw = append(saw, fmt.Sprint(m.Type, " ", m.ID, " ", m.Route))
			if m.Route == "onSecret" {
				return refused
			}
			m.Data = bytes.ToUpper(m.Data)
			return nil
		})
		srv := newServer(t, nano.WithPipeline(p))
		var secret error
		srv.Register(&Life{call: func(s *session.Session) error {
			secret = s.Push("onSecret", "text")
			return errors.Join(s.Push("onText", "text"), s.Response("text"))
		}})
		c := srv.Dial(t)
		var raw []byte
		must(t, c.Request("Life.Call", nil, &raw))
		if string(raw) != `"TEXT"` {
			t.Errorf("answer %s", raw)
		}
		if c.Expect("onText", &raw); string(raw) != `"TEXT"` {
			t.Errorf("push %s", raw)
		}
		wantCode(t, c.Request("nowhere", nil, nil), "NOT-FOUND") // errors pass the filters too
		if secret != refused || c.Pushes("onSecret") != 0 {
			t.Errorf("a refused push: %v", secret)
		}
		if want := "[push 0 onSecret push 0 onText response 1  response 2 ]"; fmt.Sprint(saw) != want {
			t.Errorf("the filter saw %v, want %v", saw, want)
		}
	})
}

// A response that a filter refuses is an error response, which passes the filters as well.
func TestOutboundFilterRefusesAResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New()
		p.Outbound().PushBack(func(_ *session.Session, m *pipeline.Message) error {
			if bytes.Contains(m.Data, []byte("hello ann")) {
				return errCoded
			}
			return nil
		})
		srv := newServer(t, nano.WithPipeline(p))
		nano.Handle(srv.Server, "hello", hello)
		c := srv.Dial(t)
		wantCode(t, c.Request("hello", Hello{"ann"}, nil), "poor")
		must(t, c.Request("hello", Hello{"bob"}, nil))
	})
}

// A push that does not encode is not shown to the filters.
func TestOutboundFiltersSeeWhatIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := 0
		p := pipeline.New()
		p.Outbound().PushBack(func(_ *session.Session, m *pipeline.Message) error {
			if m.Type == wire.Push {
				seen++
			}
			return nil
		})
		all := newParty(t, 1, nano.WithPipeline(p))
		s := all.sessions[0]
		if err := s.Push(strings.Repeat("r", 256), 1); !errors.Is(err, wire.ErrRoute) {
			t.Errorf("a route of 256 bytes: %v", err)
		}
		if err := s.Push("onChannel", make(chan int)); err == nil {
			t.Error("a channel is pushed")
		}
		must(t, s.Push("onText", "text"))
		if all.clients[0].Expect("onText", nil); seen != 1 {
			t.Errorf("the filter saw %d pushes", seen)
		}
	})
}

// The filters that are there when the server starts are used.
func TestPipelineIsTakenAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New()
		srv := newServer(t, nano.WithPipeline(p))
		nano.Handle(srv.Server, "hello", hello)
		seen := 0
		p.Inbound().PushBack(func(*session.Session, *pipeline.Message) error { seen++; return nil })
		c := srv.Dial(t)
		p.Inbound().PushBack(func(*session.Session, *pipeline.Message) error { return errPlain })
		must(t, c.Request("hello", Hello{"ann"}, nil))
		if seen != 1 {
			t.Errorf("the filter saw %d messages", seen)
		}
	})
}

// counter is an outbound or inbound filter that encrypts with a counter of the session.
func counter(key string) pipeline.Func {
	return func(s *session.Session, m *pipeline.Message) error {
		n := s.Int(key)
		s.Set(key, n+1)
		shift(m.Data, n)
		return nil
	}
}

// shift is a cipher, of a kind: its own inverse.
func shift(data []byte, n int) {
	for i := range data {
		data[i] ^= byte(n*31 + i)
	}
}

// What the filters see is in the order of the wire, though pushes come from many goroutines and broadcasts: a client that counts
// along can read everything.
func TestEncryptionWithACounter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New()
		p.Inbound().PushBack(counter("in"))
		p.Outbound().PushBack(counter("out"))
		srv := newServer(t, nano.WithPipeline(p))
		nano.Handle(srv.Server, "echo", func(_ context.Context, text *[]byte) (*[]byte, error) { return text, nil })
		srv.Start()
		const clients, pushers, each, requests = 3, 4, 50, 100
		conns := make([]*protoRaw, clients)
		for i := range conns {
			conns[i] = newProtoRaw(t, srv.DialRaw(t))
			conns[i].shake(protoNano)
		}
		synctest.Wait()
		group := nano.NewGroup("all")
		for s := range srv.Sessions() {
			must(t, group.Add(s))
		}
		var wg sync.WaitGroup
		for range pushers {
			wg.Go(func() {
				for n := range each {
					if n%2 == 0 {
						check(t, group.Broadcast("onText", []byte("push text")))
						continue
					}
					for s := range srv.Sessions() {
						check(t, s.Push("onText", []byte("push text")))
					}
				}
			})
		}
		for _, c := range conns {
			wg.Go(func() {
				for n := range requests {
					text := []byte("request text")
					shift(text, n)
					c.send(packRequest(uint64(n+1), "echo", string(text)))
				}
			})
		}
		wg.Wait()
		for _, c := range conns {
			wantDecrypted(t, c, pushers*each, requests)
		}
	})
}

// wantDecrypted reads messages that were encrypted with a counter from 0.
func wantDecrypted(t *testing.T, c *protoRaw, pushes, responses int) {
	t.Helper()
	for n := range pushes + responses {
		m := c.message()
		text := bytes.Clone(m.Payload)
		shift(text, n)
		want := "push text"
		if m.Type == wire.Response {
			want = "request text"
			responses--
		}
		if string(text) != want {
			t.Fatalf("message %d of type %v is %q", n, m.Type, text)
		}
	}
	if responses != 0 {
		t.Errorf("%d responses are missing", responses)
	}
}
