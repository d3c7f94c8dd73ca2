package nano_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/pipeline"
	"github.com/lonng/nano/serialize"
	"github.com/lonng/nano/serialize/json"
	"github.com/lonng/nano/serialize/msgpack"
	"github.com/lonng/nano/serialize/protobuf"
	"github.com/lonng/nano/session"
)

var (
	errPlain = errors.New("the plain text")
	errCoded = nano.Errorf("poor", "not enough coins").With("coins", "3").With("price", "7")
	errorsOf = map[string]error{
		"plain":    errPlain,
		"coded":    errCoded,
		"wrapped":  fmt.Errorf("shop: %w", errCoded),
		"cause":    nano.Errorf("lost", "no such item: %w", errPlain),
		"timeout":  fmt.Errorf("database: %w", context.DeadlineExceeded),
		"canceled": context.Canceled,
	}
	wantOf = map[string]nano.Error{
		"plain":    {Code: "internal", Message: "the plain text"},
		"coded":    {Code: "poor", Message: "not enough coins", Metadata: map[string]string{"coins": "3", "price": "7"}},
		"wrapped":  {Code: "poor", Message: "not enough coins", Metadata: map[string]string{"coins": "3", "price": "7"}},
		"cause":    {Code: "lost", Message: "no such item: the plain text"},
		"timeout":  {Code: "timeout", Message: "database: context deadline exceeded"},
		"canceled": {Code: "canceled", Message: "context canceled"},
		"panic":    {Code: "internal", Message: "internal error"},
	}
)

// fail ends as its name says.
func fail(name []byte) error {
	if string(name) == "panic" {
		panic("a secret")
	}
	return errorsOf[string(name)]
}

// Failing has handlers of all shapes that fail.
type Failing struct{ component.Base }

func (*Failing) Session(_ *session.Session, name []byte) error { return fail(name) }
func (*Failing) Context(_ context.Context, name []byte) error  { return fail(name) }
func (*Failing) Result(_ context.Context, name []byte) (*Greeting, error) {
	return &Greeting{}, fail(name)
}

func failFunc(_ context.Context, name *[]byte) (*Greeting, error) { return &Greeting{}, fail(*name) }

func TestHandlerErrorsReachTheClient(t *testing.T) {
	for name, s := range map[string]serialize.Serializer{
		"json": json.NewSerializer(), "msgpack": msgpack.NewSerializer(), "protobuf": protobuf.NewSerializer(),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, nano.WithSerializer(s))
				srv.Register(&Failing{})
				srv.Register(&Failing{}, component.WithName("aside"), component.Concurrent())
				nano.Handle(srv.Server, "func", failFunc)
				c := srv.Dial(t, nanotest.WithSerializer(s))
				routes := []string{"Failing.Session", "Failing.Context", "Failing.Result", "func", "aside.Session", "aside.Result"}
				for _, route := range routes {
					for what, want := range wantOf {
						e := wantCode(t, c.Request(route, []byte(what), nil), want.Code)
						if e.Message != want.Message || !maps.Equal(e.Metadata, want.Metadata) {
							t.Errorf("%s: %s: %+v, want %+v", route, what, e, want)
						}
					}
				}
				if n := srv.Stats().Failed; n != int64(len(routes)*len(wantOf)) {
					t.Errorf("%d failed", n)
				}
			})
		})
	}
}

func TestRefusalsReachTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New()
		p.Inbound().PushBack(func(_ *session.Session, m *pipeline.Message) error {
			switch string(m.Data) {
			case `"coded"`:
				return errCoded
			case `"plain"`:
				return errPlain
			case `"panic"`:
				panic("a secret")
			}
			return nil
		})
		srv := newServer(t, nano.WithPipeline(p))
		nano.Handle(srv.Server, "hello", hello)
		c := srv.Dial(t)
		if e := wantCode(t, c.Request("no.such", nil, nil), "not-found"); e.Metadata["route"] != "no.such" {
			t.Errorf("an unknown route: %+v", e)
		}
		wantCode(t, c.Request("hello", []byte("no JSON"), nil), "bad-request")
		wantCode(t, c.Request("hello", []byte(`{"name":7}`), nil), "bad-request")
		wantCode(t, c.Request("hello", "coded", nil), "poor")
		if e := wantCode(t, c.Request("hello", "plain", nil), "internal"); e.Message != "the plain text" {
			t.Errorf("a filter's refusal: %+v", e)
		}
		if e := wantCode(t, c.Request("hello", "panic", nil), "internal"); strings.Contains(e.Message, "secret") {
			t.Errorf("a filter's panic: %+v", e)
		}
		// An empty payload is the request's zero value, and the client is still served.
		wantCode(t, c.Request("hello", []byte{}, nil), "no-name")
		must(t, c.Request("hello", Hello{"ann"}, nil))
		if n := srv.Stats().Failed; n != 7 {
			t.Errorf("%d failed", n)
		}
	})
}

// A notify that fails is counted and logged; the client hears nothing.
func TestNotifyThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLogBook()
		srv := newServer(t, log.option())
		srv.Register(&Failing{})
		nano.Handle(srv.Server, "hello", hello)
		c := srv.Dial(t)
		must(t, c.Notify("no.such", nil), c.Notify("hello", "no object"),
			c.Notify("Failing.Session", []byte("coded")), c.Notify("Failing.Session", []byte("panic")))
		must(t, c.Request("hello", Hello{"ann"}, nil))
		if st := srv.Stats(); st.Failed != 4 || st.Received != 5 {
			t.Errorf("%+v", st)
		}
		log.wants(t, "no such route", "the payload does not decode", "nano: handler failed", "not enough coins", "nano: handler panicked", "a secret")
	})
}

// A response that cannot be sent is an error response.
func TestResponseThatDoesNotEncode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		nano.Handle(srv.Server, "channel", func(context.Context, *struct{}) (*chan int, error) {
			c := make(chan int)
			return &c, nil
		})
		nano.Handle(srv.Server, "large", func(context.Context, *struct{}) (*[]byte, error) {
			b := make([]byte, 1<<24)
			return &b, nil
		})
		pushed := errors.New("none")
		srv.Register(&Life{call: func(s *session.Session) error {
			pushed = errors.Join(s.Push("onChannel", make(chan int)), s.Push("onLarge", make([]byte, 1<<24)))
			return s.Response(func() {})
		}})
		c := srv.Dial(t)
		for _, route := range []string{"channel", "large", "Life.Call"} {
			wantCode(t, c.Request(route, nil, nil), "internal")
		}
		if synctest.Wait(); pushed == nil || len(strings.Split(pushed.Error(), "\n")) != 2 || c.Pushes("onChannel")+c.Pushes("onLarge") != 0 {
			t.Errorf("the pushes returned %v", pushed)
		}
		if srv.Stats().Unanswered != 0 {
			t.Errorf("%+v", srv.Stats())
		}
	})
}

func TestWithSilentErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, nano.WithSilentErrors())
		srv.Register(&Failing{})
		nano.Handle(srv.Server, "hello", hello)
		c := srv.Dial(t)
		for _, route := range []string{"no.such", "hello", "Failing.Session"} {
			if err := c.Request(route, []byte("panic"), nil); err == nil || !strings.Contains(err.Error(), "no response") {
				t.Errorf("%s: %v", route, err)
			}
		}
		must(t, c.Request("hello", Hello{"ann"}, nil))
		c.Close()
		synctest.Wait()
		if st := srv.Stats(); st.Failed != 3 || st.Unanswered != 1 { // one handler ran
			t.Errorf("%+v", st)
		}
	})
}
