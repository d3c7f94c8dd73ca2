package component_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lonng/nano/component"
	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/session"
)

type Request struct{ Text string }
type Reply struct{ Text string }

var errRefused = errors.New("refused")

// Shapes has a method of each shape that is a handler, and methods of shapes that are none.
type Shapes struct {
	component.Base
	got  string
	sess *session.Session
}

func (c *Shapes) SessionValue(s *session.Session, m *Request) error {
	c.sess, c.got = s, m.Text
	return errRefused
}
func (c *Shapes) SessionRaw(s *session.Session, raw []byte) error {
	c.sess, c.got = s, string(raw)
	return errRefused
}
func (c *Shapes) SessionReply(s *session.Session, m *Request) (*Reply, error) {
	c.sess = s
	return &Reply{m.Text}, nil
}
func (c *Shapes) SessionRawReply(s *session.Session, raw []byte) (*Reply, error) {
	c.sess = s
	return &Reply{string(raw)}, nil
}
func (c *Shapes) SessionBytes(s *session.Session, m *Request) ([]byte, error) {
	c.sess = s
	return []byte(m.Text), nil
}
func (c *Shapes) ContextValue(ctx context.Context, m *Request) error {
	c.sess, c.got = session.FromContext(ctx), m.Text
	return errRefused
}
func (c *Shapes) ContextRaw(ctx context.Context, raw []byte) error {
	c.sess, c.got = session.FromContext(ctx), string(raw)
	return errRefused
}
func (c *Shapes) ContextReply(ctx context.Context, m *Request) (*Reply, error) {
	c.sess = session.FromContext(ctx)
	return &Reply{m.Text}, nil
}
func (c *Shapes) ContextRawBytes(ctx context.Context, raw []byte) ([]byte, error) {
	c.sess = session.FromContext(ctx)
	return raw, nil
}
func (c *Shapes) ReplyNil(context.Context, *Request) (*Reply, error) { return nil, nil }
func (c *Shapes) BytesNil(context.Context, *Request) ([]byte, error) { return nil, nil }
func (c *Shapes) ReplyAndError(context.Context, *Request) (*Reply, error) {
	return &Reply{}, errRefused
}
func (c *Shapes) PointerToSlice(context.Context, *[]string) (*int, error) { return new(int), nil }
func (c *Shapes) PointerToInt(s *session.Session, n *int) error           { return nil }

func (c *Shapes) None()                                                            {}
func (c *Shapes) NoError(*session.Session, *Request)                               {}
func (c *Shapes) NoMessage(*session.Session) error                                 { return nil }
func (c *Shapes) ByValue(*session.Session, Request) error                          { return nil }
func (c *Shapes) ReplyByValue(*session.Session, *Request) (Reply, error)           { return Reply{}, nil }
func (c *Shapes) SessionByValue(session.NetworkEntity, *Request) error             { return nil }
func (c *Shapes) Interface(*session.Session, any) error                            { return nil }
func (c *Shapes) Text(*session.Session, string) error                              { return nil }
func (c *Shapes) Three(*session.Session, *Request, int) error                      { return nil }
func (c *Shapes) Variadic(*session.Session, ...byte) error                         { return nil }
func (c *Shapes) OtherError(*session.Session, *Request) *wireLikeError             { return nil }
func (c *Shapes) ThreeResults(*session.Session, *Request) (a, b *Reply, err error) { return }

//lint:ignore ST1008 that is the shape
func (c *Shapes) ErrorFirst(*session.Session, *Request) (error, *Reply) { return nil, nil }
func (c *Shapes) unexported(*session.Session, *Request) error           { return nil }

type wireLikeError struct{}

func (*wireLikeError) Error() string { return "" }

func handlersOf(t *testing.T, c component.Component, opts ...component.Option) map[string]*component.Handler {
	t.Helper()
	handlers, err := component.Registered{Comp: c, Opts: opts}.Handlers()
	if err != nil {
		t.Fatal(err)
	}
	byRoute := make(map[string]*component.Handler)
	for _, h := range handlers {
		byRoute[h.Route] = h
	}
	if len(byRoute) != len(handlers) {
		t.Fatalf("%d routes of %d handlers", len(byRoute), len(handlers))
	}
	return byRoute
}

