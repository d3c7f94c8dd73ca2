package scheduler

import (
	"context"
	"log/slog"
	"runtime/debug"
)

// rescue, deferred, logs a panic and ends it.
func (l *Loop) rescue(msg string, args ...any) {
	if v := recover(); v != nil {
		l.report(slog.LevelError, msg, append(args, "panic", v, "stack", string(debug.Stack()))...)
	}
}

// report logs. A logger that panics does not take the loop with it.
func (l *Loop) report(level slog.Level, msg string, args ...any) {
	defer func() { _ = recover() }()
	l.mu.Lock()
	log, name := l.config.Log, l.config.Name
	l.mu.Unlock()
	if log == nil {
		log = slog.Default()
	}
	if name != "" {
		log = log.With("loop", name)
	}
	log.Log(context.Background(), level, msg, args...)
}
