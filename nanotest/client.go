package nanotest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/lonng/nano/serialize"
	"github.com/lonng/nano/wire"
)

// ErrClosed is returned by a client whose connection has ended.
var ErrClosed = errors.New("nanotest: the connection has ended")

// Client is a client of a Server. Its methods may be called from any goroutine; those that fail the test only from the
// test's own.
type Client struct {
	// static
	tb         testing.TB
	nc         net.Conn
	serializer serialize.Serializer
	handshake  string
	shaken     chan struct{} // closed when the handshake's reply is there
	ended      chan struct{} // closed when the connection has ended
	readEnded  chan struct{}

	mu      sync.Mutex // guards what follows
	lastID  uint64
	pending map[uint64]chan reply
	pushes  []push
	arrived chan struct{} // closed and replaced when a push arrives
	reply   []byte        // to the handshake
	kick    *wire.KickBody
	dict    map[uint16]string
}

type reply struct {
	payload []byte
	failed  bool
}

type push struct {
	route   string
	payload []byte
}

// Request sends a request and waits for its response, which it decodes into res, a pointer, or drops when res is nil. An error response
// is returned as a *nano.Error. Others: ErrClosed, and a timeout.
func (c *Client) Request(route string, req, res any) error {
	answer, err := c.Go(route, req)
	if err != nil {
		return err
	}
	return answer(res)
}

// Go sends a request and returns a function that waits for its response, as Request does.
func (c *Client) Go(route string, req any) (answer func(res any) error, err error) {
	payload, err := serialize.Append(c.serializer, nil, req)
	if err != nil {
		return nil, err
	}
	ch := make(chan reply, 1)
	c.mu.Lock()
	c.lastID++
	id := c.lastID
	c.pending[id] = ch
	c.mu.Unlock()
	if err := c.send(wire.Head{Type: wire.Request, ID: id, Route: route}, payload); err != nil {
		c.forget(id)
		return nil, err
	}
	return func(res any) error {
		defer c.forget(id)
		select {
		case r := <-ch:
			return c.decode(r, res)
		case <-c.ended:
			select {
			case r := <-ch: // it came before the end
				return c.decode(r, res)
			default:
				return ErrClosed
			}
		case <-time.After(Timeout):
			return fmt.Errorf("nanotest: no response to %q within %v", route, Timeout)
		}
	}, nil
}

func (c *Client) forget(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, id)
}

func (c *Client) decode(r reply, res any) error {
	if r.failed {
		return decodeError(c.serializer, r.payload)
	}
	switch res := res.(type) {
	case nil:
		return nil
	case *[]byte:
		*res = r.payload
		return nil
	}
	return c.serializer.Unmarshal(r.payload, res)
}

// Notify sends a message that has no response.
func (c *Client) Notify(route string, v any) error {
	payload, err := serialize.Append(c.serializer, nil, v)
	if err != nil {
		return err
	}
	return c.send(wire.Head{Type: wire.Notify, Route: route}, payload)
}

// Expect waits for the next push with a route and decodes it into v, a pointer; pushes with other routes stay for later. The
// test fails when there is none in time.
func (c *Client) Expect(route string, v any) {
	c.tb.Helper()
	timeout := time.After(Timeout)
	for {
		payload, arrived, ok := c.take(route)
		if ok {
			if err := c.decode(reply{payload: payload}, v); err != nil {
				c.tb.Fatalf("nanotest: push %q: %v", route, err)
			}
			return
		}
		select {
		case <-arrived:
		case <-c.readEnded:
			if c.Pushes(route) == 0 {
				c.tb.Fatalf("nanotest: the connection ended before a push %q", route)
			}
		case <-timeout:
			c.tb.Fatalf("nanotest: no push %q within %v", route, Timeout)
		}
	}
}

// take returns the oldest push with a route, or what is closed when another arrives.
func (c *Client) take(route string) (payload []byte, arrived chan struct{}, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, p := range c.pushes {
		if p.route == route {
			c.pushes = append(c.pushes[:i], c.pushes[i+1:]...)
			return p.payload, nil, true
		}
	}
	if c.arrived == nil {
		c.arrived = make(chan struct{})
	}
	return nil, c.arrived, false
}

// Pushes returns the number of pushes that arrived with a route and were not taken by Expect. In fake time, call
// synctest.Wait first.
func (c *Client) Pushes(route string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.pushes {
		if p.route == route {
			n++
		}
	}
	return n
}

// ExpectKick waits for the end of the connection and returns the code and the reason of the kick that came before it. The
// test fails when there was none.
func (c *Client) ExpectKick() (code, reason string) {
	c.tb.Helper()
	c.ExpectClosed()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kick == nil {
		c.tb.Fatal("nanotest: the connection ended without a kick")
	}
	return c.kick.Code, c.kick.Reason
}

// ExpectClosed waits for the end of the connection.
func (c *Client) ExpectClosed() {
	c.tb.Helper()
	select {
	case <-c.ended:
	case <-time.After(Timeout):
		c.tb.Fatalf("nanotest: the connection is still open after %v", Timeout)
	}
}

// HandshakeReply decodes the reply to the client's handshake, JSON, into v.
func (c *Client) HandshakeReply(v any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return json.Unmarshal(c.reply, v)
}

// Close closes the connection.
func (c *Client) Close() {
	_ = c.nc.Close()
	<-c.readEnded
}
