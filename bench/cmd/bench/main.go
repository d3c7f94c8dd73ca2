// Command bench measures nano against the floor and its peers. It builds the servers of this module,
// starts each as a process of its own, drives it from an epoll client, and prints a table.
//
//	go -C bench run ./cmd/bench                     # everything: more than half an hour
//	go -C bench run ./cmd/bench -quick              # everything, briefly: does it work
//	go -C bench run ./cmd/bench -list               # the scenarios and their servers
//	go -C bench run ./cmd/bench -run 'depth=8/size=64/' -server 'floor|nano-loop' -profile /tmp/prof
//	go -C bench run ./cmd/bench -results r.json -md ../docs/performance.md -svg ../docs/performance.svg
//
// With -results a long table can be measured in parts: scenarios that are not measured now are taken
// from the file. It runs on Linux, as root or not, on 127.0.0.1 alone, and raises its own file limit as
// far as it may.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"time"

	"github.com/lonng/nano/bench/internal/load"
	"github.com/lonng/nano/bench/internal/report"
)

type bench struct {
	rounds   int
	duration time.Duration
	threads  int
	profile  string
	bin      string // where the servers' binaries are
	results  string
	md, svg  string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	b := &bench{}
	flag.IntVar(&b.rounds, "rounds", 5, "how often each server runs each scenario")
	flag.DurationVar(&b.duration, "duration", 2*time.Second, "what is measured of a run")
	flag.IntVar(&b.threads, "threads", max(1, runtime.NumCPU()/2), "threads of the client")
	flag.StringVar(&b.profile, "profile", "", "have servers write CPU, allocs, heap and mutex profiles to this `directory`")
	flag.StringVar(&b.results, "results", "", "JSON `file` that keeps the numbers from run to run")
	flag.StringVar(&b.md, "md", "", "write the table to this `file`")
	flag.StringVar(&b.svg, "svg", "", "write the plot to this `file`")
	only := flag.String("run", "", "scenarios whose name this `regexp` matches")
	who := flag.String("server", "", "servers whose name this `regexp` matches")
	full := flag.Bool("full", false, "also every combination of depth, size and connections")
	quick := flag.Bool("quick", false, "one short round with at most 2000 connections")
	list := flag.Bool("list", false, "say what would run, and end")
	flag.Parse()
	if *quick {
		b.rounds, b.duration = 1, 300*time.Millisecond
	}
	plan, err := choose(*only, *who, *full, *quick)
	if err != nil {
		return err
	}
	if *list {
		for _, s := range plan {
			fmt.Printf("%s\n    %s\n    %v\n", s.name, s.title, s.servers)
		}
		return nil
	}
	return b.all(ctx, plan)
}

func choose(only, who string, full, quick bool) ([]scenario, error) {
	name, err := regexp.Compile(only)
	if err != nil {
		return nil, err
	}
	server, err := regexp.Compile(who)
	if err != nil {
		return nil, err
	}
	var plan []scenario
	for _, s := range scenarios() {
		s.servers = slices.DeleteFunc(s.servers, func(n string) bool { return !server.MatchString(n) })
		if !name.MatchString(s.name) || s.extra && !full || len(s.servers) == 0 {
			continue
		}
		if quick {
			s = s.quick()
		}
		plan = append(plan, s)
	}
	if len(plan) == 0 {
		return nil, errors.New("nothing to run")
	}
	return plan, nil
}

// all builds, measures and reports.
func (b *bench) all(ctx context.Context, plan []scenario) error {
	if err := load.RaiseFileLimit(); err != nil {
		return err
	}
	var err error
	if b.bin, err = os.MkdirTemp("", "nano-bench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.bin)
	broken := b.build(ctx, plan)
	set, err := loadResults(b.results)
	if err != nil {
		return err
	}
	set.Facts, set.Budgets, set.Quotes = facts(b.rounds, b.duration), budgets(), quotes()
	started := time.Now()
	for i, s := range plan {
		fmt.Fprintf(os.Stderr, "%s [%d of %d, %v]\n", s.name, i+1, len(plan), time.Since(started).Round(time.Second))
		set.Put(b.scenario(ctx, s, broken))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := saveResults(b.results, set); err != nil {
			return err
		}
	}
	order(set)
	return errors.Join(set.Text(os.Stdout), b.write(set))
}

// build makes the binaries of the servers and returns why some of them cannot be had.
func (b *bench) build(ctx context.Context, plan []scenario) map[string]error {
	broken := map[string]error{}
	for _, s := range plan {
		for _, name := range s.servers {
			program := find(name).program
			if _, done := broken[program]; done {
				continue
			}
			out, err := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(b.bin, program), "./"+program).CombinedOutput()
			if err != nil {
				err = fmt.Errorf("building %s: %w\n%s", program, err, out)
				fmt.Fprintln(os.Stderr, err)
			}
			broken[program] = err
		}
	}
	return broken
}

// scenario runs every server in turn, and that as often as there are rounds.
func (b *bench) scenario(ctx context.Context, s scenario, broken map[string]error) *report.Scenario {
	out := &report.Scenario{Name: s.name, Title: s.title, Idle: s.load.Work == load.Idle}
	for _, name := range s.servers {
		out.Rows = append(out.Rows, &report.Row{Server: name})
	}
	for round := range b.rounds {
		for _, row := range out.Rows {
			if ctx.Err() != nil {
				return out
			}
			sv := find(row.Server)
			run, err := (*report.Run)(nil), broken[sv.program]
			if err == nil {
				run, err = b.measure(ctx, s, sv, round)
			}
			row.Runs = append(row.Runs, run)
			if err != nil {
				row.Error = err.Error()
				fmt.Fprintf(os.Stderr, "  %-20s %v\n", row.Server, err)
				continue
			}
			fmt.Fprintf(os.Stderr, "  %-20s %10.0f/s  %7.2f us  %7.2f KiB/conn  p99 %v\n", row.Server, run.Rate, run.CPU, run.PerConn, run.P99)
		}
	}
	return out
}
