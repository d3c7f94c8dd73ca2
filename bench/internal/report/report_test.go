package report

import (
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// sample has two rounds of three servers, of which one failed in the second round and one in both.
func sample() *Set {
	run := func(rate, cpu float64) *Run {
		return &Run{Rate: rate, CPU: cpu, P50: 1500 * time.Microsecond, P99: 2 * time.Second, P999: 900 * time.Nanosecond}
	}
	return &Set{
		Facts: []Fact{{"Machine", "a <fast> one"}},
		Scenarios: []*Scenario{{
			Name: "request", Title: "requests & answers", Rows: []*Row{
				{Server: "floor", Runs: []*Run{run(1_234_567, 2), run(1000, 4)}},
				{Server: "nano-loop", Runs: []*Run{run(500, 3), nil}, Error: "it broke"},
				{Server: "peer", Runs: []*Run{nil, nil}, Error: "no"},
			},
		}, {
			Name: "idle", Title: "idle", Idle: true, Rows: []*Row{
				{Server: "floor-tls", Runs: []*Run{{PerConn: 4}}},
				{Server: "nano-tls", Runs: []*Run{{PerConn: 6.5}}},
			},
		}},
		Budgets: []Budget{
			{What: "loop / floor", In: "request", Of: "nano-loop", To: "request", ToServer: "floor", Metric: CPU, Limit: 1.2, Unit: "x"},
			{What: "memory", In: "idle", Of: "nano-tls", Metric: PerConn, Limit: 6.5, Unit: "KiB"},
			{What: "not measured", In: "tick", Of: "floor", Metric: CPU, Limit: 1},
			{What: "failed", In: "request", Of: "peer", Metric: P99, Limit: 1},
		},
		Quotes: []Quote{{What: "this", Server: "that", Value: "1 us", Source: "them"}},
	}
}

func TestText(t *testing.T) {
	var b strings.Builder
	if err := sample().Text(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{
		"- Machine: a <fast> one\n",
		"\n### request\n\nrequests & answers.\n\n| server ",
		"| floor     |    617,784 | 1.50 ms | 2.00 s | 0.90 us |           3.00 | 2.00-4.00 |    1.00 |",
		"| nano-loop |        500 | 1.50 ms | 2.00 s | 0.90 us |           3.00 | 3.00-3.00 |    1.50 |",
		"| peer      |            |         |        |         |                |           |         |",
		"\nnano-loop failed: it broke\n",
		"| nano-tls  |           6.50 | 6.50-6.50 |    1.62 |",
		"| loop / floor |   1.50 x |   1.20 x |  no |",
		"| memory       | 6.50 KiB | 6.50 KiB | yes |",
		"|   that |  1 us |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, unwanted := range []string{"NaN", "not measured |", "failed |"} {
		if strings.Contains(text, unwanted) {
			t.Errorf("%q in\n%s", unwanted, text)
		}
	}
}

// Every line of a table is as wide as the others.
func TestGrid(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(grid([][]string{{"head", "x"}, {"µs", "1,000"}, {"", ""}})), "\n")
	for _, line := range lines {
		if utf8.RuneCountInString(line) != len(lines[0]) {
			t.Errorf("%q is not as wide as %q", line, lines[0])
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00", 0.123: "0.12", 9.996: "10.0", 12.34: "12.3", 99.96: "100", 999.6: "1,000", 1234567: "1,234,567", math.NaN(): ""} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestMedian(t *testing.T) {
	if got := Median([]float64{3, 1, 2}); got != 2 {
		t.Errorf("of three: %v", got)
	}
	if got := Median([]float64{4, 1, 2, 3}); got != 2.5 {
		t.Errorf("of four: %v", got)
	}
	if !math.IsNaN(Median(nil)) {
		t.Error("of none: a number")
	}
}

func TestPut(t *testing.T) {
	s := sample()
	s.Put(&Scenario{Name: "request"})
	s.Put(&Scenario{Name: "tick"})
	if len(s.Scenarios) != 3 || s.Scenarios[0].Rows != nil || s.Scenario("tick") == nil || s.Scenario("none") != nil {
		t.Errorf("%d scenarios", len(s.Scenarios))
	}
}

// The plot is well-formed XML with a bar for each server that ran, inside its frame.
func TestSVG(t *testing.T) {
	var b strings.Builder
	if err := sample().SVG(&b, "a title", "nano"); err != nil {
		t.Fatal(err)
	}
	bars := map[string]int{}
	texts := ""
	for d := xml.NewDecoder(strings.NewReader(b.String())); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, b.String())
		}
		switch e := token.(type) {
		case xml.StartElement:
			for _, a := range e.Attr {
				if e.Name.Local == "rect" && a.Name.Local == "fill" {
					bars[a.Value]++
				}
			}
		case xml.CharData:
			texts += string(e)
		}
	}
	if bars[colorBase] != 2 || bars[colorOurs] != 2 || bars[colorOther] != 0 {
		t.Errorf("bars %v", bars)
	}
	for _, want := range []string{"a title", "Machine: a <fast> one", "nano-loop", "failed", "3.00", "6.50"} {
		if !strings.Contains(texts, want) {
			t.Errorf("no %q in %q", want, texts)
		}
	}
	if strings.Contains(b.String(), "NaN") {
		t.Error("NaN in the plot")
	}
}
