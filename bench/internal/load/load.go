// Package load is a load client for Linux that costs little beside the server that it drives: a few
// threads wait on epoll, requests are bytes made in advance, and nothing is allocated while it
// measures.
//
//	c, err := load.Dial(ctx, load.Config{
//		Addr: "127.0.0.1:3250", Protocol: load.Nano{}, Conns: 1000, Work: load.Requests, Depth: 8,
//	})
//	defer c.Close()
//	result, err := c.Measure(ctx, warmup, duration, func() error { … read the server's CPU … })
//
// Requests, notifies and bursts are a closed loop: what is answered is asked again. The tick game is
// open: inputs leave on time whatever the server does. Servers must answer a connection's requests in
// the order asked; one that does not is an error.
package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lonng/nano/bench/internal/game"
)

// Work is what the connections do.
type Work int

// Works.
const (
	Idle      Work = iota // nothing, once the handshake is done
	Requests              // Depth game.Echo in flight on each connection; a message is an answer
	Notifies              // Depth game.Notify in flight on each connection; a message is a push
	Broadcast             // a control connection sends one game.Burst at a time; a message is a delivery
	TickGame              // rooms of game.RoomSize, game.Rate inputs a second; a message is a delivery
)

// Config says whom to drive and how. Addr, Protocol and Conns must be set.
type Config struct {
	Addr      string // host:port, on a loopback address when Conns needs more than one source address
	WebSocket bool
	TLS       bool // Idle alone; any certificate will do
	Protocol  Protocol
	Conns     int // the control connection of a Broadcast is one more
	Threads   int // at least 1
	Work      Work
	Depth     int    // requests or notifies in flight on a connection; 0 means 1
	Payload   []byte // of a request or notify; at least one byte
	Size      int    // bytes of a burst's payload
	Burst     int    // pushes that a burst asks for; 0 means 1
	Stalled   int    // members of a Broadcast that do not read
}

// A Result is what Measure counted.
type Result struct {
	Messages uint64 // what Work calls a message
	Elapsed  time.Duration
	Latency  Hist    // request to answer, notify to push, burst to delivery, state made to state delivered
	Batch    float64 // messages that a read brought, of those that brought any
	Closed   int     // connections that the server closed, stalled ones not counted
}

// ErrNothing is Measure's when no message came.
var ErrNothing = errors.New("load: the server answered nothing")

const (
	warming int32 = iota
	measuring
	stopping
)

// A Client drives one server over its connections. Its methods belong to one goroutine.
type Client struct {
	cfg     Config
	conns   []*conn
	secure  []net.Conn // TLS
	threads []*thread
	phase   atomic.Int32
	wg      sync.WaitGroup

	// a broadcast
	burstMu   sync.Mutex // a burst may be all delivered before the write that asked for it returns
	control   *conn
	remaining atomic.Int64 // deliveries of this burst still to come
	triggered atomic.Int64 // when this burst was asked for
}

// Dial opens every connection, does the handshakes and enters the rooms. Nothing is measured yet.
func Dial(ctx context.Context, cfg Config) (*Client, error) {
	cfg.Depth, cfg.Burst, cfg.Threads = max(cfg.Depth, 1), max(cfg.Burst, 1), max(cfg.Threads, 1)
	if cfg.Depth > 127 {
		return nil, fmt.Errorf("load: a depth of %d: 127 is the most", cfg.Depth)
	}
	c := &Client{cfg: cfg}
	if cfg.TLS {
		var err error
		if c.secure, err = dialTLS(ctx, &c.cfg); err != nil {
			c.Close()
			return nil, err
		}
		return c, nil
	}
	conns, err := dialAll(ctx, &c.cfg)
	c.conns = conns
	if err != nil {
		c.Close()
		return nil, err
	}
	if cfg.Work == Broadcast {
		last := len(conns) - 1
		c.control, c.conns = conns[last], conns[:last]
	}
	return c, nil
}

