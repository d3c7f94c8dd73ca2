package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lonng/nano/bench/internal/report"
)

// facts say where and how the numbers came about.
func facts(rounds int, duration time.Duration) []report.Fact {
	return []report.Fact{
		{Name: "Machine", Value: fmt.Sprintf("%s, %d cores, Linux %s", cpuModel(), runtime.NumCPU(), kernel())},
		{Name: "Go", Value: runtime.Version()},
		{Name: "Date", Value: time.Now().UTC().Format("2006-01-02 15:04 UTC")},
		{Name: "Command", Value: "go -C bench run ./cmd/bench" + arguments(os.Args[1:])},
		{Name: "Runs", Value: fmt.Sprintf("%d rounds of %v, the servers of a scenario in turn; medians, and the range of the runs", rounds, duration)},
	}
}

func cpuModel() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range bytes.Lines(b) {
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && string(bytes.TrimSpace(name)) == "model name" {
			return string(bytes.TrimSpace(value))
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}

// arguments writes what a shell reads as these.
func arguments(args []string) string {
	var b strings.Builder
	for _, a := range args {
		if strings.ContainsAny(a, "|$&;()<>*?[]{}'\" \t") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		b.WriteString(" " + a)
	}
	return b.String()
}
