package main

import (
	"strings"
	"testing"
	"time"

	"github.com/lonng/nano/bench/internal/benchtest"
	"github.com/lonng/nano/bench/internal/game"
	"github.com/lonng/nano/bench/internal/load"
)

func TestMain(m *testing.M) { benchtest.Main(m) }

func TestEcho(t *testing.T) {
	for _, executor := range []string{"loop", "concurrent"} {
		for _, s := range []settings{
			{executor, "func", game.Raw},
			{executor, "method", game.Raw},
			{executor, "method", game.JSON},
			{executor, "method", game.Protobuf},
			{executor, "func", game.JSON},
			{executor, "func", game.Protobuf},
		} {
			for _, transport := range []string{"tcp", "ws"} {
				t.Run(strings.Join([]string{executor, s.handler, string(s.format), transport}, "-"), func(t *testing.T) {
					addr := benchtest.Serve(t, transport, s.serve)
					benchtest.Measure(t, load.Config{Addr: addr, WebSocket: transport == "ws", Protocol: load.Nano{},
						Conns: 5, Work: load.Requests, Depth: 4, Payload: game.Payload(s.format, 64)})
				})
			}
		}
	}
}

// A typed handler does decode: what it cannot read is an error.
func TestDecodes(t *testing.T) {
	s := settings{"loop", "func", game.JSON}
	c, err := load.Dial(t.Context(), load.Config{Addr: benchtest.Serve(t, "tcp", s.serve), Protocol: load.Nano{},
		Conns: 1, Work: load.Requests, Payload: []byte("not JSON")})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Measure(t.Context(), 0, 50*time.Millisecond, func() error { return nil })
	if err == nil || !strings.Contains(err.Error(), "bad-request") {
		t.Errorf("got %v, want the server's error", err)
	}
}

func TestWorks(t *testing.T) {
	for name, cfg := range map[string]load.Config{
		"notifies":  {Work: load.Notifies, Conns: 10, Depth: 4, Payload: game.Payload(game.Raw, 64)},
		"broadcast": {Work: load.Broadcast, Conns: 10, Burst: 5, Size: 64},
		"stalled":   {Work: load.Broadcast, Conns: 10, Burst: 5, Size: 64, Stalled: 2},
		"tick":      {Work: load.TickGame, Conns: 2 * game.RoomSize, Payload: game.Payload(game.Raw, game.InputSize)},
		"idle":      {Conns: 10},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings{"loop", "func", game.Raw}
			cfg.Addr, cfg.Protocol = benchtest.Serve(t, "tcp", s.serve), load.Nano{}
			benchtest.Measure(t, cfg)
		})
	}
}

func TestTLS(t *testing.T) {
	s := settings{"loop", "func", game.Raw}
	addr := benchtest.Serve(t, "tls", s.serve)
	benchtest.Measure(t, load.Config{Addr: addr, TLS: true, Conns: 5, Protocol: load.Nano{}})
}

func TestSettings(t *testing.T) {
	s := settings{"loop", "closure", game.JSON}
	if _, err := s.component(&bench{}); err == nil {
		t.Error("handlers that are closures: no error")
	}
}
