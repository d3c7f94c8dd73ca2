package main

import "github.com/lonng/nano/bench/internal/report"

// quotes are of nano 0.5, which this module cannot link beside its successor of the same name.
func quotes() []report.Quote {
	const source = "measured by this project before, on another two-core machine"
	quote := func(what, value, floor string) report.Quote {
		return report.Quote{What: what, Server: "nano 0.5", Value: value, Floor: floor, Source: source}
	}
	return []report.Quote{
		quote("1,000 TCP connections, 64 B, 1 in flight", "26 us", "15 us"),
		quote("1,000 TCP connections, 64 B, 8 in flight", "12.6 us", "2.0 us"),
		quote("broadcast in bursts of 10", "9.0 us", "1.1 us"),
		quote("idle TCP connection", "11.8 KB", ""),
		quote("idle WebSocket connection", "20.6 KB", ""),
	}
}
