// Package control joins a server under test and the tool that started it: one is told over its
// standard input what to report, the other starts it, asks, and stops it.
//
// A server's main is
//
//	func main() {
//		control.Main(func(ctx context.Context, o control.Options) error { … serve o.Addr until ctx ends … })
//	}
package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"
)

// Options are what every server is told.
type Options struct {
	Addr      string // where to listen, on a loopback address
	Transport string // tcp, ws or tls
}

// Commands, one a line. The answer is a Report, a line of JSON. The end of the input ends the server.
const (
	cmdCPU     = "cpu"
	cmdMemory  = "memory"  // CPU and memory
	cmdCollect = "collect" // the same after two collections and debug.FreeOSMemory
)

const stopTimeout = 5 * time.Second

// Main parses the flags, to which a server may have added its own, and runs serve until the input ends.
// It does not return.
func Main(serve func(context.Context, Options) error) {
	var o Options
	flag.StringVar(&o.Addr, "addr", "127.0.0.1:3250", "`address` to listen on")
	flag.StringVar(&o.Transport, "transport", "tcp", "tcp, ws or tls")
	profile := flag.String("profile", "", "write CPU, allocs, heap and mutex profiles to `prefix`.*.pprof")
	flag.Parse()
	if err := run(serve, o, *profile); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(serve func(context.Context, Options) error, o Options, profile string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	served, told := make(chan error, 1), make(chan error, 1)
	stop, err := startProfile(profile)
	if err != nil {
		return err
	}
	go func() { served <- serve(ctx, o) }()
	go func() { told <- obey(os.Stdin, os.Stdout) }()
	select {
	case err := <-served:
		return errors.Join(err, errors.New("control: the server ended by itself"))
	case err = <-told:
	}
	err = errors.Join(err, stop())
	cancel()
	select {
	case <-served:
	case <-time.After(stopTimeout):
	}
	return err
}

func obey(in *os.File, out *os.File) error {
	lines := bufio.NewScanner(in)
	answers := json.NewEncoder(out)
	for lines.Scan() {
		r, err := report(lines.Text())
		if err != nil {
			return err
		}
		if err := answers.Encode(r); err != nil {
			return err
		}
	}
	return lines.Err()
}

func startProfile(prefix string) (stop func() error, err error) {
	if prefix == "" {
		return func() error { return nil }, nil
	}
	runtime.SetMutexProfileFraction(10)
	if err := os.MkdirAll(filepath.Dir(prefix), 0o755); err != nil {
		return nil, err
	}
	cpu, err := os.Create(prefix + ".cpu.pprof")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		errs := []error{cpu.Close()}
		for _, name := range []string{"allocs", "heap", "mutex"} {
			errs = append(errs, writeProfile(name, prefix+"."+name+".pprof"))
		}
		return errors.Join(errs...)
	}, nil
}

func writeProfile(name, file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup(name).WriteTo(f, 0), f.Close())
}
