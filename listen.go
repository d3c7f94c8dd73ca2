package nano

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/serialize/protobuf"
	"github.com/lonng/nano/session"
)

// defaults is the default server: the one that Listen runs.
var defaults defaultServer

type defaultServer struct {
	run sync.Mutex // held while Listen runs

	mu      sync.Mutex // guards what follows
	current *Server    // nil when Listen does not run
}

// Listen runs the default server on addr until Shutdown is called or the process is told to end by an interrupt or termination signal. What
// went wrong is logged and returned. It may run again when it has returned. A second signal ends the process at once.
//
// It keeps nano 0.5's ways: payloads are protobuf, WebSockets of any origin are admitted, and HTTP requests that are no
// WebSocket go to http.DefaultServeMux. The logic loop is scheduler.Default, the session-closed hooks are session.Lifetime's.
func Listen(addr string, opts ...Option) error {
	s := New(append([]Option{listenDefaults}, append(slices.Clip(opts), listenOn(addr))...)...)
	err := defaults.listen(s)
	if err != nil {
		s.cfg.log.Error("nano: Listen failed", "address", addr, "error", err)
	}
	return err
}

func listenDefaults(c *config) {
	c.serializer = protobuf.NewSerializer()
	c.checkOrigin = func(*http.Request) bool { return true }
	c.http = http.DefaultServeMux
	c.loop = scheduler.Default()
	c.lifetime = session.Lifetime
}

func listenOn(addr string) Option {
	return func(c *config) {
		addr := or(c.clientAddr, addr)
		if c.isWebsocket {
			c.websocket = append(c.websocket, addr)
		} else {
			c.tcp = append(c.tcp, addr)
		}
	}
}

func (d *defaultServer) listen(s *Server) error {
	d.mu.Lock()
	if d.current != nil && d.current.done.Err() == nil {
		d.mu.Unlock()
		return errors.New("nano: Listen is running already: for several servers in one process use New")
	}
	d.current = s
	d.mu.Unlock()
	d.run.Lock() // waits for the end of the run before
	defer d.run.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.current == s {
			d.current = nil
		}
	}()
	ctx, stop := signal.NotifyContext(s.done, os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)() // a second signal ends the process
	return s.Run(ctx)
}

// Shutdown makes Listen shut down and return. It does not wait for that, so that handlers may call it, and may be called
// when Listen does not run.
func Shutdown() {
	defaults.mu.Lock()
	defer defaults.mu.Unlock()
	if defaults.current != nil {
		defaults.current.stop()
	}
}

// Invoke runs fn on the default server's logic loop. It does not wait for it.
func Invoke(fn func()) { scheduler.PushTask(fn) }
