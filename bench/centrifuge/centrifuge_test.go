package main

import (
	"testing"

	"github.com/lonng/nano/bench/internal/benchtest"
	"github.com/lonng/nano/bench/internal/game"
	"github.com/lonng/nano/bench/internal/load"
)

func TestWorks(t *testing.T) {
	for name, cfg := range map[string]load.Config{
		"requests":  {Work: load.Requests, Conns: 10, Depth: 4, Payload: game.Payload(game.Raw, 64)},
		"broadcast": {Work: load.Broadcast, Conns: 10, Burst: 5, Size: 64},
		"idle":      {Conns: 10},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Addr, cfg.Protocol, cfg.WebSocket = benchtest.Serve(t, "ws", serve), load.Centrifuge{}, true
			benchtest.Measure(t, cfg)
		})
	}
}
