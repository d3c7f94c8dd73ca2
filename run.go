package nano

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lonng/nano/component"
	"github.com/lonng/nano/internal/agent"
	"github.com/lonng/nano/internal/mux"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/transport/ws"
	"github.com/lonng/nano/wire"
)

// Run listens on what the options name, serves until ctx ends or Shutdown is called, shuts down and returns nil. Errors: what is wrong
// with the options, the components or an address, a listener's failure, what Shutdown left undone, and ErrServerClosed when Shutdown was
// called before. It catches no signals.
func (s *Server) Run(ctx context.Context) error {
	if err := s.start(); err != nil {
		return err
	}
	listeners, err := s.listen()
	if err == nil {
		err = s.serveAll(ctx, listeners)
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.shutdownTimeout)
	defer cancel()
	return errors.Join(err, s.Shutdown(end))
}

// listen opens all listeners or none.
func (s *Server) listen() (listeners []net.Listener, err error) {
	tlsConfig, err := s.cfg.tlsConfig()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			for _, l := range listeners {
				l.Close()
			}
		}
	}()
	open := func(addr string, wrap func(net.Listener) net.Listener) error {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return fmt.Errorf("nano: %w", err)
		}
		if tlsConfig != nil {
			l = tls.NewListener(l, tlsConfig)
		}
		listeners = append(listeners, wrap(l))
		return nil
	}
	for _, addr := range s.cfg.tcp {
		if err := open(addr, func(l net.Listener) net.Listener { return l }); err != nil {
			return listeners, err
		}
	}
	for _, addr := range s.cfg.websocket {
		if err := open(addr, s.WebSocket); err != nil {
			return listeners, err
		}
	}
	if len(listeners) == 0 {
		return nil, errors.New("nano: Run has nothing to listen on: give WithTCP or WithWebSocket, or use Serve")
	}
	return listeners, nil
}

// WebSocket returns a listener that upgrades the connections of l to WebSocket, as the options say: WithWSPath, WithHTTP,
// WithCheckOriginFunc. It is for Serve, as it is: the connections of a listener around it would count twice against
// WithMaxConnections.
func (s *Server) WebSocket(l net.Listener) net.Listener {
	return s.newWebSocket(l, ws.Config{
		Path:             "/" + strings.TrimPrefix(s.cfg.wsPath, "/"),
		CheckOrigin:      s.cfg.checkOrigin,
		Subprotocols:     s.cfg.subprotocols,
		Handler:          s.cfg.http,
		HandshakeTimeout: s.cfg.handshakeTimeout,
		ReadLimit:        -1, // packets have their own, and a message may hold any number of them
		ErrorLog:         s.cfg.log,
	})
}

