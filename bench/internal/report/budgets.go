package report

import (
	"fmt"
	"math"
)

// A Budget is what a number may be: of one server in one scenario, or that divided by another's.
type Budget struct {
	What         string
	In, Of       string // scenario and server
	To, ToServer string // divided by what this server has in this scenario; no server: not divided
	Metric       Metric
	Limit        float64
	Unit         string
}

// Measured returns the number, NaN when the set does not have it.
func (b *Budget) Measured(s *Set) float64 {
	row := s.row(b.In, b.Of)
	if row == nil {
		return math.NaN()
	}
	if b.ToServer == "" {
		return row.Of(b.Metric)
	}
	to := s.row(b.To, b.ToServer)
	if to == nil {
		return math.NaN()
	}
	return row.Ratio(to, b.Metric)
}

func (s *Set) row(scenario, server string) *Row {
	sc := s.Scenario(scenario)
	if sc == nil {
		return nil
	}
	return sc.Row(server)
}

// budgets writes a table of those that were measured, "" when none was.
func (s *Set) budgets() string {
	rows := [][]string{{"budget", "measured", "limit", "met"}}
	for _, b := range s.Budgets {
		v := b.Measured(s)
		if math.IsNaN(v) {
			continue
		}
		met := "yes"
		if v > b.Limit {
			met = "no"
		}
		rows = append(rows, []string{b.What, fmt.Sprintf("%.2f %s", v, b.Unit), fmt.Sprintf("%.2f %s", b.Limit, b.Unit), met})
	}
	if len(rows) == 1 {
		return ""
	}
	return grid(rows)
}
