package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/lonng/nano/bench/internal/game"
)

const (
	dialers     = 16       // connections opened at a time
	dialTimeout = 10       // seconds that one step of a handshake may take
	stalledRecv = 4 << 10  // receive buffer of a connection that does not read
	dialBuffer  = 16 << 10 // a handshake's answer must fit
)

// dialAll opens the connections, the control connection of a broadcast last.
func dialAll(ctx context.Context, cfg *Config) ([]*conn, error) {
	addr, err := netip.ParseAddrPort(cfg.Addr)
	if err != nil {
		return nil, err
	}
	total := cfg.Conns
	if cfg.Work == Broadcast {
		total++
	}
	flight := cfg.requestFor()
	d := &dialer{cfg: cfg, to: unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()},
		ring: append(flight, flight...)}
	conns := make([]*conn, total)
	sent := make([]int64, total*cfg.Depth)
	err = each(ctx, total, func(i int) (err error) {
		conns[i], err = d.open(i)
		if err == nil {
			conns[i].sent = sent[i*cfg.Depth : (i+1)*cfg.Depth]
		}
		return err
	})
	return conns, err
}

// each calls open for every number below n, a few at a time, until one fails.
func each(ctx context.Context, n int, open func(i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(dialers, n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := open(i); err != nil {
					cancel(fmt.Errorf("load: connection %d: %w", i, err))
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

type dialer struct {
	cfg  *Config
	to   unix.SockaddrInet4
	ring []byte
}

// open makes connection i and takes it through the handshake. The conn is returned with an error too,
// to be closed, when there is a socket.
func (d *dialer) open(i int) (*conn, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	c := &conn{fd: fd, ring: d.ring}
	if d.cfg.Work == Broadcast {
		c.stalled = i >= d.cfg.Conns-d.cfg.Stalled && i < d.cfg.Conns
		if i == d.cfg.Conns {
			b := game.AppendBurst(nil, 0, d.cfg.Burst, d.cfg.Size)
			b = d.cfg.frame(nil, d.cfg.Protocol.AppendNotify(nil, game.Burst, b))
			c.ring = append(b, b...)
		}
	}
	if err := d.connect(c, i); err != nil {
		return c, err
	}
	if err := d.handshake(c, i); err != nil {
		return c, err
	}
	return c, unix.SetNonblock(fd, true)
}

func (d *dialer) connect(c *conn, i int) error {
	timeout := unix.Timeval{Sec: dialTimeout}
	var from unix.SockaddrInet4
	copy(from.Addr[:], source(i).To4())
	errs := []error{
		unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout),
		unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &timeout),
		unix.SetsockoptInt(c.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
	}
	if c.stalled {
		errs = append(errs, unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, stalledRecv))
	}
	if d.to.Addr[0] == 127 && from.Addr[3] > 1 {
		errs = append(errs, unix.SetsockoptInt(c.fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1),
			unix.Bind(c.fd, &from))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	to := d.to // Connect writes to it
	if err := unix.Connect(c.fd, &to); err != unix.EINTR {
		return err
	}
	return connected(c.fd)
}

// connected waits for a connect that a signal interrupted: it goes on without its caller.
func connected(fd int) error {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, dialTimeout*1000)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return err
		case n == 0:
			return unix.ETIMEDOUT
		}
		code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && code != 0 {
			err = unix.Errno(code)
		}
		return err
	}
}

// handshake says hello, waits for the welcome, acknowledges it and enters the room.
func (d *dialer) handshake(c *conn, i int) error {
	p := d.cfg.Protocol
	if d.cfg.WebSocket {
		if err := d.upgrade(c); err != nil {
			return err
		}
	}
	if err := d.ask(c, p.Hello(), Welcome); err != nil {
		return err
	}
	entry := d.cfg.entryFor(i)
	if entry == nil {
		return d.send(c, p.Ack())
	}
	if err := d.send(c, p.Ack()); err != nil {
		return err
	}
	return d.ask(c, entry, Response)
}

func (d *dialer) upgrade(c *conn) error {
	if err := writeAll(c.fd, upgradeRequest(d.cfg.Addr, d.cfg.Protocol.Path())); err != nil {
		return err
	}
	for {
		n, err := upgradeReply(c.rest)
		if n > 0 || err != nil {
			c.ws, c.rest = true, c.rest[n:]
			return err
		}
		if err := d.more(c); err != nil {
			return err
		}
	}
}

// ask sends b and reads until a message of the kind came. What comes behind it is kept.
func (d *dialer) ask(c *conn, b []byte, kind Kind) error {
	if err := d.send(c, b); err != nil {
		return err
	}
	for found := false; ; {
		n, err := c.scan(d.cfg.Protocol, c.rest, func(m Message) error {
			found = found || m.Kind == kind
			return nil
		})
		if err != nil {
			return err
		}
		c.rest = append(c.rest[:0], c.rest[n:]...)
		if found {
			return nil
		}
		if err := d.more(c); err != nil {
			return err
		}
	}
}

func (d *dialer) send(c *conn, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	return writeAll(c.fd, d.cfg.frame(nil, b))
}

// more reads behind what is left over.
func (d *dialer) more(c *conn) error {
	var buf [dialBuffer]byte
	n, err := unix.Read(c.fd, buf[:])
	switch {
	case err == unix.EINTR:
		return nil
	case err == unix.EAGAIN:
		return errors.New("no answer in time")
	case err != nil:
		return err
	case n == 0:
		return io.EOF
	}
	c.rest = append(c.rest, buf[:n]...)
	return nil
}

func writeAll(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := unix.Write(fd, b)
		if err != nil && err != unix.EINTR {
			return err
		}
		b = b[max(n, 0):]
	}
	return nil
}
