package scheduler

import "context"

type contextKey struct{}

// NewContext returns a context that carries l.
func NewContext(ctx context.Context, l *Loop) context.Context {
	return context.WithValue(ctx, contextKey{}, l)
}

// FromContext returns the loop that ctx carries, or nil.
func FromContext(ctx context.Context) *Loop {
	l, _ := ctx.Value(contextKey{}).(*Loop)
	return l
}
