package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/lonng/nano/bench/internal/game"
	"github.com/lonng/nano/bench/internal/load"
	"github.com/lonng/nano/bench/internal/report"
)

// A scenario is what servers are put through.
type scenario struct {
	name    string
	title   string
	servers []string
	load    load.Config   // Addr, Protocol, Payload and the transport come from the server
	size    int           // bytes of a payload
	least   time.Duration // that a run must be measured to show something
	extra   bool          // runs with -full only
}

func scenarios() []scenario {
	var all []scenario
	all = append(all, requests()...)
	all = append(all, notifies()...)
	all = append(all, broadcasts()...)
	all = append(all, tickGame())
	all = append(all, stalled()...)
	return append(all, idle()...)
}

func requestName(depth, size, conns int) string {
	return fmt.Sprintf("request/depth=%d/size=%d/conns=%d", depth, size, conns)
}

// requests are every depth at the usual size and count, and every size and every count at depths 1 and
// 8. The rest of the product is extra.
func requests() []scenario {
	every := []string{"floor", "nano-loop", "nano-concurrent", "nano-method", "nano-method-json", "nano-func-json",
		"nano-func-protobuf", "nano-ws", "ws-gobwas", "ws-gws", "ws-coder", "centrifuge"}
	some := []string{"floor", "nano-loop", "nano-concurrent", "nano-ws"}
	var all []scenario
	for _, conns := range []int{1000, 1, 100, 10_000} {
		for _, size := range []int{64, 1 << 10, 16 << 10} {
			for _, depth := range []int{1, 8, 32} {
				s := scenario{
					name:    requestName(depth, size, conns),
					title:   fmt.Sprintf("%s, %d B, %d in flight on each; a message is an answer", counted(conns, "connection"), size, depth),
					servers: some,
					load:    load.Config{Work: load.Requests, Conns: conns, Depth: depth},
					size:    size,
					extra:   size != 64 && conns != 1000 || depth == 32 && (size != 64 || conns != 1000),
				}
				if size == 64 && conns == 1000 {
					s.servers = every
				}
				all = append(all, s)
			}
		}
	}
	return all
}

func notifies() []scenario {
	var all []scenario
	for _, depth := range []int{1, 8} {
		all = append(all, scenario{
			name:    fmt.Sprintf("notify/depth=%d", depth),
			title:   fmt.Sprintf("1000 connections, 64 B, a notify in and a push out, %d in flight on each; a message is a push", depth),
			servers: []string{"floor", "nano-loop", "nano-concurrent", "nano-ws"},
			load:    load.Config{Work: load.Notifies, Conns: 1000, Depth: depth},
			size:    64,
		})
	}
	return all
}

func broadcastName(members, burst int) string {
	return fmt.Sprintf("broadcast/members=%d/burst=%d", members, burst)
}

func broadcasts() []scenario {
	var all []scenario
	for _, members := range []int{1000, 100, 10_000} {
		for _, burst := range []int{1, 10, 40} {
			all = append(all, scenario{
				name:    broadcastName(members, burst),
				title:   fmt.Sprintf("a group of %d, 64 B, %s at a time; a message is a delivery", members, counted(burst, "push")),
				servers: []string{"floor", "nano-loop", "nano-ws", "centrifuge"},
				load:    load.Config{Work: load.Broadcast, Conns: members, Burst: burst},
				size:    64,
			})
		}
	}
	return all
}

func tickGame() scenario {
	const rooms = 100
	return scenario{
		name: "tick",
		title: fmt.Sprintf("%d rooms of %d, %d inputs of %d B a second from each player, %d states of %d B a second to each; "+
			"a message is a state delivered, with the input that goes with it", rooms, game.RoomSize, game.Rate, game.InputSize, game.Rate, game.StateSize),
		servers: []string{"floor", "nano-loop", "nano-ws"},
		load:    load.Config{Work: load.TickGame, Conns: rooms * game.RoomSize},
		size:    game.InputSize,
	}
}

const (
	stalledNone = "stalled/none"
	stalledSome = "stalled/1%"
)

func stalled() []scenario {
	// The kernel holds some megabytes of what a stalled reader does not take; then the server has to.
	const members, size, burst, least = 1000, 4 << 10, 10, 8 * time.Second
	of := func(name string, n int) scenario {
		return scenario{
			name:    name,
			title:   fmt.Sprintf("a group of %d of which %d do not read, %d B, %d pushes at a time; %v at least; a message is a delivery to one that reads", members, n, size, burst, least),
			servers: []string{"nano-loop", "nano-ws"},
			load:    load.Config{Work: load.Broadcast, Conns: members, Burst: burst, Stalled: n},
			size:    size,
			least:   least,
		}
	}
	return []scenario{of(stalledNone, 0), of(stalledSome, members/100)}
}

const (
	idlePlain = "idle/conns=10000"
	idleTLS   = "idle/tls/conns=2000"
)

func idle() []scenario {
	const title = "%d connections, handshake done, nothing sent; resident memory above the empty server after two collections"
	return []scenario{{
		name:    idlePlain,
		title:   fmt.Sprintf(title, 10_000),
		servers: []string{"floor", "nano-loop", "nano-ws", "ws-gobwas", "ws-gws", "ws-coder", "centrifuge"},
		load:    load.Config{Conns: 10_000},
	}, {
		name:    idleTLS,
		title:   fmt.Sprintf(title, 2000),
		servers: []string{"floor-tls", "nano-tls"},
		load:    load.Config{Conns: 2000},
	}}
}

// budgets are what the design asks for.
func budgets() []report.Budget {
	one, eight := requestName(1, 64, 1000), requestName(8, 64, 1000)
	burst := broadcastName(1000, 10)
	over := func(what, in, of, to string, limit float64) report.Budget {
		return report.Budget{What: what, In: in, Of: of, To: in, ToServer: to, Metric: report.CPU, Limit: limit, Unit: "x"}
	}
	memory := func(what, of string, limit float64) report.Budget {
		return report.Budget{What: what, In: idlePlain, Of: of, Metric: report.PerConn, Limit: limit, Unit: "KiB"}
	}
	return []report.Budget{
		over("1 in flight, logic loop / floor", one, "nano-loop", "floor", 1.2),
		over("1 in flight, concurrent / floor", one, "nano-concurrent", "floor", 1.1),
		over("8 in flight, logic loop / floor", eight, "nano-loop", "floor", 1.5),
		over("8 in flight, concurrent / floor", eight, "nano-concurrent", "floor", 1.5),
		over("1 in flight, WebSocket / TCP", one, "nano-ws", "nano-loop", 1.2),
		over("8 in flight, WebSocket / TCP", eight, "nano-ws", "nano-loop", 1.2),
		over("broadcast to 1,000 in bursts of 10 / floor", burst, "nano-loop", "floor", 1.3),
		memory("idle TCP connection", "nano-loop", 6.5),
		memory("idle WebSocket connection", "nano-ws", 8.5),
		{What: "p99 with 1% stalled readers / without", In: stalledSome, Of: "nano-loop",
			To: stalledNone, ToServer: "nano-loop", Metric: report.P99, Limit: 1.5, Unit: "x"},
	}
}

// quick makes a scenario small enough to see in a moment that it works.
func (s scenario) quick() scenario {
	const most = 2000
	s.least = 0
	if s.load.Conns > most {
		s.load.Conns = most
		s.title += fmt.Sprintf(" (here with %d connections)", most)
	}
	return s
}

func find(name string) server {
	all := servers()
	return all[slices.IndexFunc(all, func(s server) bool { return s.name == name })]
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if thing == "push" {
		thing += "e"
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
