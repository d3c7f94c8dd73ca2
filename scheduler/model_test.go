package scheduler

import (
	"cmp"
	"slices"
	"time"
)

// model says, without goroutines, locks or a heap, when timers and tasks have
// to run. Time is a number that moves when somebody moves it.
type model struct {
	log     []entry
	timers  []*modelTimer
	inbox   []work
	batch   []work
	ran     bool // there was a Run
	active  bool // in a Run
	closing bool // its context has ended

	now    time.Duration // where the loop is
	rest   time.Duration
	phase  phase
	start  time.Duration // of the round of timers
	resume phase         // after it
	nextID int64
}

type phase int

const (
	waiting phase = iota
	inBatch
	afterTask
	inRound
)

type entry struct {
	at time.Duration
	id int64 // of a timer; 0: a task
}

// work is what a task or a timer does when it runs.
type work struct {
	create *plan
	stop   int64 // id of a timer; 0: none; own: the timer itself
	block  time.Duration
}

const own = -1

// plan describes a timer.
type plan struct {
	every time.Duration
	count int // forever
	nth   int // above 0: a condition that holds at each nth check
	work  work
}

type modelTimer struct {
	plan
	id     int64
	bound  bool
	when   time.Duration
	checks int
}

func (m *model) create(p plan, now time.Duration) {
	m.nextID++
	m.timers = append(m.timers, &modelTimer{plan: p, id: m.nextID, bound: m.active, when: now + p.every})
}

func (m *model) stop(id int64) {
	m.timers = slices.DeleteFunc(m.timers, func(t *modelTimer) bool { return t.id == id })
}

func (m *model) run(now time.Duration) {
	m.ran, m.active, m.closing = true, true, false
	m.now, m.rest, m.phase = now, now, waiting
	for _, t := range m.timers {
		t.when = now + t.every
	}
}

// end drains the loop and returns when that was done.
func (m *model) end(now time.Duration) time.Duration {
	m.advance(now)
	m.closing = true
	for m.step() {
	}
	m.active = false
	m.timers = slices.DeleteFunc(m.timers, func(t *modelTimer) bool { return t.bound })
	return m.now
}

// advance lets the loop do what it does before now.
func (m *model) advance(now time.Duration) {
	for m.active && m.now < now {
		if m.step() {
			continue
		}
		t := m.first()
		if t == nil || t.when > now {
			m.now = now
			return
		}
		m.now = t.when
	}
}

// first is the timer with the first deadline.
func (m *model) first() *modelTimer {
	if m.closing || len(m.timers) == 0 {
		return nil
	}
	return slices.MinFunc(m.timers, func(a, b *modelTimer) int {
		return cmp.Or(cmp.Compare(a.when, b.when), cmp.Compare(a.id, b.id))
	})
}

func (m *model) due(now time.Duration) bool {
	t := m.first()
	return t != nil && t.when <= now
}

// step does one thing; false: there is nothing to do.
func (m *model) step() bool {
	switch m.phase {
	case waiting:
		switch {
		case len(m.inbox) > 0:
			m.batch, m.inbox, m.phase = m.inbox, nil, inBatch
		case m.due(m.now):
			m.phase, m.resume, m.start = inRound, waiting, m.now
		default:
			return false
		}
	case inBatch:
		if len(m.batch) == 0 {
			m.phase = waiting
			return true
		}
		task := m.batch[0]
		m.batch, m.phase = m.batch[1:], afterTask
		m.perform(task, 0)
	case afterTask:
		m.phase = inBatch
		if m.due(m.now) && m.now >= m.rest {
			m.phase, m.resume, m.start = inRound, inBatch, m.now
		}
	case inRound:
		if !m.due(m.start) {
			m.phase, m.rest = m.resume, m.now+(m.now-m.start)
			return true
		}
		m.fire(m.first())
	}
	return true
}

func (m *model) fire(t *modelTimer) {
	for t.when <= m.now {
		t.when += t.every
	}
	if t.count != forever {
		t.count--
	}
	if t.count == 0 {
		m.stop(t.id)
	}
	if t.nth > 0 {
		if t.checks++; t.checks%t.nth != 0 {
			return
		}
	}
	m.perform(t.work, t.id)
}

func (m *model) perform(w work, id int64) {
	m.log = append(m.log, entry{m.now, id})
	if w.stop == own {
		w.stop = id
	}
	m.stop(w.stop)
	if w.create != nil {
		m.create(*w.create, m.now)
	}
	m.now += w.block
}
