package memnet

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
)

// backlog is how many dialled connections wait for Accept before Dial blocks.
const backlog = 128

// Listener is a net.Listener in memory. Its methods may be called by any
// number of goroutines together.
type Listener struct {
	// static
	addr  *Addr
	size  int
	queue chan *Conn
	done  chan struct{}

	dialled atomic.Uint64
	once    sync.Once
}

// Listen returns a listener whose address is name. Names need not be unique:
// a listener is reached through its own Dial only. Connections hold
// [DefaultSize] bytes a direction.
func Listen(name string) *Listener { return ListenSize(name, DefaultSize) }

// ListenSize is Listen with connections that hold size bytes a direction: a
// small one makes a peer that does not read block its writer soon. Zero and
// below mean [DefaultSize].
func ListenSize(name string, size int) *Listener {
	return &Listener{
		addr:  &Addr{name: name},
		size:  size,
		queue: make(chan *Conn, backlog),
		done:  make(chan struct{}),
	}
}

// Dial connects to the listener. As on TCP it does not wait for Accept: it
// blocks only while 128 connections wait already, until ctx ends.
//
// Errors are a *net.OpError around ctx.Err(), or around syscall.ECONNREFUSED
// once the listener is closed.
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	return l.DialFrom(ctx, nil)
}

// DialFrom is Dial with the client's address chosen by the caller, for tests
// of what depends on where clients come from. Nil means an address that the
// listener numbers.
func (l *Listener) DialFrom(ctx context.Context, local net.Addr) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, l.opError("dial", err)
	}
	select {
	case <-l.done:
		return nil, l.opError("dial", syscall.ECONNREFUSED)
	default:
	}
	p := newPipe(l.size)
	if local == nil {
		p.addr.id = l.dialled.Add(1)
		local = &p.addr
	}
	p.a.local, p.a.remote = local, l.addr
	p.b.local, p.b.remote = l.addr, local
	select {
	case l.queue <- &p.b:
	case <-ctx.Done():
		return nil, l.opError("dial", ctx.Err())
	case <-l.done:
		return nil, l.opError("dial", syscall.ECONNREFUSED)
	}
	select {
	case <-l.done: // Close may have emptied the queue before this one came
		l.refuse()
	default:
	}
	return &p.a, nil
}

// Accept returns the next connection, and blocks until there is one. After
// Close its error is a *net.OpError around net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case <-l.done:
		return nil, l.opError("accept", net.ErrClosed)
	default:
	}
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.done:
		return nil, l.opError("accept", net.ErrClosed)
	}
}

// Close ends Accept and Dial. Connections that wait for Accept are reset,
// those that were accepted stay. A second Close returns net.ErrClosed in a
// *net.OpError.
func (l *Listener) Close() error {
	err := l.opError("close", net.ErrClosed)
	l.once.Do(func() {
		close(l.done)
		l.refuse()
		err = nil
	})
	return err
}

// Addr returns the listener's address, an [*Addr].
func (l *Listener) Addr() net.Addr { return l.addr }

// refuse resets the connections that nobody will accept.
func (l *Listener) refuse() {
	for {
		select {
		case c := <-l.queue:
			_ = c.Reset()
		default:
			return
		}
	}
}

func (l *Listener) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "mem", Addr: l.addr, Err: err}
}