func TestShapesThatAreHandlers(t *testing.T) {
	c := &Shapes{}
	_ = c.unexported // there to be passed over
	var names []string
	for route := range handlersOf(t, c) {
		name, ok := strings.CutPrefix(route, "Shapes.")
		if !ok {
			t.Errorf("route %q", route)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{"BytesNil", "ContextRaw", "ContextRawBytes", "ContextReply", "ContextValue", "PointerToInt", "PointerToSlice",
		"ReplyAndError", "ReplyNil", "SessionBytes", "SessionRaw", "SessionRawReply", "SessionReply", "SessionValue"}
	if !slices.Equal(names, want) {
		t.Errorf("handlers %v\nwant %v", names, want)
	}
}

func TestCall(t *testing.T) {
	c := &Shapes{}
	handlers := handlersOf(t, c)
	s := session.New(mock.NewNetworkEntity())
	for _, test := range []struct {
		name    string
		raw     bool // takes bytes
		context bool
		res     any // what it returns; nil when it answers for itself
		err     error
		answers bool
	}{
		{"SessionValue", false, false, nil, errRefused, false},
		{"SessionRaw", true, false, nil, errRefused, false},
		{"SessionReply", false, false, &Reply{"hello"}, nil, true},
		{"SessionRawReply", true, false, &Reply{"hello"}, nil, true},
		{"SessionBytes", false, false, []byte("hello"), nil, true},
		{"ContextValue", false, true, nil, errRefused, false},
		{"ContextRaw", true, true, nil, errRefused, false},
		{"ContextReply", false, true, &Reply{"hello"}, nil, true},
		{"ContextRawBytes", true, true, []byte("hello"), nil, true},
		{"ReplyNil", false, true, nil, nil, true},
		{"BytesNil", false, true, nil, nil, true},
		{"ReplyAndError", false, true, nil, errRefused, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := handlers["Shapes."+test.name]
			if h.Source != "(*component_test.Shapes)."+test.name || h.Executor != (component.Executor{}) {
				t.Errorf("source %q, executor %v", h.Source, h.Executor)
			}
			if h.TakesContext != test.context || (h.New == nil) != test.raw || (h.Req == nil) != test.raw || h.Answers() != test.answers {
				t.Fatalf("TakesContext %v, New %v, Req %v, Answers %v", h.TakesContext, h.New != nil, h.Req, h.Answers())
			}
			var req any = new([]byte("hello"))
			if !test.raw {
				req = h.New()
				req.(*Request).Text = "hello"
			}
			c.got, c.sess = "", nil
			res, err := h.Call(s.Context(), s, req)
			if err != test.err || !reflect.DeepEqual(res, test.res) {
				t.Errorf("Call: %v, %v, want %v, %v", res, err, test.res, test.err)
			}
			if !strings.Contains(test.name, "Nil") && test.name != "ReplyAndError" && c.sess != s {
				t.Error("the handler does not get its session")
			}
			if !test.answers && c.got != "hello" {
				t.Errorf("the handler got %q", c.got)
			}
		})
	}
}

func TestTypesOfHandlers(t *testing.T) {
	handlers := handlersOf(t, &Shapes{})
	for name, want := range map[string][2]reflect.Type{
		"SessionValue":    {reflect.TypeFor[Request](), nil},
		"SessionRaw":      {nil, nil},
		"ContextReply":    {reflect.TypeFor[Request](), reflect.TypeFor[Reply]()},
		"ContextRawBytes": {nil, reflect.TypeFor[[]byte]()},
		"PointerToSlice":  {reflect.TypeFor[[]string](), reflect.TypeFor[int]()},
	} {
		if h := handlers["Shapes."+name]; h.Req != want[0] || h.Res != want[1] {
			t.Errorf("%s: Req %v, Res %v, want %v", name, h.Req, h.Res, want)
		}
	}
	if req := handlers["Shapes.SessionValue"].New(); req.(*Request).Text != "" {
		t.Errorf("New: %v", req)
	}
}
