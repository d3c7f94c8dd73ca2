package component

import (
	"context"
	"fmt"
	"reflect"

	"github.com/lonng/nano/session"
)

var (
	bytesType   = reflect.TypeFor[[]byte]()
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
	sessionType = reflect.TypeFor[*session.Session]()
)

// Handlers returns the component's handlers. It is an error when there are none.
func (r Registered) Handlers() ([]*Handler, error) {
	if r.Comp == nil {
		return nil, fmt.Errorf("component: Register was given nil")
	}
	v := reflect.ValueOf(r.Comp)
	s, err := apply(r.Opts)
	if err != nil {
		return nil, fmt.Errorf("component: %s: %w", v.Type(), err)
	}
	name := s.name
	if name == "" {
		name = typeName(v.Type())
	}
	if name == "" {
		return nil, fmt.Errorf("component: the type %s has no name, use WithName", v.Type())
	}
	var handlers []*Handler
	for i := range v.NumMethod() {
		method := v.Type().Method(i).Name
		h := fromMethod(v, i)
		if h == nil {
			continue
		}
		h.Source = fmt.Sprintf("(%s).%s", v.Type(), method)
		h.Executor = s.executor
		if s.nameFunc != nil {
			method = s.nameFunc(method)
		}
		h.Route = name + "." + method
		handlers = append(handlers, h)
	}
	if len(handlers) == 0 {
		return nil, noHandler(v.Type())
	}
	return handlers, nil
}

func noHandler(t reflect.Type) error {
	hint := ""
	if p := reflect.New(t); t.Kind() != reflect.Pointer && p.NumMethod() > t.NumMethod() {
		hint = "; register a pointer, whose methods are more"
	}
	return fmt.Errorf("component: %s has no handler: none of its exported methods takes (*session.Session or context.Context, *T or []byte) and returns (error) or (*R, error)%s", t, hint)
}

// typeName returns the name of the type, or of what it points to.
func typeName(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// fromMethod returns the handler that a method of recv is, nil when it has another shape.
func fromMethod(recv reflect.Value, i int) *Handler {
	t := recv.Method(i).Type()
	if t.NumIn() != 2 || t.IsVariadic() || t.In(0) != sessionType && t.In(0) != contextType {
		return nil
	}
	h := &Handler{TakesContext: t.In(0) == contextType}
	switch arg := t.In(1); {
	case arg == bytesType:
	case arg.Kind() == reflect.Pointer:
		h.Req = arg.Elem()
		h.New = func() any { return reflect.New(h.Req).Interface() }
	default:
		return nil
	}
	switch {
	case t.NumOut() == 1 && t.Out(0) == errorType:
	case t.NumOut() == 2 && t.Out(1) == errorType && t.Out(0) == bytesType:
		h.Res = bytesType
	case t.NumOut() == 2 && t.Out(1) == errorType && t.Out(0).Kind() == reflect.Pointer:
		h.Res = t.Out(0).Elem()
	default:
		return nil
	}
	h.Call = methodCall(recv, recv.Type().Method(i).Func, h.New == nil, h.TakesContext, h.Res != nil)
	return h
}

// methodCall wraps a method once. It is called as a function of its receiver: a method value would look itself up in each
// call.
func methodCall(recv, fn reflect.Value, raw, takesContext, answers bool) func(context.Context, *session.Session, any) (any, error) {
	return func(ctx context.Context, s *session.Session, req any) (any, error) {
		args := [3]reflect.Value{recv, {}, reflect.ValueOf(req)}
		if raw {
			args[2] = args[2].Elem()
		}
		if takesContext {
			args[1] = reflect.ValueOf(ctx)
		} else {
			args[1] = reflect.ValueOf(s)
		}
		out := fn.Call(args[:])
		err, _ := reflect.TypeAssert[error](out[len(out)-1])
		if !answers || err != nil || out[0].IsNil() {
			return nil, err
		}
		return out[0].Interface(), nil
	}
}
