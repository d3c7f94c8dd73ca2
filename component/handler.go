package component

import (
	"context"
	"fmt"
	"reflect"
	"runtime"

	"github.com/lonng/nano/session"
)

// Handler is what a message with its route is given to. It does not change once made.
type Handler struct {
	Route    string
	Source   string // what it was made from, for people: "(*chat.Room).Join"
	Executor Executor

	// Req is the type whose pointer Call takes; nil when that is []byte, for the payload as it came.
	Req reflect.Type
	// Res is the type whose pointer Call returns; nil when it answers for itself, or not at all; []byte's when it returns bytes.
	Res reflect.Type
	// New makes the request that the payload is decoded into, a pointer; nil when Req is.
	New func() any
	// TakesContext says that Call needs a context.
	TakesContext bool
	// Call calls the user's code. When Res is nil so is what it returns.
	Call func(ctx context.Context, s *session.Session, req any) (res any, err error)
}

// Answers reports whether what Call returns is the response.
func (h *Handler) Answers() bool { return h.Res != nil }

// Func makes a handler of a function. What fn returns is the response; a nil *Res is an empty one. A Req of []byte takes
// the payload as it is, a Res of []byte goes out as it is.
func Func[Req, Res any](route string, fn func(ctx context.Context, req *Req) (*Res, error), opts ...Option) (*Handler, error) {
	h, err := ofFunc[Req](route, reflect.ValueOf(fn), opts)
	if err != nil {
		return nil, err
	}
	h.Res = reflect.TypeFor[Res]()
	h.Call = func(ctx context.Context, _ *session.Session, req any) (any, error) {
		res, err := fn(ctx, req.(*Req))
		if err != nil || res == nil {
			return nil, err
		}
		if raw, ok := any(res).(*[]byte); ok {
			return *raw, nil
		}
		return res, nil
	}
	return h, nil
}

// Notify makes a handler of a function that has no result: it answers for itself, with session.Response, or not at all.
func Notify[Req any](route string, fn func(ctx context.Context, req *Req) error, opts ...Option) (*Handler, error) {
	h, err := ofFunc[Req](route, reflect.ValueOf(fn), opts)
	if err != nil {
		return nil, err
	}
	h.Call = func(ctx context.Context, _ *session.Session, req any) (any, error) {
		return nil, fn(ctx, req.(*Req))
	}
	return h, nil
}

// ofFunc makes what the handlers of functions have in common.
func ofFunc[Req any](route string, fn reflect.Value, opts []Option) (*Handler, error) {
	if fn.IsNil() {
		return nil, fmt.Errorf("component: the handler of route %q is nil", route)
	}
	s, err := apply(opts)
	if err != nil {
		return nil, fmt.Errorf("component: route %q: %w", route, err)
	}
	h := &Handler{
		Route:        route,
		Source:       runtime.FuncForPC(fn.Pointer()).Name(),
		Executor:     s.executor,
		TakesContext: true,
	}
	if t := reflect.TypeFor[Req](); t != bytesType {
		h.Req = t
		h.New = func() any { return new(Req) }
	}
	return h, nil
}
