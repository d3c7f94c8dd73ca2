package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lonng/nano/bench/internal/control"
	"github.com/lonng/nano/bench/internal/game"
	"github.com/lonng/nano/bench/internal/load"
	"github.com/lonng/nano/bench/internal/report"
)

const (
	grace  = time.Minute // that one run may take beyond what is measured
	settle = time.Second // until connections that were just opened count as idle
)

// measure starts a server, drives it through a scenario, and stops it.
func (b *bench) measure(ctx context.Context, sc scenario, sv server, round int) (run *report.Run, err error) {
	duration := max(b.duration, sc.least)
	ctx, cancel := context.WithTimeout(ctx, duration+grace)
	defer cancel()
	args := append([]string{"-transport", sv.transport}, sv.args...)
	if b.profile != "" {
		name := strings.NewReplacer("/", "_", "=", "").Replace(sc.name)
		args = append(args, "-profile", filepath.Join(b.profile, fmt.Sprintf("%s.%s.%d", sv.name, name, round)))
	}
	p, err := control.Start(ctx, filepath.Join(b.bin, sv.program), args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()

	cfg := sc.load
	cfg.Addr, cfg.Protocol, cfg.Threads, cfg.Size = p.Addr, sv.protocol, b.threads, sc.size
	cfg.WebSocket, cfg.TLS = sv.transport == "ws", sv.transport == "tls"
	cfg.Payload = game.Payload(sv.format, sc.size)
	if cfg.Work == load.Idle {
		return idleRun(ctx, p, cfg)
	}
	return busyRun(ctx, p, cfg, duration)
}

func idleRun(ctx context.Context, p *control.Process, cfg load.Config) (*report.Run, error) {
	empty, err := p.Collect()
	if err != nil {
		return nil, err
	}
	c, err := load.Dial(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	time.Sleep(settle)
	full, err := p.Collect()
	return &report.Run{
		PerConn: float64(full.Resident-empty.Resident) / float64(cfg.Conns) / (1 << 10),
		Peak:    mebibytes(full.Peak),
	}, err
}

func busyRun(ctx context.Context, p *control.Process, cfg load.Config, duration time.Duration) (*report.Run, error) {
	c, err := load.Dial(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var server, mine time.Duration // CPU time: minus what it was at first, plus what it is at the end
	sign := time.Duration(-1)
	result, err := c.Measure(ctx, warmup(duration), duration, func() error {
		used, err := p.CPU()
		server += sign * used
		mine += sign * ownCPU()
		sign = 1
		return err
	})
	if err != nil {
		return nil, err
	}
	memory, err := p.Memory()
	if err != nil {
		return nil, err
	}
	n := float64(result.Messages)
	return &report.Run{
		Rate:   n / result.Elapsed.Seconds(),
		P50:    result.Latency.Quantile(0.50),
		P99:    result.Latency.Quantile(0.99),
		P999:   result.Latency.Quantile(0.999),
		CPU:    micros(server) / n,
		Client: micros(mine) / n,
		Batch:  result.Batch,
		Peak:   mebibytes(memory.Peak),
	}, nil
}

func warmup(d time.Duration) time.Duration { return min(max(d/4, 200*time.Millisecond), time.Second) }

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }

func ownCPU() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
