package nano

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
)

// Logger is what WithLogger takes. Fatal and Fatalf are never called: nano does not end its process.
type Logger interface {
	Println(v ...any)
	Fatal(v ...any)
	Fatalf(format string, v ...any)
}

// WithLogger logs to l, a line an entry. New programs use WithSlog.
func WithLogger(l Logger) Option {
	return func(c *config) {
		if l == nil {
			c.fail("WithLogger: nil")
			return
		}
		c.log = slog.New(newLineHandler(l, func() slog.Level {
			if c.debug {
				return slog.LevelDebug
			}
			return slog.LevelInfo
		}))
	}
}

// lineHandler is a slog.Handler that prints a line of text for each record.
type lineHandler struct {
	text  slog.Handler // writes to line
	line  *line
	level func() slog.Level
}

// line is the text of the record being handled, and what guards it.
type line struct {
	mu  sync.Mutex
	buf bytes.Buffer
	log Logger
}

func newLineHandler(l Logger, level func() slog.Level) *lineHandler {
	out := &line{log: l}
	text := slog.NewTextHandler(&out.buf, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey { // the logger has its own
				return slog.Attr{}
			}
			return a
		},
	})
	return &lineHandler{text: text, line: out, level: level}
}

func (h *lineHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level() }

func (h *lineHandler) Handle(ctx context.Context, r slog.Record) error {
	h.line.mu.Lock()
	h.line.buf.Reset()
	err := h.text.Handle(ctx, r)
	text := string(bytes.TrimRight(h.line.buf.Bytes(), "\n"))
	h.line.mu.Unlock()
	h.line.log.Println(text)
	return err
}

func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &lineHandler{text: h.text.WithAttrs(attrs), line: h.line, level: h.level}
}

func (h *lineHandler) WithGroup(name string) slog.Handler {
	return &lineHandler{text: h.text.WithGroup(name), line: h.line, level: h.level}
}