// Measure starts the work, lets it run for the warm-up, then measures it for the duration, and ends it. It
// calls probe when the measurement begins and when it ends. A client measures once.
func (c *Client) Measure(ctx context.Context, warmup, duration time.Duration, probe func() error) (*Result, error) {
	if err := c.start(); err != nil {
		return nil, err
	}
	if err := errors.Join(wait(ctx, warmup), probe()); err != nil {
		return nil, err
	}
	began, base := time.Now(), c.messages()
	c.phase.Store(measuring)
	err := wait(ctx, duration)
	r := &Result{Messages: c.messages() - base, Elapsed: time.Since(began)}
	errs := []error{err, probe()}
	c.stop()
	var reads uint64
	for _, t := range c.threads {
		reads += t.reads
		r.Latency.Merge(&t.hist)
		r.Closed += t.closed
		errs = append(errs, t.err)
	}
	if reads > 0 {
		r.Batch = float64(r.Latency.Count()) / float64(reads)
	}
	if r.Messages == 0 {
		errs = append(errs, ErrNothing)
	}
	return r, errors.Join(errs...)
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// start starts the threads and the work.
func (c *Client) start() error {
	for i := range c.cfg.Threads {
		t, err := newThread(c)
		if err != nil {
			return err
		}
		c.threads = append(c.threads, t)
		for n := i; n < len(c.conns); n += c.cfg.Threads {
			if err := t.add(c.conns[n]); err != nil {
				return err
			}
		}
	}
	for _, t := range c.threads {
		c.wg.Go(t.run)
	}
	if c.control != nil {
		return c.burst()
	}
	return nil
}

// Close ends the work and closes every connection.
func (c *Client) Close() {
	c.stop()
	for _, t := range c.threads {
		t.close()
	}
	for _, conn := range append(c.conns, c.control) {
		if conn != nil {
			conn.close()
		}
	}
	for _, conn := range c.secure {
		if conn != nil {
			_ = conn.Close()
		}
	}
	c.conns, c.control, c.threads, c.secure = nil, nil, nil, nil
}

func (c *Client) stop() {
	c.phase.Store(stopping)
	c.wg.Wait()
}

func (c *Client) messages() uint64 {
	var n uint64
	for _, t := range c.threads {
		n += t.messages.Load()
	}
	return n
}

// burst asks for the next burst. It is called by whoever took the last delivery of the one before.
func (c *Client) burst() error {
	c.burstMu.Lock()
	defer c.burstMu.Unlock()
	c.remaining.Store(int64((len(c.conns) - c.cfg.Stalled) * c.cfg.Burst))
	c.triggered.Store(time.Now().UnixNano())
	c.control.queued = len(c.control.ring) / 2
	return c.control.flush()
}

// source is the local address of connection i: a new one every 20,000, for each has 28,000 ports.
func source(i int) net.IP { return net.IPv4(127, 0, 0, byte(1+i/20_000)) }

// requestFor returns the bytes of all that one connection keeps in flight.
func (cfg *Config) requestFor() []byte {
	var b []byte
	for id := range cfg.Depth {
		switch cfg.Work {
		case Requests:
			b = cfg.frame(b, cfg.Protocol.AppendRequest(nil, uint64(id+1), game.Echo, cfg.Payload))
		case Notifies:
			b = cfg.frame(b, cfg.Protocol.AppendNotify(nil, game.Notify, cfg.Payload))
		case TickGame:
			b = cfg.frame(b, cfg.Protocol.AppendNotify(nil, game.Input, cfg.Payload))
		}
	}
	return b
}

// entryFor returns the request by which connection i enters its room, nil when the work has none.
func (cfg *Config) entryFor(i int) []byte {
	switch {
	case cfg.Work == Broadcast && i < cfg.Conns:
		return cfg.Protocol.AppendRequest(nil, 1, game.Join, game.AppendRoom(nil, 0))
	case cfg.Work == TickGame:
		return cfg.Protocol.AppendRequest(nil, 1, game.Play, game.AppendRoom(nil, i/game.RoomSize))
	}
	return nil
}

// frame appends bytes of the protocol as they go over the transport.
func (cfg *Config) frame(dst, b []byte) []byte {
	if cfg.WebSocket {
		return appendFrame(dst, b)
	}
	return append(dst, b...)
}
