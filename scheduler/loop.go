package scheduler

import (
	"errors"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultCondInterval is how often conditions are checked when
// [Config].CondInterval does not say.
const DefaultCondInterval = time.Second

// What a [Loop] answers to a call that it cannot serve.
var (
	// ErrStopped refuses a task: the loop's Run has ended, or is ending.
	ErrStopped = errors.New("scheduler: loop is stopped")
	// ErrRunning refuses a second Run beside the first.
	ErrRunning = errors.New("scheduler: loop is running already")
	// ErrOnLoop refuses to wait for a loop on that loop's own goroutine.
	ErrOnLoop = errors.New("scheduler: call would wait for its own loop")
	// ErrNilTask refuses a task that is nil.
	ErrNilTask = errors.New("scheduler: nil task")
)

// Task is a piece of work for a loop.
type Task func()

// LocalScheduler is anything that runs tasks. A [Loop] is one.
type LocalScheduler interface {
	// Schedule hands over a task. It does not wait for the task to run.
	Schedule(Task)
}

// Config says how a [Loop] is made. The zero Config works.
type Config struct {
	// Name is the loop's name in log entries. Empty: none is shown.
	Name string
	// Log gets panics, refused tasks and timers with bad arguments.
	// nil: what slog.Default returns at that time.
	Log *slog.Logger
	// CondInterval is how often the conditions of NewCondTimer are checked.
	// 0 and below: DefaultCondInterval; below 1 ms: 1 ms.
	CondInterval time.Duration
}

type state uint8

const (
	fresh    state = iota // before the first Run
	running               // in a Run
	draining              // in a Run whose context has ended
	stopped               // after a Run
)

// Loop runs tasks and timers on one goroutine, that of its Run.
//
// All methods are safe for concurrent use, on the loop and off it. The zero
// Loop is not usable: NewLoop makes one.
type Loop struct {
	// guarded by mu
	mu         sync.Mutex
	state      state
	asleep     bool          // the loop waits, or is about to; whoever clears it sends to wake
	wake       chan struct{} // one slot; made by Run, so that it belongs to Run's bubble
	inbox      []Task
	inboxSince int64 // when inbox stopped being empty
	batchSince int64 // inboxSince of batch
	timers     timerHeap
	lastTimer  int64 // id
	config     Config

	_ [64]byte // the loop writes what follows for each task; posters do not share the line

	// static
	base time.Time // the clock counts from here; below 0 in a bubble that began later

	// written by the loop, except next, which is written under mu
	left  atomic.Int64  // tasks of batch that have not started
	next  atomic.Int64  // deadline of the first timer; never: none
	owner atomic.Uint64 // the loop's goroutine; 0: no Run

	// owned by the loop's goroutine
	batch []Task
	at    int   // next of batch
	rest  int64 // until then tasks go before timers
	alarm *time.Timer
	armed int64 // deadline that alarm is set for; never: not set
}

const never = math.MaxInt64

// NewLoop returns a loop that runs nothing until its Run is called.
func NewLoop(c Config) *Loop {
	l := &Loop{base: time.Now()}
	l.next.Store(never)
	l.Configure(c)
	return l
}

// Configure changes what c sets and leaves as it is what c leaves zero. It is
// meant for [Default], which exists before a program can say how it wants it.
// Conditions that wait for their next check keep its time.
func (l *Loop) Configure(c Config) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.Name != "" {
		l.config.Name = c.Name
	}
	if c.Log != nil {
		l.config.Log = c.Log
	}
	if c.CondInterval > 0 {
		l.config.CondInterval = max(c.CondInterval, minInterval)
	}
}

// now is the time since the loop was made, in nanoseconds.
func (l *Loop) now() int64 { return int64(time.Since(l.base)) }

// OnLoop reports whether it is called on the loop's own goroutine. It costs a
// microsecond or a few: the runtime shows a goroutine's id in stack traces only.
func (l *Loop) OnLoop() bool {
	owner := l.owner.Load()
	return owner != 0 && owner == goroutineID()
}
