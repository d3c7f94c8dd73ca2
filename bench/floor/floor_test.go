package main

import (
	"bytes"
	"testing"

	"github.com/lonng/nano/bench/internal/benchtest"
	"github.com/lonng/nano/bench/internal/game"
	"github.com/lonng/nano/bench/internal/load"
)

func TestMain(m *testing.M) { benchtest.Main(m) }

func TestWorks(t *testing.T) {
	for name, cfg := range map[string]load.Config{
		"requests":  {Work: load.Requests, Conns: 10, Depth: 4, Payload: game.Payload(game.Raw, 64)},
		"large":     {Work: load.Requests, Conns: 3, Depth: 8, Payload: game.Payload(game.Raw, 60_000)},
		"threads":   {Work: load.Requests, Conns: 10, Threads: 3, Depth: 1, Payload: game.Payload(game.Raw, 64)},
		"notifies":  {Work: load.Notifies, Conns: 10, Depth: 4, Payload: game.Payload(game.Raw, 64)},
		"broadcast": {Work: load.Broadcast, Conns: 10, Threads: 2, Burst: 5, Size: 64},
		"tick":      {Work: load.TickGame, Conns: 2 * game.RoomSize, Payload: game.Payload(game.Raw, game.InputSize)},
		"idle":      {Conns: 10},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Addr, cfg.Protocol = benchtest.Serve(t, "tcp", serve), load.Nano{}
			benchtest.Measure(t, cfg)
		})
	}
}

func TestTLS(t *testing.T) {
	addr := benchtest.Serve(t, "tls", serve)
	benchtest.Measure(t, load.Config{Addr: addr, TLS: true, Conns: 5, Protocol: load.Nano{}})
}

// A peer answers the same wherever its input is cut.
func TestTakeCuts(t *testing.T) {
	in := load.Nano{}.Hello()
	in = append(in, load.Nano{}.Ack()...)
	in = load.Nano{}.AppendRequest(in, 300, game.Echo, []byte("payload"))
	in = load.Nano{}.AppendNotify(in, game.Notify, []byte("note"))
	want := appendPacket(nil, handshake, nil, []byte(reply))
	want = appendPacket(want, data, []byte{2 << 1, 0xac, 0x02}, []byte("payload"))
	want = appendPush(want, []byte("note"))
	for step := 1; step <= len(in); step++ {
		p := &peer{rooms: newRooms()}
		var pending []byte
		for rest := in; len(rest) > 0; {
			n := min(step, len(rest))
			pending = append(pending, rest[:n]...)
			rest = rest[n:]
			pending = pending[p.take(pending):]
		}
		if !bytes.Equal(p.out, want) || len(pending) > 0 {
			t.Fatalf("%d bytes at a time: %q, %d left", step, p.out, len(pending))
		}
	}
}
