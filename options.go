package nano

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"

	"github.com/lonng/nano/component"
	"github.com/lonng/nano/pipeline"
	"github.com/lonng/nano/serialize"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// WithTCP makes Run listen on a TCP address. It may be given several times.
func WithTCP(addr string) Option {
	return func(c *config) { c.tcp = append(c.tcp, addr) }
}

// WithWebSocket makes Run listen on a TCP address for WebSocket, and for HTTP beside it. It may be given several times.
func WithWebSocket(addr string) Option {
	return func(c *config) { c.websocket = append(c.websocket, addr) }
}

// WithWSPath sets the path that is upgraded to WebSocket; the default is "/", which stands for every path that nothing else
// serves.
func WithWSPath(path string) Option { return func(c *config) { c.wsPath = path } }

// WithSubprotocols names the WebSocket subprotocols that are served, best first: the first that the client offers is chosen. By default
// none is.
func WithSubprotocols(names ...string) Option {
	return func(c *config) { c.subprotocols = names }
}

// WithHTTP serves h beside the WebSocket, on the same port.
func WithHTTP(h http.Handler) Option { return func(c *config) { c.http = h } }

// WithCheckOriginFunc decides on the origin of a WebSocket's page. The default of New admits pages of the same host and clients
// that are no browsers; the default of Listen admits all, as nano 0.5 does.
func WithCheckOriginFunc(fn func(*http.Request) bool) Option {
	return func(c *config) { c.checkOrigin = fn }
}

// WithTLS makes all that Run listens on speak TLS.
func WithTLS(cfg *tls.Config) Option { return func(c *config) { c.tls = cfg } }

// WithTLSConfig is WithTLS with a certificate and its key from files in PEM format.
func WithTLSConfig(certificate, key string) Option {
	return func(c *config) { c.certFile, c.keyFile = certificate, key }
}

// WithComponents adds components to those that were registered.
func WithComponents(components *component.Components) Option {
	return func(c *config) {
		if components == nil {
			c.fail("WithComponents: nil")
			return
		}
		if c.components == nil {
			c.components = &component.Components{}
		}
		for _, r := range components.List() {
			c.components.Register(r.Comp, r.Opts...)
		}
	}
}

// WithSerializer sets how payloads are encoded. The default of New is JSON; that of Listen is protobuf, as in nano 0.5.
func WithSerializer(s serialize.Serializer) Option {
	return func(c *config) { c.serializer = s }
}

// WithPipeline sets the filters of all messages; those are used that are there when the server starts.
func WithPipeline(p pipeline.Pipeline) Option { return func(c *config) { c.pipeline = p } }

// WithDictionary gives routes codes of two bytes, from 1, which stand for them on the wire. Clients are told.
func WithDictionary(dict map[string]uint16) Option {
	return func(c *config) { c.dictionary = dict }
}

// WithHandshake sets the function that decides on a client's handshake. What it returns goes into the reply's user, encoded as
// JSON; an error refuses the client, ErrClientTooOld with a code of its own. It runs before the session gets any message,
// not on the loop, for many clients at once, and has until the end of ctx: past the handshake's timeout the client is
// refused. It may bind the session's user and set values.
func WithHandshake(fn func(ctx context.Context, s *session.Session, h *Handshake) (user any, err error)) Option {
	return func(c *config) { c.validator = fn }
}

// WithHandshakeValidator sets a function that decides on a client's handshake, given the bytes that came. When there is one
// of WithHandshake as well, both must accept, this one first.
func WithHandshakeValidator(fn func(s *session.Session, handshake []byte) error) Option {
	return func(c *config) { c.rawValidator = fn }
}

// WithHeartbeatInterval sets how often a heartbeat is sent; a client that is silent for two intervals is closed. The default
// is 30 s; 0 and below turn heartbeats off: a client that vanishes without a word is then noticed when the system's TCP notices, and one
// that vanishes while a concurrent handler has its message, when that returns.
func WithHeartbeatInterval(d time.Duration) Option {
	return func(c *config) {
		c.heartbeat = d
		if d <= 0 {
			c.heartbeat = -1
		}
	}
}

// WithHandshakeTimeout sets how long a client may take from connecting to its ack. The default is 10 s; 0 and below mean the
// default.
func WithHandshakeTimeout(d time.Duration) Option {
	return func(c *config) { c.handshakeTimeout = max(0, d) }
}

// WithWriteTimeout sets how long 64 KiB may take to be written before the client counts as too slow. The default is 10 s; 0
// and below mean the default.
func WithWriteTimeout(d time.Duration) Option {
	return func(c *config) { c.writeTimeout = max(0, d) }
}

// WithShutdownTimeout sets how long Run, and Listen, wait at the end for handlers, hooks and clients. The default is 10 s;
// 0 and below mean the default.
func WithShutdownTimeout(d time.Duration) Option {
	return func(c *config) { c.shutdownTimeout = max(0, d) }
}

// WithMaxPacketSize sets the largest body of a packet that is accepted from a client, in bytes. The default is 64 KiB; 0 and below mean
// the default; the most is 2^24-1.
func WithMaxPacketSize(n int) Option {
	return func(c *config) {
		if n > wire.MaxBody {
			c.fail("WithMaxPacketSize(%d): the most is %d", n, wire.MaxBody)
		}
		c.maxPacket = max(0, n)
	}
}

// WithCompression deflates payloads above so many bytes, for clients that can read them. The default, and what 0 and below
// mean, is no compression. Compressed payloads of clients are always accepted.
func WithCompression(above int) Option {
	return func(c *config) { c.compress = max(0, above) }
}

// WithSilentErrors sends no error responses: a request that fails gets no answer, as in nano 0.5.
func WithSilentErrors() Option { return func(c *config) { c.silentErrors = true } }

// WithSlog sets the log. The default is slog.Default().
func WithSlog(l *slog.Logger) Option { return func(c *config) { c.log = l } }

// WithDebugMode logs more, when no log is set: to standard error, from the debug level.
func WithDebugMode() Option { return func(c *config) { c.debug = true } }

// WithTimerPrecision sets how often the conditions of scheduler.NewCondTimer are checked. The default is 1 s, the least is
// 1 ms. Other timers are precise to a millisecond in any case.
func WithTimerPrecision(d time.Duration) Option {
	return func(c *config) {
		if d < time.Millisecond {
			c.fail("WithTimerPrecision(%v): the least is 1ms", d)
		}
		c.condInterval = d
	}
}

// WithIsWebsocket makes Listen's address a WebSocket address.
func WithIsWebsocket(is bool) Option { return func(c *config) { c.isWebsocket = is } }

// WithClientAddr makes Listen serve clients on addr instead of its own address.
func WithClientAddr(addr string) Option { return func(c *config) { c.clientAddr = addr } }
