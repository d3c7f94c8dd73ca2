// Package report keeps what was measured and shows it: as tables that are text and Markdown at once, as
// a plot, and against the budgets.
package report

import (
	"math"
	"slices"
	"strings"
	"time"
)

// A Run is one measurement of one server.
type Run struct {
	Rate    float64       `json:"rate"`     // messages a second
	P50     time.Duration `json:"p50"`      // latencies
	P99     time.Duration `json:"p99"`      //
	P999    time.Duration `json:"p999"`     //
	CPU     float64       `json:"cpu"`      // the server's, microseconds a message
	Client  float64       `json:"client"`   // the client's, microseconds a message
	Batch   float64       `json:"batch"`    // messages that one read of the client brought
	Peak    float64       `json:"peak"`     // the most that was resident, MiB
	PerConn float64       `json:"per_conn"` // KiB that one connection keeps resident
}

// A Row is one server in one scenario. Runs has one entry a round, nil where it failed.
type Row struct {
	Server string `json:"server"`
	Runs   []*Run `json:"runs"`
	Error  string `json:"error,omitempty"` // of the last round that failed
}

// A Scenario is what servers were put through, each of them in turn, in several rounds.
type Scenario struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Idle  bool   `json:"idle"` // what counts is memory, not CPU
	Rows  []*Row `json:"rows"`
}

// A Fact is a line of the header.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Set is all that was measured.
type Set struct {
	Facts     []Fact      `json:"facts"`
	Scenarios []*Scenario `json:"scenarios"`
	Budgets   []Budget    `json:"-"`
	Quotes    []Quote     `json:"-"`
}

// A Quote is a number that was not measured with the others.
type Quote struct{ What, Server, Value, Floor, Source string }

// Base begins the name of the server that ratios are to, within a round.
const Base = "floor"

// A Metric picks one number of a run.
type Metric func(*Run) float64

// CPU is a Metric: the server's, microseconds a message.
func CPU(r *Run) float64 { return r.CPU }

// PerConn is a Metric: KiB that one connection keeps resident.
func PerConn(r *Run) float64 { return r.PerConn }

// P99 is a Metric: seconds.
func P99(r *Run) float64 { return r.P99.Seconds() }

// Main is the metric that a scenario is about.
func (s *Scenario) Main() Metric {
	if s.Idle {
		return PerConn
	}
	return CPU
}

// Row returns a server's row, nil when it has none.
func (s *Scenario) Row(server string) *Row {
	i := slices.IndexFunc(s.Rows, func(r *Row) bool { return r.Server == server })
	if i < 0 {
		return nil
	}
	return s.Rows[i]
}

// base returns the row that ratios are to, nil when there is none.
func (s *Scenario) base() *Row {
	i := slices.IndexFunc(s.Rows, func(r *Row) bool { return strings.HasPrefix(r.Server, Base) })
	if i < 0 {
		return nil
	}
	return s.Rows[i]
}

// Scenario returns the scenario of that name, nil when there is none.
func (s *Set) Scenario(name string) *Scenario {
	i := slices.IndexFunc(s.Scenarios, func(s *Scenario) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return s.Scenarios[i]
}

// Of returns the median of a metric over the runs, NaN when there is none.
func (r *Row) Of(m Metric) float64 { return Median(r.values(m)) }

// Spread returns the range of a metric over the runs.
func (r *Row) Spread(m Metric) (low, high float64) {
	v := r.values(m)
	if len(v) == 0 {
		return math.NaN(), math.NaN()
	}
	return slices.Min(v), slices.Max(v)
}

// Ratio returns the median over the rounds of a metric divided by what the other row has in the same
// round, NaN when no round has both.
func (r *Row) Ratio(to *Row, m Metric) float64 {
	var v []float64
	for i := range min(len(r.Runs), len(to.Runs)) {
		if r.Runs[i] != nil && to.Runs[i] != nil {
			v = append(v, m(r.Runs[i])/m(to.Runs[i]))
		}
	}
	return Median(v)
}

func (r *Row) values(m Metric) []float64 {
	var v []float64
	for _, run := range r.Runs {
		if run != nil {
			v = append(v, m(run))
		}
	}
	return v
}

// Median returns the middle of v, the mean of the two middle ones of an even number, NaN of none.
func Median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	v = slices.Sorted(slices.Values(v))
	mid := len(v) / 2
	if len(v)%2 == 0 {
		return (v[mid-1] + v[mid]) / 2
	}
	return v[mid]
}

// Put adds a scenario, in the place of one of the same name.
func (s *Set) Put(sc *Scenario) {
	if i := slices.IndexFunc(s.Scenarios, func(o *Scenario) bool { return o.Name == sc.Name }); i >= 0 {
		s.Scenarios[i] = sc
		return
	}
	s.Scenarios = append(s.Scenarios, sc)
}
