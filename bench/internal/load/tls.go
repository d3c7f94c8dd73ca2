package load

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// dialTLS opens connections over TLS that do nothing after the handshakes, which needs no epoll.
func dialTLS(ctx context.Context, cfg *Config) ([]net.Conn, error) {
	if cfg.Work != Idle || cfg.WebSocket {
		return nil, errors.New("load: over TLS connections can only be idle, without WebSocket")
	}
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	conns := make([]net.Conn, cfg.Conns)
	return conns, each(ctx, cfg.Conns, func(i int) (err error) {
		if conns[i], err = dialer.DialContext(ctx, "tcp", cfg.Addr); err != nil {
			return err
		}
		return handshakeTLS(conns[i], cfg.Protocol)
	})
}

func handshakeTLS(c net.Conn, p Protocol) error {
	if err := c.SetDeadline(time.Now().Add(dialTimeout * time.Second)); err != nil {
		return err
	}
	if _, err := c.Write(p.Hello()); err != nil {
		return err
	}
	b := make([]byte, dialBuffer)
	for n := 0; ; {
		m, err := c.Read(b[n:])
		if err != nil {
			return err
		}
		n += m
		switch m, used, err := p.Next(b[:n]); {
		case err != nil:
			return err
		case used > 0 && m.Kind == Welcome:
			_, err := c.Write(p.Ack())
			return err
		}
	}
}
