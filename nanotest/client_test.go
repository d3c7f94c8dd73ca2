package nanotest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/serialize"
	"github.com/lonng/nano/serialize/json"
	"github.com/lonng/nano/serialize/msgpack"
	"github.com/lonng/nano/serialize/protobuf"
	"github.com/lonng/nano/session"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func TestRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t).Dial(t)
		var got text
		var raw []byte
		if err := errors.Join(
			c.Request("echo.Back", text{"hello"}, &got),
			c.Request("echo.Back", []byte(`{"text":"raw"}`), &raw),
			c.Request("echo.Back", nil, nil),
		); err != nil || got.Text != "hello" || string(raw) != `{"text":"raw"}` {
			t.Errorf("%v, %q, %q", err, got.Text, raw)
		}
		if err := c.Request("echo.Back", make(chan int), nil); err == nil {
			t.Error("a request that does not encode is sent")
		}
		var number int
		if err := c.Request("echo.Back", text{"hello"}, &number); err == nil {
			t.Error("a response of another type is decoded")
		}
	})
}

func TestGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t).Dial(t)
		first, err1 := c.Go("echo.Back", text{"first"})
		second, err2 := c.Go("echo.Back", text{"second"})
		var a, b text
		if err := errors.Join(err1, err2, second(&b), first(&a)); err != nil || a.Text != "first" || b.Text != "second" {
			t.Errorf("%v, %q, %q", err, a.Text, b.Text)
		}
	})
}

func TestErrorResponse(t *testing.T) {
	for _, s := range []serialize.Serializer{json.NewSerializer(), msgpack.NewSerializer()} {
		t.Run(serialize.Name(s), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				wantOwnError(t, newServer(t, nano.WithSerializer(s)).Dial(t, nanotest.WithSerializer(s)).Request("echo.Fail", text{}, nil))
			})
		})
	}
	t.Run("protobuf", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := protobuf.NewSerializer()
			srv := nanotest.NewServer(t, quiet, nano.WithSerializer(s))
			nano.Handle(srv.Server, "fail", func(context.Context, *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
				return nil, (&echo{}).Fail(t.Context(), nil)
			})
			nano.Handle(srv.Server, "back", func(_ context.Context, m *wrapperspb.StringValue) (*wrapperspb.StringValue, error) { return m, nil })
			c := srv.Dial(t, nanotest.WithSerializer(s))
			wantOwnError(t, c.Request("fail", wrapperspb.String("x"), nil))
			var got wrapperspb.StringValue
			if err := c.Request("back", wrapperspb.String("hello"), &got); err != nil || got.Value != "hello" {
				t.Errorf("%v, %q", err, got.Value)
			}
		})
	})
}

func wantOwnError(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*nano.Error](err)
	if !ok || e.Code != "own" || e.Message != "the message" || len(e.Metadata) != 2 || e.Metadata["key"] != "value" || e.Metadata["other"] != "" {
		t.Errorf("error %#v", err)
	}
}

// A client that reads errors in another form than the server writes them says so.
func TestErrorResponseOfAnotherSerializer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t, nano.WithSerializer(msgpack.NewSerializer())).Dial(t)
		if err := c.Request("nowhere", nil, nil); err == nil || errors.Is(err, &nano.Error{Code: "not-found"}) {
			t.Errorf("error %v", err)
		}
	})
}

func TestRequestTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t).Dial(t)
		began := time.Now()
		if err := c.Request("echo.Silent", text{}, nil); err == nil || time.Since(began) != nanotest.Timeout {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestRequestWhenTheConnectionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t).Dial(t)
		if err := c.Request("echo.Close", text{}, nil); err != nanotest.ErrClosed {
			t.Errorf("a request that is never answered: %v", err)
		}
		c.Close()
		for name, err := range map[string]error{
			"Request": c.Request("echo.Back", text{}, nil),
			"Notify":  c.Notify("echo.Back", text{}),
		} {
			if !errors.Is(err, nanotest.ErrClosed) {
				t.Errorf("%s after the end: %v", name, err)
			}
		}
		c.Close() // again
	})
}

func TestExpect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, nano.WithDictionary(map[string]uint16{"onText": 7}))
		c := srv.Dial(t)
		if err := errors.Join(c.Request("echo.Push", text{"one"}, nil), srv.Broadcast("onOther", text{"other"}), c.Notify("echo.Push", text{"two"})); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if c.Pushes("onText") != 4 || c.Pushes("onOther") != 1 || c.Pushes("onNothing") != 0 {
			t.Errorf("%d, %d, %d pushes", c.Pushes("onText"), c.Pushes("onOther"), c.Pushes("onNothing"))
		}
		for _, want := range []string{"one", "one", "two", "two"} {
			var got text
			if c.Expect("onText", &got); got.Text != want {
				t.Errorf("push %q, want %q", got.Text, want)
			}
		}
		var raw []byte
		if c.Expect("onOther", &raw); string(raw) != `{"text":"other"}` {
			t.Errorf("push %s", raw)
		}
	})
}

// A push that came before the end is there after it.
func TestExpectAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t).Dial(t)
		if err := errors.Join(c.Notify("echo.Push", text{"last"}), c.Notify("echo.Kick", text{"bye"})); err != nil {
			t.Fatal(err)
		}
		if code, reason := c.ExpectKick(); code != "banned" || reason != "bye" {
			t.Errorf("kicked with %q, %q", code, reason)
		}
		c.Expect("onText", nil)
		c.Expect("onText", nil)
	})
}

func TestFailedExpectations(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(c *nanotest.Client)
		want string
	}{
		"no push":              {func(c *nanotest.Client) { c.Expect("onText", nil) }, `no push "onText" within 10s`},
		"no push any more":     {func(c *nanotest.Client) { _ = c.Notify("echo.Close", text{}); c.Expect("onText", nil) }, `ended before a push "onText"`},
		"another type of push": {func(c *nanotest.Client) { _ = c.Notify("echo.Push", text{}); c.Expect("onText", new(int)) }, `push "onText": `},
		"no kick":              {func(c *nanotest.Client) { _ = c.Notify("echo.Close", text{}); c.ExpectKick() }, "without a kick"},
		"no end":               {func(c *nanotest.Client) { c.ExpectClosed() }, "still open"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				wantFailure(t, func(tb testing.TB) { test.do(newServer(tb).Dial(tb)) }, test.want)
			})
		})
	}
}

func TestHandshakeReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, nano.WithHandshake(func(_ context.Context, s *session.Session, h *nano.Handshake) (any, error) {
			return map[string]any{"type": h.Type, "user": h.User, "id": s.ID()}, nil
		}))
		c := srv.Dial(t, nanotest.WithHandshake(`{"sys":{"type":"robot"},"user":{"token":"x"}}`))
		var reply struct {
			Code int
			User struct {
				Type string
				User struct{ Token string }
				ID   int64
			}
		}
		if err := c.HandshakeReply(&reply); err != nil || reply.Code != 200 || reply.User.Type != "robot" || reply.User.User.Token != "x" {
			t.Errorf("%v, %+v", err, reply)
		}
		if _, ok := srv.Session(reply.User.ID); !ok {
			t.Error("the session is not there")
		}
	})
}

// A client answers heartbeats, so that it lives as long as the test.
func TestClientStaysAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t).Dial(t)
		<-time.After(time.Hour)
		if err := c.Request("echo.Back", text{}, nil); err != nil {
			t.Error(err)
		}
	})
}
