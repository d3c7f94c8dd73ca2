package component_test

import (
	"context"
	"strings"
	"testing"

	"github.com/lonng/nano/component"
	"github.com/lonng/nano/scheduler"
)

func TestExecutors(t *testing.T) {
	loop := scheduler.NewLoop(scheduler.Config{})
	for name, test := range map[string]struct {
		opts []component.Option
		want component.Executor
	}{
		"none":              {nil, component.Executor{}},
		"WithLoop":          {[]component.Option{component.WithLoop(loop)}, component.Executor{Loop: loop}},
		"WithSchedulerName": {[]component.Option{component.WithSchedulerName("room")}, component.Executor{SessionKey: "room"}},
		"Concurrent":        {[]component.Option{component.WithName("x"), component.Concurrent()}, component.Executor{Concurrent: true}},
	} {
		for route, h := range handlersOf(t, &embedsBase{}, test.opts...) {
			if h.Executor != test.want {
				t.Errorf("%s: %s runs on %+v", name, route, h.Executor)
			}
		}
		h, err := component.Func("find", find, test.opts...)
		if err != nil || h.Executor != test.want {
			t.Errorf("%s: a function: %v, runs on %+v", name, err, h)
		}
	}
}

func TestBadOptions(t *testing.T) {
	loop := scheduler.NewLoop(scheduler.Config{})
	for _, test := range []struct {
		opts []component.Option
		want []string // in the error
	}{
		{[]component.Option{component.Concurrent(), component.WithLoop(loop)}, []string{"Concurrent", "WithLoop"}},
		{[]component.Option{component.WithSchedulerName("a"), component.Concurrent()}, []string{"WithSchedulerName", "Concurrent"}},
		{[]component.Option{component.WithLoop(loop), component.WithName("x"), component.WithSchedulerName("a")}, []string{"WithLoop", "WithSchedulerName"}},
		{[]component.Option{component.WithLoop(nil)}, []string{"WithLoop", "nil"}},
		{[]component.Option{component.Concurrent(), nil}, []string{"option", "2", "nil"}},
	} {
		_, err := component.Registered{Comp: &embedsBase{}, Opts: test.opts}.Handlers()
		wantInError(t, err, append(test.want, "*component_test.embedsBase")...)
		_, err = component.Func("player.find", find, test.opts...)
		wantInError(t, err, append(test.want, "player.find")...)
		_, err = component.Notify("player.move", move, test.opts...)
		wantInError(t, err, append(test.want, "player.move")...)
	}
}

func wantInError(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one with %q", texts)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in %q", text, err)
		}
	}
}

func find(_ context.Context, req *Request) (*Reply, error) { return &Reply{req.Text}, nil }

func move(context.Context, *Request) error { return errRefused }
