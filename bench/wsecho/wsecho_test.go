package main

import (
	"bytes"
	"context"
	"net"
	"testing"

	"github.com/gobwas/ws"

	"github.com/lonng/nano/bench/internal/benchtest"
	"github.com/lonng/nano/bench/internal/control"
	"github.com/lonng/nano/bench/internal/game"
	"github.com/lonng/nano/bench/internal/load"
)

func TestMain(m *testing.M) { benchtest.Main(m) }

func TestLibraries(t *testing.T) {
	for name, serve := range map[string]func(net.Listener) error{"gobwas": serveGobwas, "gws": serveGws, "coder": serveCoder} {
		for size, work := range map[int]load.Work{64: load.Requests, 60_000: load.Requests, 65: load.Notifies} {
			t.Run(name, func(t *testing.T) {
				addr := benchtest.Serve(t, "ws", func(ctx context.Context, o control.Options) error {
					l, err := o.Listen(ctx)
					if err != nil {
						return err
					}
					return serve(l)
				})
				benchtest.Measure(t, load.Config{Addr: addr, WebSocket: true, Protocol: load.Nano{}, Conns: 5,
					Work: work, Depth: 4, Payload: game.Payload(game.Raw, size)})
			})
		}
	}
}

// Frames come back unmasked, wherever the input is cut.
func TestEchoFrames(t *testing.T) {
	var in, want []byte
	for _, size := range []int{0, 5, 300, 70_000} {
		payload := bytes.Repeat([]byte{'p'}, size)
		in = append(in, ws.MustCompileFrame(ws.MaskFrameWith(ws.NewBinaryFrame(bytes.Clone(payload)), [4]byte{1, 2, 3, 4}))...)
		want = append(want, ws.MustCompileFrame(ws.NewBinaryFrame(payload))...)
	}
	for _, step := range []int{1, 3, 1000, len(in)} {
		var pending, out []byte
		for rest := bytes.Clone(in); len(rest) > 0; {
			n := min(step, len(rest))
			pending = append(pending, rest[:n]...)
			rest = rest[n:]
			used := 0
			used, out = echoFrames(pending, out)
			pending = pending[used:]
		}
		if !bytes.Equal(out, want) {
			t.Errorf("%d bytes at a time: %d bytes came back, want %d", step, len(out), len(want))
		}
	}
}
