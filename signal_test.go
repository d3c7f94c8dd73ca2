//go:build unix

package nano_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startChild starts the program and returns its output.
func startChild(t *testing.T, how string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+how)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// await reads lines until one contains text, and returns all of them.
func await(t *testing.T, out *bufio.Scanner, text string) (lines []string) {
	t.Helper()
	for out.Scan() {
		lines = append(lines, out.Text())
		if strings.Contains(out.Text(), text) {
			return lines
		}
	}
	t.Fatalf("%q was not printed, but\n%s", text, strings.Join(lines, "\n"))
	return nil
}

func TestSignalsEndListen(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(signal.String(), func(t *testing.T) {
			cmd, out := startChild(t, "well")
			addr := listenAddress.FindStringSubmatch(strings.Join(await(t, out, "nano: listening"), "\n"))[1]
			conn := (&listening{t: t, addr: addr}).dial()
			go func() {
				_, _ = io.Copy(io.Discard, conn)
				conn.Close()
			}()
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			said := strings.Join(await(t, out, "Listen returned"), "\n")
			if !strings.Contains(said, "before shutdown\nshutdown\nListen returned nothing") {
				t.Errorf("the program said\n%s", said)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("the program ended with %v", err)
			}
		})
	}
}

// A second signal ends a program whose shutdown hangs.
func TestSecondSignal(t *testing.T) {
	cmd, out := startChild(t, "stuck")
	await(t, out, "nano: listening")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	await(t, out, "stuck")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	for tick := time.Tick(10 * time.Millisecond); ; { // the first of these may come before the program is ready for it
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-tick:
			continue
		case <-ended:
		}
		break
	}
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("the program ended with %v", cmd.ProcessState)
	}
}
