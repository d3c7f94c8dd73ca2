package report

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

type column struct {
	head string
	cell func(s *Scenario, r *Row) string
}

func perServer(s *Scenario, r *Row) string { return r.Server }

var busy = []column{
	{"server", perServer},
	{"messages/s", median(func(r *Run) float64 { return r.Rate })},
	{"p50", latency(func(r *Run) time.Duration { return r.P50 })},
	{"p99", latency(func(r *Run) time.Duration { return r.P99 })},
	{"p99.9", latency(func(r *Run) time.Duration { return r.P999 })},
	{"CPU us/message", perMain},
	{"spread", spread},
	{"x floor", ratio},
	{"batch", median(func(r *Run) float64 { return r.Batch })},
	{"client CPU", median(func(r *Run) float64 { return r.Client })},
	{"peak MiB", median(func(r *Run) float64 { return r.Peak })},
}

var idle = []column{
	{"server", perServer},
	{"KiB/connection", perMain},
	{"spread", spread},
	{"x floor", ratio},
}

func median(m Metric) func(*Scenario, *Row) string {
	return func(_ *Scenario, r *Row) string { return number(r.Of(m)) }
}

func perMain(s *Scenario, r *Row) string { return number(r.Of(s.Main())) }

func spread(s *Scenario, r *Row) string {
	low, high := r.Spread(s.Main())
	if math.IsNaN(low) {
		return ""
	}
	return number(low) + "-" + number(high)
}

func ratio(s *Scenario, r *Row) string {
	base := s.base()
	if base == nil {
		return ""
	}
	if x := r.Ratio(base, s.Main()); !math.IsNaN(x) {
		return fmt.Sprintf("%.2f", x)
	}
	return ""
}

func latency(of func(*Run) time.Duration) func(*Scenario, *Row) string {
	return func(_ *Scenario, r *Row) string {
		s := r.Of(func(r *Run) float64 { return of(r).Seconds() })
		switch {
		case math.IsNaN(s):
			return ""
		case s < 1e-3:
			return number(s*1e6) + " us"
		case s < 1:
			return number(s*1e3) + " ms"
		}
		return number(s) + " s"
	}
}

// number writes three significant digits, and whole numbers in groups of three.
func number(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v):
		return ""
	case a < 9.995:
		return fmt.Sprintf("%.2f", v)
	case a < 99.95:
		return fmt.Sprintf("%.1f", v)
	}
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Text writes the set as Markdown that reads well as it is.
func (s *Set) Text(w io.Writer) error {
	var b strings.Builder
	for _, f := range s.Facts {
		fmt.Fprintf(&b, "- %s: %s\n", f.Name, f.Value)
	}
	for _, sc := range s.Scenarios {
		fmt.Fprintf(&b, "\n### %s\n\n%s.\n\n", sc.Name, sc.Title)
		b.WriteString(sc.table())
	}
	if t := s.budgets(); t != "" {
		fmt.Fprintf(&b, "\n### budgets\n\n%s", t)
	}
	if len(s.Quotes) > 0 {
		fmt.Fprintf(&b, "\n### quoted\n\nNot measured with the above.\n\n%s", s.quotes())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (s *Set) quotes() string {
	rows := [][]string{{"what", "server", "value", "floor there", "source"}}
	for _, q := range s.Quotes {
		rows = append(rows, []string{q.What, q.Server, q.Value, q.Floor, q.Source})
	}
	return grid(rows)
}

func (s *Scenario) table() string {
	columns := busy
	if s.Idle {
		columns = idle
	}
	rows := [][]string{nil}
	for _, c := range columns {
		rows[0] = append(rows[0], c.head)
	}
	var notes strings.Builder
	for _, r := range s.Rows {
		var cells []string
		for _, c := range columns {
			cells = append(cells, c.cell(s, r))
		}
		rows = append(rows, cells)
		if r.Error != "" {
			fmt.Fprintf(&notes, "\n%s failed: %s\n", r.Server, r.Error)
		}
	}
	return grid(rows) + notes.String()
}

// grid writes a table, the first column to the left and the others to the right. The first row is the
// head.
func grid(rows [][]string) string {
	width := make([]int, len(rows[0]))
	for _, cells := range rows {
		for i, c := range cells {
			width[i] = max(width[i], utf8.RuneCountInString(c), 2)
		}
	}
	var b strings.Builder
	for n, cells := range rows {
		for i, c := range cells {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if i == 0 {
				b.WriteString("| " + c + pad)
			} else {
				b.WriteString(" | " + pad + c)
			}
		}
		b.WriteString(" |\n")
		if n == 0 {
			for i, w := range width {
				if i == 0 {
					b.WriteString("|" + strings.Repeat("-", w+2))
				} else {
					b.WriteString("|" + strings.Repeat("-", w+1) + ":")
				}
			}
			b.WriteString("|\n")
		}
	}
	return b.String()
}
