package nano

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/lonng/nano/component"
	"github.com/lonng/nano/internal/agent"
	"github.com/lonng/nano/internal/mailbox"
	"github.com/lonng/nano/internal/sendq"
	"github.com/lonng/nano/pipeline"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/serialize"
	"github.com/lonng/nano/serialize/json"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// config is what options set. Zero values stand for defaults, which withDefaults fills in.
type config struct {
	errs []error // of options

	// where
	tcp, websocket []string
	wsPath         string
	subprotocols   []string
	checkOrigin    func(*http.Request) bool
	http           http.Handler
	tls            *tls.Config
	certFile       string
	keyFile        string

	// who
	rawValidator func(*session.Session, []byte) error
	validator    func(context.Context, *session.Session, *Handshake) (any, error)

	// what
	components   *component.Components
	serializer   serialize.Serializer
	pipeline     pipeline.Pipeline
	dictionary   map[string]uint16
	silentErrors bool
	compress     int

	// limits
	heartbeat        time.Duration
	handshakeTimeout time.Duration
	writeTimeout     time.Duration
	shutdownTimeout  time.Duration
	maxPacket        int
	queue            sendq.Limits
	inFlight         mailbox.Bounds // of a session
	serverInFlight   mailbox.Bounds
	rateLimit        *agent.RateLimit // nil: none
	connLimit        connLimit

	// surroundings
	log           *slog.Logger
	debug         bool
	loop          *scheduler.Loop
	lifetime      *session.Hooks
	condInterval  time.Duration
	isWebsocket   bool   // of Listen's address
	clientAddr    string // in its place
	clusterOption string // the first cluster option that was given
}

// defaultQueue returns the default bounds of a session's queue.
func defaultQueue() sendq.Limits {
	return sendq.Limits{Soft: 1 << 20, SoftTime: 5 * time.Second, Hard: 16 << 20}
}

// Option sets something of a server.
type Option func(*config)

func (c *config) fail(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("nano: "+format, args...))
}

// or returns the first of the values that is not zero.
func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

func (c *config) withDefaults() {
	c.heartbeat = or(c.heartbeat, 30*time.Second)
	c.handshakeTimeout = or(c.handshakeTimeout, 10*time.Second)
	c.writeTimeout = or(c.writeTimeout, 10*time.Second)
	c.shutdownTimeout = or(c.shutdownTimeout, 10*time.Second)
	c.maxPacket = or(c.maxPacket, wire.DefaultLimit)
	c.queue = or(c.queue, defaultQueue())
	c.inFlight = orBounds(c.inFlight, mailbox.Bounds{Messages: 256, Bytes: 1 << 20})
	c.serverInFlight = orBounds(c.serverInFlight, mailbox.Bounds{Messages: 1 << 18, Bytes: 64 << 20})
	if c.serializer == nil {
		c.serializer = json.NewSerializer()
	}
	if c.components == nil {
		c.components = &component.Components{}
	}
	if c.pipeline == nil {
		c.pipeline = pipeline.New()
	}
	if c.lifetime == nil {
		c.lifetime = &session.Hooks{}
	}
	if c.log == nil {
		c.log = slog.Default()
		if c.debug {
			c.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
		}
	}
	if c.clusterOption != "" {
		c.fail("%s: this version of nano runs in one process; it has no cluster yet", c.clusterOption)
	}
}

// tlsConfig returns the TLS configuration that the options ask for, nil for none.
func (c *config) tlsConfig() (*tls.Config, error) {
	if c.certFile == "" && c.keyFile == "" {
		return withoutHTTP2(c.tls), nil
	}
	if c.tls != nil {
		return nil, errors.New("nano: WithTLS and WithTLSConfig: give one of them")
	}
	cert, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return nil, fmt.Errorf("nano: WithTLSConfig: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

// withoutHTTP2 returns cfg without the protocol "h2", which certificate managers put there and which no listener of nano's speaks.
func withoutHTTP2(cfg *tls.Config) *tls.Config {
	if cfg == nil || !slices.Contains(cfg.NextProtos, "h2") {
		return cfg
	}
	cfg = cfg.Clone()
	cfg.NextProtos = slices.DeleteFunc(slices.Clone(cfg.NextProtos), func(p string) bool { return p == "h2" })
	return cfg
}

// validate is the server's validator: the raw one, then the other.
func (c *config) validate() func(context.Context, *session.Session, *Handshake) (any, error) {
	raw, parsed := c.rawValidator, c.validator
	if raw == nil {
		return parsed
	}
	return func(ctx context.Context, s *session.Session, h *Handshake) (any, error) {
		if err := raw(s, h.Raw); err != nil || parsed == nil {
			return nil, err
		}
		return parsed(ctx, s, h)
	}
}
