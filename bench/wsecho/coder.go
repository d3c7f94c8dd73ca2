package main

import (
	"context"
	"io"
	"net"
	"net/http"

	"github.com/coder/websocket"
)

func serveCoder(l net.Listener) error {
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(limit)
		for buf := []byte(nil); ; {
			if buf, err = echo(r.Context(), c, buf); err != nil {
				return
			}
		}
	}))
}

// echo reads a message into buf, sends it back, and returns buf, which may have grown.
func echo(ctx context.Context, c *websocket.Conn, buf []byte) ([]byte, error) {
	kind, from, err := c.Reader(ctx)
	if err != nil {
		return buf, err
	}
	n := 0
	for {
		if n == len(buf) {
			buf = append(buf, make([]byte, max(512, len(buf)))...)
		}
		m, err := from.Read(buf[n:])
		n += m
		if err == io.EOF {
			return buf, c.Write(ctx, kind, buf[:n])
		}
		if err != nil {
			return buf, err
		}
	}
}
