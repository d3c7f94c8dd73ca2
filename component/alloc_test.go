//go:build !race

package component_test

import (
	"context"
	"testing"

	"github.com/lonng/nano/component"
	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/session"
)

// The race detector makes pools forget, so that these hold without it only.

// What a handler wrapped once costs: the request is made by the caller.
func TestCallAllocations(t *testing.T) {
	handlers := handlersOf(t, &Shapes{})
	s := session.New(mock.NewNetworkEntity())
	raw, req := any(new([]byte("hello"))), any(&Request{"hello"})
	for name, test := range map[string]struct {
		req any
		own float64 // allocations of the handler itself
	}{
		"SessionRaw":   {raw, 1},
		"ContextRaw":   {raw, 1},
		"SessionValue": {req, 0},
		"ContextReply": {req, 1},
	} {
		h, ctx := handlers["Shapes."+name], s.Context()
		if n := testing.AllocsPerRun(100, func() { _, _ = h.Call(ctx, s, test.req) }); n > 3+test.own {
			t.Errorf("%s: %v allocations a call, of which %v are the handler's, want 3 of ours at most", name, n, test.own)
		}
	}
}

func TestFuncAllocatesNothing(t *testing.T) {
	reply := &Reply{}
	h, _ := component.Func("route", func(context.Context, *Request) (*Reply, error) { return reply, nil })
	s := session.New(mock.NewNetworkEntity())
	ctx, req := s.Context(), any(&Request{})
	if n := testing.AllocsPerRun(100, func() { _, _ = h.Call(ctx, s, req) }); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}
