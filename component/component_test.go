package component_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lonng/nano/component"
	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/session"
)

// What embeds Base in one of its ways is a Component, and its handlers are found.
type (
	embedsBase     struct{ component.Base }
	EmbedsPointer  struct{ *component.Base }
	EmbedsEmbedder struct{ *embedsBase }
)

func (embedsBase) Join(*session.Session, *Request) error                  { return nil }
func (*embedsBase) Leave(*session.Session, *Request) error                { return nil }
func (EmbedsPointer) Join(*session.Session, *Request) error               { return nil }
func (*EmbedsEmbedder) Own(context.Context, *Request) (*Reply, error)     { return nil, nil }
func (*EmbedsEmbedder) SetUp(_ *session.Session, _ *Request, _ int) error { return nil }

func routes(handlers map[string]*component.Handler) []string {
	var all []string
	for route := range handlers {
		all = append(all, route)
	}
	slices.Sort(all)
	return all
}

func TestWaysToEmbedBase(t *testing.T) {
	for _, test := range []struct {
		comp component.Component
		want []string
	}{
		{&embedsBase{}, []string{"embedsBase.Join", "embedsBase.Leave"}},
		{&EmbedsPointer{}, []string{"EmbedsPointer.Join"}},
		{EmbedsPointer{}, []string{"EmbedsPointer.Join"}},
		{&EmbedsPointer{&component.Base{}}, []string{"EmbedsPointer.Join"}},
		{&EmbedsEmbedder{&embedsBase{}}, []string{"EmbedsEmbedder.Join", "EmbedsEmbedder.Leave", "EmbedsEmbedder.Own"}},
		{EmbedsEmbedder{&embedsBase{}}, []string{"EmbedsEmbedder.Join", "EmbedsEmbedder.Leave"}},
		{(*embedsBase)(nil), []string{"embedsBase.Join", "embedsBase.Leave"}},
	} {
		if got := routes(handlersOf(t, test.comp)); !slices.Equal(got, test.want) {
			t.Errorf("%#v: %v, want %v", test.comp, got, test.want)
		}
		if reflect.ValueOf(test.comp).IsZero() && reflect.TypeOf(test.comp).Kind() == reflect.Pointer {
			continue // a nil component: its handlers are its owner's affair
		}
		test.comp.Init()
		test.comp.AfterInit()
		test.comp.BeforeShutdown()
		test.comp.Shutdown()
	}
}

// A handler promoted from an embedded component is called on that.
func TestPromotedHandler(t *testing.T) {
	inner := &Shapes{}
	type Outer struct{ *Shapes }
	h := handlersOf(t, &Outer{inner})["Outer.SessionValue"]
	s := session.New(mock.NewNetworkEntity())
	if _, err := h.Call(s.Context(), s, &Request{"hello"}); err != errRefused || inner.got != "hello" || inner.sess != s {
		t.Errorf("%v, got %q", err, inner.got)
	}
}

type Generic[T any] struct{ component.Base }

func (*Generic[T]) Put(*session.Session, *T) error { return nil }

func TestGenericComponent(t *testing.T) {
	h := handlersOf(t, &Generic[Request]{}, component.WithName("store"))["store.Put"]
	if h == nil || h.Req != reflect.TypeFor[Request]() {
		t.Errorf("handler %+v", h)
	}
}

func TestNames(t *testing.T) {
	lower := component.WithNameFunc(strings.ToLower)
	for _, test := range []struct {
		opts []component.Option
		want string
	}{
		{nil, "EmbedsPointer.Join"},
		{[]component.Option{component.WithName("room")}, "room.Join"},
		{[]component.Option{lower}, "EmbedsPointer.join"},
		{[]component.Option{component.WithName("a.b"), lower}, "a.b.join"},
		{[]component.Option{component.WithName("room"), component.WithName("hall")}, "hall.Join"},
	} {
		if got := routes(handlersOf(t, &EmbedsPointer{}, test.opts...)); !slices.Equal(got, []string{test.want}) {
			t.Errorf("%v, want %s", got, test.want)
		}
	}
}

// What is wrong with a component is an error that names it.
func TestBadComponents(t *testing.T) {
	type Nothing struct{ component.Base }
	for _, test := range []struct {
		comp component.Component
		want []string // in the error
	}{
		{nil, []string{"nil"}},
		{&Nothing{}, []string{"*component_test.Nothing", "no handler", "*session.Session"}},
		{&component.Base{}, []string{"*component.Base", "no handler"}},
		{byValue{}, []string{"component_test.byValue", "no handler", "pointer"}},
		{&struct{ *embedsBase }{}, []string{"no name", "WithName"}},
	} {
		handlers, err := component.Registered{Comp: test.comp}.Handlers()
		if err == nil || handlers != nil {
			t.Errorf("%T: %d handlers, %v", test.comp, len(handlers), err)
			continue
		}
		for _, text := range test.want {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%T: %q is not in %q", test.comp, text, err)
			}
		}
	}
}

// byValue is a Component whose handlers are a pointer's.
type byValue struct{ *component.Base }

func (*byValue) Join(*session.Session, *Request) error { return nil }

func TestComponents(t *testing.T) {
	var cs component.Components
	if len(cs.List()) != 0 {
		t.Errorf("an empty list has %d", len(cs.List()))
	}
	a, b := &embedsBase{}, &EmbedsPointer{}
	cs.Register(a)
	cs.Register(b, component.WithName("b"), component.Concurrent())
	list := cs.List()
	if len(list) != 2 || list[0].Comp != component.Component(a) || list[1].Comp != component.Component(b) ||
		len(list[0].Opts) != 0 || len(list[1].Opts) != 2 {
		t.Errorf("List: %v", list)
	}
	list[0] = component.Registered{}
	if cs.List()[0].Comp == nil {
		t.Error("List is not a copy")
	}
}
