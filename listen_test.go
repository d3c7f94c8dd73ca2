package nano_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/session"
)

// Life is a component whose functions a test sets.
type Life struct {
	init, afterInit, beforeShutdown, shutdown func()
	call                                      func(*session.Session) error
}

func run(fn func()) {
	if fn != nil {
		fn()
	}
}

func (l *Life) Init()           { run(l.init) }
func (l *Life) AfterInit()      { run(l.afterInit) }
func (l *Life) BeforeShutdown() { run(l.beforeShutdown) }
func (l *Life) Shutdown()       { run(l.shutdown) }

func (l *Life) Call(s *session.Session, _ []byte) error {
	if l.call != nil {
		return l.call(s)
	}
	return s.Response("called")
}

// comps returns the option that serves components.
func comps(cs ...component.Component) nano.Option {
	var all component.Components
	for _, c := range cs {
		all.Register(c)
	}
	return nano.WithComponents(&all)
}

func TestListenShutdownListenAgain(t *testing.T) {
	var starts, ends int
	life := &Life{init: func() { starts++ }, shutdown: func() { ends++ }}
	for run := 1; run <= 3; run++ {
		l := listen(t, comps(life))
		c := l.client()
		if got := request(t, c, "Life.Call", ""); got != `"called"` {
			t.Errorf("run %d: %s", run, got)
		}
		if err := l.end(); err != nil {
			t.Errorf("run %d: Listen returned %v", run, err)
		}
		if kick, err := c.Kicked(); err != nil || kick == nil || kick.Code != "shutdown" {
			t.Errorf("run %d: the client was told %v, %v", run, kick, err)
		}
		if starts != run || ends != run {
			t.Errorf("run %d: Init %d times, Shutdown %d times", run, starts, ends)
		}
		if _, err := net.Dial("tcp", l.addr); err == nil {
			t.Errorf("run %d: the address is still listened on", run)
		}
	}
}

// Hooks and timers from before a run stay, those that were made in it end with it.
func TestListenEndsWhatTheRunMade(t *testing.T) {
	ticks := map[string]*atomic.Int64{"before": {}, "AfterInit": {}, "handler": {}}
	closed := map[string]*atomic.Int64{"before": {}, "AfterInit": {}, "handler": {}}
	fired := make(chan string, 1000)
	add := func(name string) {
		timer := scheduler.NewTimer(time.Millisecond, func() {
			if ticks[name].Add(1) == 1 {
				fired <- name
			}
		})
		t.Cleanup(timer.Stop)
		session.Lifetime.OnClosed(func(*session.Session) { closed[name].Add(1) })
	}
	add("before")
	life := &Life{afterInit: func() { add("AfterInit") }, call: func(s *session.Session) error {
		add("handler")
		return s.Response("called")
	}}

	l := listen(t, comps(life))
	request(t, l.client(), "Life.Call", "")
	for range 3 {
		<-fired
	}
	if err := l.end(); err != nil {
		t.Fatal(err)
	}
	for name, n := range closed {
		if n.Swap(0) != 1 {
			t.Errorf("the session-closed hook %s did not run once", name)
		}
	}
	for _, n := range ticks {
		n.Store(0)
	}

	l = listen(t, comps(&Life{}))
	request(t, l.client(), "Life.Call", "")
	if name := <-fired; name != "before" {
		t.Errorf("the timer %s fired in the next run", name)
	}
	done := make(chan struct{})
	scheduler.NewCountTimer(5*time.Millisecond, 3, func() { // time for the others to fire, if they were there
		if ticks["before"].Load() > 5 {
			select {
			case <-done:
			default:
				close(done)
			}
		}
	})
	<-done
	if err := l.end(); err != nil {
		t.Fatal(err)
	}
	if ticks["AfterInit"].Load() != 0 || ticks["handler"].Load() != 0 {
		t.Errorf("ticks in the next run: AfterInit %d, handler %d", ticks["AfterInit"].Load(), ticks["handler"].Load())
	}
	if closed["before"].Load() != 1 || closed["AfterInit"].Load() != 0 || closed["handler"].Load() != 0 {
		t.Errorf("hooks in the next run: before %d, AfterInit %d, handler %d", closed["before"].Load(), closed["AfterInit"].Load(), closed["handler"].Load())
	}
}

// Tasks are refused after the end of a run, until the next.
func TestTasksAfterTheEnd(t *testing.T) {
	l := listen(t, comps(&Life{}))
	ran := make(chan struct{})
	nano.Invoke(func() { close(ran) })
	<-ran
	if err := l.end(); err != nil {
		t.Fatal(err)
	}
	if err := scheduler.Default().Do(func() { t.Error("a task from between runs ran") }); !errors.Is(err, scheduler.ErrStopped) {
		t.Errorf("Do after the end: %v", err)
	}
	nano.Invoke(func() { t.Error("an Invoke from between runs ran") })
	l.log.wants(t, "task refused", "loop is stopped")
	listen(t, comps(&Life{}))
}

