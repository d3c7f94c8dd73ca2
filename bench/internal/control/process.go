package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"sync"
	"time"
)

const (
	startTimeout = 10 * time.Second
	startRetry   = 10 * time.Millisecond
	logKept      = 4 << 10
)

// A Process is a server that was started. Its methods belong to one goroutine.
type Process struct {
	Addr    string
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *json.Decoder
	log     tail
	ended   chan error // what Wait returned, once
}

// Start runs a server's binary on a free port of 127.0.0.1 and returns when it accepts connections. The
// process is killed when ctx ends.
func Start(ctx context.Context, binary string, args ...string) (*Process, error) {
	addr, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	p := &Process{Addr: addr, ended: make(chan error, 1)}
	p.cmd = exec.CommandContext(ctx, binary, append([]string{"-addr", addr}, args...)...)
	p.cmd.Stderr = &p.log
	p.cmd.WaitDelay = time.Second
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.answers = json.NewDecoder(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.ended <- p.cmd.Wait() }()
	if err := p.accepts(ctx); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

// CPU asks how much CPU time the server has used. It costs the server next to nothing.
func (p *Process) CPU() (time.Duration, error) {
	r, err := p.ask(cmdCPU)
	return r.CPU, err
}

// Memory asks what the server uses.
func (p *Process) Memory() (Report, error) { return p.ask(cmdMemory) }

// Collect has the server give its free memory back and asks what it uses then.
func (p *Process) Collect() (Report, error) { return p.ask(cmdCollect) }

// Stop ends the server and returns its error, with the end of its log.
func (p *Process) Stop() error {
	_ = p.in.Close()
	err := <-p.ended
	p.ended <- err
	if err != nil {
		return fmt.Errorf("control: %s: %w: %s", p.cmd.Path, err, &p.log)
	}
	return nil
}

func (p *Process) ask(command string) (r Report, err error) {
	if _, err = io.WriteString(p.in, command+"\n"); err == nil {
		err = p.answers.Decode(&r)
	}
	if err != nil {
		err = fmt.Errorf("control: %s: %w: %s", command, err, &p.log)
	}
	return r, err
}

func (p *Process) accepts(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		c, err := net.Dial("tcp", p.Addr)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case err := <-p.ended:
			p.ended <- err
			return errors.New("control: the server ended before it accepted")
		case <-time.After(startRetry):
		}
	}
}

// FreeAddr returns an address of 127.0.0.1 that nobody listens on at the moment.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// A tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	t.b = t.b[max(0, len(t.b)-logKept):]
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
