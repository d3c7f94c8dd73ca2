package report

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"
)

// Sizes of the plot, in pixels.
const (
	plotWidth   = 1040
	margin      = 24
	panelGap    = 32
	panelWidth  = (plotWidth - 2*margin - panelGap) / 2
	panelHead   = 58
	barStep     = 22
	barHeight   = 14
	labelWidth  = 138
	valueWidth  = 96
	lineChars   = 150 // of the header that fit
	barMax      = panelWidth - labelWidth - valueWidth
	lineHeight  = 17
	panelBottom = 18
)

// Colors: the floor, ours, and the others.
const (
	colorBase  = "#9aa3ad"
	colorOurs  = "#2f6fde"
	colorOther = "#d99a4e"
)

const style = `<style>
text{font:12px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2733}
.title{font-size:20px;font-weight:600}.head{font-size:14px;font-weight:600}.note{fill:#66707c}
.name{text-anchor:end}.range{stroke:#1f2733;stroke-width:1.2;opacity:.55}.axis{stroke:#d5dae0}
</style>
`

// SVG writes a plot: a panel a scenario, a bar a server, with a line from the least to the most of its
// runs. Servers whose name begins with ours are drawn as such.
func (s *Set) SVG(w io.Writer, title, ours string) error {
	var body strings.Builder
	y := margin + 20
	text(&body, margin, y, "title", title)
	for _, f := range s.Facts {
		y += lineHeight
		text(&body, margin, y, "note", cut(f.Name+": "+f.Value))
	}
	y += lineHeight
	var heights [2]int // of both columns: the next panel goes to the shorter
	heights[0], heights[1] = y, y
	for _, sc := range s.Scenarios {
		column := 0
		if heights[1] < heights[0] {
			column = 1
		}
		x := margin + column*(panelWidth+panelGap)
		heights[column] += panel(&body, sc, x, heights[column], ours)
	}
	height := max(heights[0], heights[1]) + margin
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">
%s<rect width="100%%" height="100%%" fill="#ffffff"/>
%s</svg>
`, plotWidth, height, plotWidth, height, style, body.String())
	return err
}

// panel draws one scenario and returns its height.
func panel(b *strings.Builder, s *Scenario, x, y int, ours string) int {
	unit, metric := "server CPU, us a message", s.Main()
	if s.Idle {
		unit = "resident memory, KiB a connection"
	}
	text(b, x, y+22, "head", s.Name)
	text(b, x, y+40, "note", unit)
	most := 0.0
	for _, r := range s.Rows {
		if _, high := r.Spread(metric); high > most {
			most = high
		}
	}
	top := y + panelHead
	for i, r := range s.Rows {
		color := colorOther
		switch {
		case strings.HasPrefix(r.Server, ours):
			color = colorOurs
		case strings.HasPrefix(r.Server, Base):
			color = colorBase
		}
		bar(b, r, metric, x, top+i*barStep, most, color)
	}
	bottom := top + len(s.Rows)*barStep
	fmt.Fprintf(b, `<line class="axis" x1="%d" y1="%d" x2="%d" y2="%d"/>`+"\n", x+labelWidth, top-6, x+labelWidth, bottom-2)
	return bottom - y + panelBottom
}

func bar(b *strings.Builder, r *Row, m Metric, x, y int, most float64, color string) {
	left := x + labelWidth
	text(b, left-8, y+barHeight-3, "name", r.Server)
	value := r.Of(m)
	if math.IsNaN(value) || most == 0 {
		text(b, left+6, y+barHeight-3, "note", "failed")
		return
	}
	scale := func(v float64) float64 { return math.Max(v, 0) / most * barMax }
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.1f" height="%d" rx="2" fill="%s"/>`+"\n", left, y, scale(value), barHeight, color)
	low, high := r.Spread(m)
	if high > low {
		mid := y + barHeight/2
		fmt.Fprintf(b, `<line class="range" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`+"\n",
			float64(left)+scale(low), mid, float64(left)+scale(high), mid)
	}
	text(b, left+int(scale(math.Max(high, value)))+6, y+barHeight-3, "", number(value))
}

func text(b *strings.Builder, x, y int, class, s string) {
	fmt.Fprintf(b, `<text x="%d" y="%d" class="%s">%s</text>`+"\n", x, y, class, html.EscapeString(s))
}

// cut shortens a line of the header to what fits.
func cut(s string) string {
	if r := []rune(s); len(r) > lineChars {
		return string(r[:lineChars-1]) + "…"
	}
	return s
}