// serveAll serves until ctx ends, the server stops or a listener fails.
func (s *Server) serveAll(ctx context.Context, listeners []net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(listeners))
	var wg sync.WaitGroup
	for i, l := range listeners {
		s.cfg.log.Info("nano: listening", "address", l.Addr().String())
		wg.Go(func() {
			if err := s.Serve(ctx, l); err != nil && !errors.Is(err, ErrServerClosed) {
				errs[i] = err
				cancel()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Serve accepts connections from l, which it closes, until ctx ends or the server is shut down; then it returns nil. The connections live on
// until Shutdown. Several Serve may run at once. It returns what is wrong with the options or components, ErrServerClosed, or
// the listener's error.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer l.Close()
	if err := s.start(); err != nil {
		return err
	}
	if !s.addListener(l) {
		return ErrServerClosed
	}
	defer s.removeListener(l)
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for pause := time.Duration(0); ; {
		nc, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			s.serveConn(l, nc)
			continue
		case ctx.Err() != nil || s.done.Err() != nil:
			return nil
		case !isTemporary(err):
			return fmt.Errorf("nano: %w", err)
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.cfg.log.Warn("nano: cannot accept connections, trying again", "error", err, "pause", pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		case <-s.done.Done():
		}
	}
}

// isTemporary reports whether accepting may succeed later, as when there are too many open files.
func isTemporary(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok && t.Temporary()
}

// addListener returns false when the server is shutting down.
func (s *Server) addListener(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != started {
		return false
	}
	s.listeners[l] = struct{}{}
	s.accepting.add()
	return true
}

func (s *Server) removeListener(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
	s.accepting.done()
}

// Addrs returns the addresses of the listeners that are being served.
func (s *Server) Addrs() []net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	var addrs []net.Addr
	for l := range s.listeners {
		addrs = append(addrs, l.Addr())
	}
	return addrs
}

// start builds what serves and starts the loop, once.
func (s *Server) start() error {
	s.mu.Lock()
	was := s.phase
	if was == setup {
		s.phase = starting
	}
	s.mu.Unlock()
	switch was {
	case shutdown:
		return ErrServerClosed
	case setup:
		s.startErr = s.begin()
		s.mu.Lock()
		s.phase = started
		if s.startErr != nil {
			s.phase = failed
		}
		s.mu.Unlock()
		close(s.ready)
	}
	<-s.ready
	return s.startErr
}

// begin runs users' code, so no lock is held.
func (s *Server) begin() error {
	if err := s.build(); err != nil {
		return err
	}
	s.endHooks = s.hooks.Begin()
	err := s.startLoop()
	if err != nil {
		s.endHooks()
	}
	return err
}

func (s *Server) build() error {
	errs := s.cfg.errs
	dict, err := wire.NewDictionary(s.cfg.dictionary)
	if err != nil {
		errs = append(errs, fmt.Errorf("nano: WithDictionary: %w", err))
	}
	handlers := slices.Clone(s.handlers)
	for _, r := range s.comps {
		hs, err := r.Handlers()
		if err != nil {
			errs = append(errs, err)
		}
		handlers = append(handlers, hs...)
	}
	s.mux, err = mux.New(mux.Config{
		Log:        s.cfg.log,
		Serializer: s.cfg.serializer,
		Dictionary: dict,
		Loop:       s.loop,
		Inbound:    s.cfg.pipeline.Inbound().Compose(),
		Failed:     func() { s.agents.Counters.Failed.Add(1) },
	}, handlers)
	if err = errors.Join(append(errs, err)...); err != nil {
		return err
	}
	s.checkExempt(handlers)
	agents := agent.NewServer(agent.Config{
		Owner:            s,
		Log:              s.cfg.log,
		Serializer:       s.cfg.serializer,
		Dictionary:       dict,
		IDs:              session.NewIDs(time.Now()),
		Heartbeat:        s.cfg.heartbeat,
		HandshakeTimeout: s.cfg.handshakeTimeout,
		WriteTimeout:     s.cfg.writeTimeout,
		MaxPacket:        s.cfg.maxPacket,
		CompressAbove:    s.cfg.compress,
		SilentErrors:     s.cfg.silentErrors,
		Queue:            s.cfg.queue,
		InFlight:         s.cfg.inFlight,
		TotalInFlight:    s.cfg.serverInFlight,
		RateLimit:        s.cfg.rateLimit,
		Outbound:         s.cfg.pipeline.Outbound().Compose(),
		Validate:         s.cfg.validate(),
		Dispatch:         func(c *agent.Conn, m *wire.MessageView) { s.mux.Dispatch(c, m) },
		RPC:              s.rpc,
		Opened:           s.opening,
		Closed:           s.closed,
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.agents = agents
	return nil
}

// startLoop runs the loop, which calls the components' Init and AfterInit first, and waits for those.
func (s *Server) startLoop() error {
	ctx, cancel := context.WithCancel(context.Background())
	s.endLoop, s.loopEnded = cancel, make(chan struct{})
	s.loop.Configure(scheduler.Config{Log: s.cfg.log, CondInterval: or(s.cfg.condInterval, scheduler.DefaultCondInterval)})
	initialised := make(chan struct{})
	var err error // of a loop that ended before that
	go func() {
		defer close(s.loopEnded)
		err = errors.New("nano: Init ended the loop's goroutine with runtime.Goexit")
		err = s.loop.RunWith(ctx, func() error {
			err := s.initComponents()
			if err == nil {
				close(initialised)
			}
			return err
		})
		if errors.Is(err, scheduler.ErrRunning) {
			err = fmt.Errorf("nano: the run before was cut short and has not ended: %w", err)
		}
	}()
	select {
	case <-initialised:
		return nil
	case <-s.loopEnded:
		cancel()
		return err
	}
}

func (s *Server) initComponents() error {
	for _, step := range []struct {
		name string
		fn   func(component.Component)
	}{{"Init", component.Component.Init}, {"AfterInit", component.Component.AfterInit}} {
		for _, r := range s.comps {
			if !s.protect(fmt.Sprintf("%T.%s", r.Comp, step.name), func() { step.fn(r.Comp) }) {
				return fmt.Errorf("nano: %T.%s panicked; the log has the stack", r.Comp, step.name)
			}
		}
	}
	return nil
}

// onLoop runs fn on the loop and waits.
func (s *Server) onLoop(ctx context.Context, fn func()) error {
	_, err := scheduler.Call(ctx, s.loop, func() (struct{}, error) { fn(); return struct{}{}, nil })
	return err
}
