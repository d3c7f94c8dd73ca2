package component_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/lonng/nano/component"
	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/session"
)

func call[Req, Res any](t *testing.T, fn func(context.Context, *Req) (*Res, error), payload any) (any, error) {
	t.Helper()
	h, err := component.Func("route", fn)
	if err != nil {
		t.Fatal(err)
	}
	if !h.TakesContext || !h.Answers() || h.Route != "route" || h.Res != reflect.TypeFor[Res]() {
		t.Errorf("handler %+v", h)
	}
	s := session.New(mock.NewNetworkEntity())
	if _, raw := any((*Req)(nil)).(*[]byte); raw {
		if h.New != nil || h.Req != nil {
			t.Error("a handler of bytes makes requests")
		}
		bytes := payload.([]byte)
		return h.Call(s.Context(), s, &bytes)
	}
	if h.Req != reflect.TypeFor[Req]() {
		t.Errorf("Req %v", h.Req)
	}
	req := h.New().(*Req)
	*req = payload.(Req)
	return h.Call(s.Context(), s, req)
}

func TestFunc(t *testing.T) {
	res, err := call(t, find, Request{"hello"})
	if r, ok := res.(*Reply); !ok || r.Text != "hello" || err != nil {
		t.Errorf("%v, %v", res, err)
	}
	res, err = call(t, func(context.Context, *Request) (*Reply, error) { return nil, nil }, Request{})
	if res != nil || err != nil {
		t.Errorf("a nil result: %#v, %v", res, err)
	}
	res, err = call(t, func(context.Context, *Request) (*Reply, error) { return &Reply{}, errRefused }, Request{})
	if res != nil || err != errRefused {
		t.Errorf("an error beside a result: %#v, %v", res, err)
	}
}

func TestFuncOfBytes(t *testing.T) {
	echo := func(_ context.Context, raw *[]byte) (*[]byte, error) { return raw, nil }
	if res, err := call(t, echo, []byte("hello")); !reflect.DeepEqual(res, any([]byte("hello"))) || err != nil {
		t.Errorf("bytes to bytes: %#v, %v", res, err)
	}
	in := func(_ context.Context, raw *[]byte) (*Reply, error) { return &Reply{string(*raw)}, nil }
	if res, err := call(t, in, []byte("hello")); !reflect.DeepEqual(res, any(&Reply{"hello"})) || err != nil {
		t.Errorf("bytes to a value: %#v, %v", res, err)
	}
	out := func(_ context.Context, req *Request) (*[]byte, error) {
		raw := []byte(req.Text)
		return &raw, nil
	}
	if res, err := call(t, out, Request{"hello"}); !reflect.DeepEqual(res, any([]byte("hello"))) || err != nil {
		t.Errorf("a value to bytes: %#v, %v", res, err)
	}
	none := func(context.Context, *[]byte) (*[]byte, error) { return nil, nil }
	if res, err := call(t, none, []byte("hello")); res != nil || err != nil {
		t.Errorf("bytes to nil: %#v, %v", res, err)
	}
	fails := func(context.Context, *[]byte) (*[]byte, error) { return &[]byte{1}, errRefused }
	if res, err := call(t, fails, []byte("hello")); res != nil || err != errRefused {
		t.Errorf("bytes to an error: %#v, %v", res, err)
	}
}

func TestFuncGetsItsSession(t *testing.T) {
	s := session.New(mock.NewNetworkEntity())
	h, _ := component.Func("route", func(ctx context.Context, _ *Request) (*Reply, error) {
		if session.FromContext(ctx) != s {
			t.Error("the session is not in the context")
		}
		return nil, nil
	})
	_, _ = h.Call(s.Context(), s, h.New())
}

func TestNotify(t *testing.T) {
	h, err := component.Notify("player.move", move)
	if err != nil || h.Answers() || !h.TakesContext || h.Route != "player.move" || h.Req != reflect.TypeFor[Request]() {
		t.Fatalf("%v, %+v", err, h)
	}
	if res, err := h.Call(t.Context(), nil, h.New()); res != nil || err != errRefused {
		t.Errorf("Call: %v, %v", res, err)
	}
	var got string
	h, _ = component.Notify("raw", func(_ context.Context, raw *[]byte) error {
		got = string(*raw)
		return nil
	})
	if res, err := h.Call(t.Context(), nil, new([]byte("hello"))); res != nil || err != nil || got != "hello" || h.New != nil {
		t.Errorf("of bytes: %v, %v, got %q", res, err, got)
	}
}

func TestFuncSource(t *testing.T) {
	h, _ := component.Func("route", find)
	if !strings.HasSuffix(h.Source, "component_test.find") {
		t.Errorf("source %q", h.Source)
	}
}

func TestNilFunc(t *testing.T) {
	_, err := component.Func[Request, Reply]("player.find", nil)
	wantInError(t, err, "player.find", "nil")
	_, err = component.Notify[Request]("player.move", nil)
	wantInError(t, err, "player.move", "nil")
}