func TestShutdownWhenNothingRuns(t *testing.T) {
	nano.Shutdown()
	nano.Shutdown()
	l := listen(t, comps(&Life{}))
	request(t, l.client(), "Life.Call", "")
	nano.Shutdown()
	nano.Shutdown()
	if err := l.wait(); err != nil {
		t.Errorf("Listen returned %v", err)
	}
	nano.Shutdown()
}

func TestShutdownInAHandler(t *testing.T) {
	l := listen(t, comps(&Life{call: func(s *session.Session) error {
		nano.Shutdown()
		return s.Response("bye")
	}}))
	c := l.client()
	if got := request(t, c, "Life.Call", ""); got != `"bye"` {
		t.Errorf("answer %s", got)
	}
	if err := l.wait(); err != nil {
		t.Errorf("Listen returned %v", err)
	}
}

func TestBindFailure(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	log := newLogBook()
	err = nano.Listen(taken.Addr().String(), comps(&Life{}), log.option())
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Errorf("Listen: %v", err)
	}
	log.wants(t, "level=ERROR", "Listen failed", taken.Addr().String(), "address already in use")
	request(t, listen(t, comps(&Life{})).client(), "Life.Call", "") // it may run after a failure
}

// What is wrong with options or components is logged and returned too, all of it.
func TestListenReturnsWhatIsWrong(t *testing.T) {
	log := newLogBook()
	err := nano.Listen("127.0.0.1:0", comps(&component.Base{}), nano.WithTimerPrecision(1), nano.WithDictionary(map[string]uint16{"route": 0}), log.option())
	for _, text := range []string{"no handler", "WithTimerPrecision", "WithDictionary"} {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in the error: %v", text, err)
		}
	}
	log.wants(t, "Listen failed", "no handler")
}

// A second Listen beside the first is an error that leaves the first alone.
func TestSecondListen(t *testing.T) {
	first := listen(t, comps(&Life{}))
	log := newLogBook()
	err := nano.Listen("127.0.0.1:0", comps(&Life{}), log.option(), nano.WithTimerPrecision(time.Hour))
	if err == nil || !strings.Contains(err.Error(), "running") || !strings.Contains(err.Error(), "New") {
		t.Errorf("a second Listen: %v", err)
	}
	log.wants(t, "Listen failed")
	request(t, first.client(), "Life.Call", "")
	nano.Invoke(func() { panic("for the log of the first") })
	first.log.await(t, "for the log of the first", 1)
}

// The precision of one run does not go on in the next, nor do other options.
func TestOptionsEndWithTheRun(t *testing.T) {
	first := listen(t, comps(&Life{}), nano.WithTimerPrecision(time.Hour), nano.WithSilentErrors())
	if err := first.end(); err != nil {
		t.Fatal(err)
	}
	second := listen(t, comps(&Life{}))
	checked := make(chan struct{})
	scheduler.NewCondTimer(condition(func() bool {
		close(checked)
		return false
	}), func() {})
	select {
	case <-checked: // after a second, the default
	case <-time.After(20 * time.Second):
		t.Error("the condition is not checked")
	}
	if answer, err := second.client().Request("nowhere", ""); err != nil || !answer.Failed {
		t.Errorf("an unknown route: %v, %v", answer, err)
	}
}

// A run that was cut short because a handler hangs keeps the loop: the next one says so, until the handler has returned.
func TestListenAfterARunThatHangs(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	l := listen(t, nano.WithShutdownTimeout(10*time.Millisecond), comps(&Life{call: func(*session.Session) error {
		close(entered)
		<-release
		return nil
	}}))
	c := l.client()
	c.Notify("Life.Call", "")
	<-entered
	if err := l.end(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Listen returned %v", err)
	}
	if err := nano.Listen("127.0.0.1:0", comps(&Life{})); !errors.Is(err, scheduler.ErrRunning) || !strings.Contains(err.Error(), "cut short") {
		t.Errorf("the next Listen: %v", err)
	}
	close(release)
	c.Close()
	ended := errors.New("the loop has ended")
	for scheduler.Default().RunWith(t.Context(), func() error { return ended }) != ended {
		<-time.After(time.Millisecond)
	}
}

type condition func() bool

func (c condition) Check(time.Time) bool { return c() }

// Many callers of Listen and Shutdown at once do no harm.
func TestListenAndShutdownTogether(t *testing.T) {
	ended := make(chan error)
	const n = 8
	for range n {
		go func() { ended <- nano.Listen("127.0.0.1:0", comps(&Life{}), newLogBook().option()) }()
	}
	left := n
	for left > 0 {
		nano.Shutdown()
		select {
		case err := <-ended:
			left--
			if err != nil && !strings.Contains(err.Error(), "running already") {
				t.Error(err)
			}
		case <-time.After(time.Millisecond):
		}
	}
}
