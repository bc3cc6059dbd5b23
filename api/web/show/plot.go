package show

import (
	"fmt"
	"math"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// What of a heartbeat's numbers is drawn, at most.
const (
	maxPlots = 8
	plotRuns = 60 // the newest
)

// Plots are the numbers that jobs told, drawn one by one.
type Plots struct {
	List []Plot
	Left int // names that are not drawn
}

// Plot shows the values of one number as bars from zero, oldest first.
type Plot struct {
	Name   string
	Bars   []Bar
	Width  int
	Zero   int    // where zero is, from the top
	Median int    // and the median of the good runs
	Words  string // the same, for who does not see it
	told   []told
}

// told is a value, and the ping that told it.
type told struct {
	value float64
	ping  *fsm.PingRecord
}

// PlotsOf draws the numbers of a history, newest first. Those of the newest pings come first;
// a number of one run only is no picture.
func PlotsOf(pings []fsm.PingRecord) (out Plots) {
	at := map[string]int{}
	var all []Plot
	for i := range pings {
		for _, n := range pings[i].Numbers {
			if _, known := at[n.Name]; !known {
				at[n.Name] = len(all)
				all = append(all, Plot{Name: n.Name})
			}
			if p := &all[at[n.Name]]; len(p.told) < plotRuns {
				p.told = append(p.told, told{n.Value, &pings[i]})
			}
		}
	}
	all = slices.DeleteFunc(all, func(p Plot) bool { return len(p.told) < 2 })
	out.Left = max(0, len(all)-maxPlots)
	out.List = all[:len(all)-out.Left]
	for i := range out.List {
		out.List[i].draw()
	}
	return out
}

// draw makes the picture of the values.
func (p *Plot) draw() {
	slices.Reverse(p.told)
	s := scaleOf(p.told)
	p.Zero, p.Width = s.height(0), len(p.told)*barWidth
	for i, t := range p.told {
		y := s.height(t.value)
		b := Bar{X: i * barWidth, Y: min(y, p.Zero), Height: max(1, p.Zero-y, y-p.Zero), Kind: "hit", Words: Exact(t.ping.At) + ": " + fsm.FormatNumber(t.value)}
		if b.Y = min(b.Y, chartHeight-b.Height); t.ping.Kind == fsm.SignalFail {
			b.Kind = "failed"
		}
		p.Bars = append(p.Bars, b)
	}
	p.describe(s)
}

// describe says in words what the picture shows, and places the median.
func (p *Plot) describe(s scale) {
	newest := p.told[len(p.told)-1].value
	p.Words = fmt.Sprintf("in %d runs from %s to %s, the newest %s", len(p.told), fsm.FormatNumber(s.least), fsm.FormatNumber(s.most), fsm.FormatNumber(newest))
	p.Median = -1
	var good []float64
	for _, t := range p.told {
		if t.ping.Kind == fsm.SignalSuccess {
			good = append(good, t.value)
		}
	}
	if len(good) > 0 {
		slices.Sort(good)
		middle := good[(len(good)-1)/2]
		p.Median = s.height(middle)
		p.Words += "; half of the good ones up to " + fsm.FormatNumber(middle)
	}
}

// scale turns values into heights. Values may be as large as numbers get, so they are
// divided before they are subtracted.
type scale struct {
	least, most float64
	low, high   float64 // with zero between, in units of size
	size        float64
}

func scaleOf(list []told) scale {
	s := scale{least: list[0].value, most: list[0].value}
	for _, t := range list {
		s.least, s.most = min(s.least, t.value), max(s.most, t.value)
	}
	if s.size = max(math.Abs(s.least), math.Abs(s.most)); s.size == 0 {
		s.size = 1
	}
	s.low, s.high = min(0, s.least/s.size), max(0, s.most/s.size)
	return s
}

// height is where a value is, from the top.
func (s scale) height(v float64) int {
	if s.high == s.low {
		return chartHeight
	}
	return int(math.Round(chartHeight * (s.high - v/s.size) / (s.high - s.low)))
}
