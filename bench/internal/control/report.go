package control

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"
)

// A Report is what a server says of itself.
type Report struct {
	CPU        time.Duration `json:"cpu"`      // user and system time since its start
	Resident   int64         `json:"resident"` // bytes; 0 in the report of CPU
	Peak       int64         `json:"peak"`     // the most that was resident, bytes; 0 in the report of CPU
	Goroutines int           `json:"goroutines"`
}

func report(command string) (r Report, err error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return r, err
	}
	r.CPU = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	r.Goroutines = runtime.NumGoroutine()
	switch command {
	case cmdCPU:
		return r, nil
	case cmdCollect:
		runtime.GC()
		runtime.GC()
		debug.FreeOSMemory()
	}
	if r.Peak, err = kibibytes("/proc/self/status", "VmHWM:"); err != nil {
		return r, err
	}
	r.Resident, err = kibibytes("/proc/self/smaps_rollup", "Rss:") // exact, unlike the counters of statm
	return r, err
}

// kibibytes returns in bytes what a file of /proc says after a key, in kB.
func kibibytes(file, key string) (int64, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	_, after, _ := bytes.Cut(b, []byte("\n"+key))
	var n int64
	if _, err := fmt.Sscanf(string(after), "%d kB", &n); err != nil {
		return 0, fmt.Errorf("control: no %s in %s: %w", key, file, err)
	}
	return n << 10, nil
}
