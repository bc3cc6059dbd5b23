package show

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Usual is how long the last good runs took.
type Usual struct {
	Runs     int
	P50, P95 time.Duration
}

// Than compares a run with what is usual, in words; "" if that is not known.
func (u Usual) Than(took time.Duration) string {
	switch {
	case u.Runs < 5 || took < 0:
		return ""
	case took > 2*u.P95:
		return "much longer than usual"
	case took > u.P95:
		return "longer than usual"
	case took < u.P50/4:
		return "much shorter than usual"
	}
	return "as usual"
}

// UsualOf tells it of pings.
func UsualOf(pings []fsm.PingRecord) (u Usual) {
	var took []time.Duration
	for _, p := range pings {
		if p.Kind == fsm.SignalSuccess && p.Took >= 0 {
			took = append(took, p.Took)
		}
	}
	if u.Runs = len(took); u.Runs == 0 {
		return u
	}
	slices.Sort(took)
	u.P50, u.P95 = took[(len(took)-1)/2], took[(len(took)*95+99)/100-1] // the nearest rank
	return u
}

// Chart shows durations as bars, oldest first.
type Chart struct {
	Bars     []Bar
	Most     time.Duration
	Width    int
	P50, P95 int // where the lines of the usual duration are, from the top
}

// Bar is one run.
type Bar struct {
	X, Y, Height int
	Kind, Words  string
}

const (
	chartHeight = 80
	barWidth    = 8
)

// ChartOf draws the runs of a history, newest first, and what is usual; nothing if there are
// too few.
func ChartOf(pings []fsm.PingRecord, u Usual) (c Chart) {
	var runs []fsm.PingRecord
	for _, p := range pings {
		if p.Took >= 0 {
			runs = append(runs, p)
			c.Most = max(c.Most, p.Took)
		}
	}
	if len(runs) < 2 {
		return Chart{}
	}
	slices.Reverse(runs)
	for i, p := range runs {
		y := min(c.height(p.Took), chartHeight-1)
		c.Bars = append(c.Bars, Bar{
			X: i * barWidth, Y: y, Height: chartHeight - y,
			Kind: cmp.Or(map[fsm.SignalKind]string{fsm.SignalFail: "failed"}[p.Kind], "hit"), Words: Exact(p.At) + ": " + Took(p.Took),
		})
	}
	c.Width, c.P50, c.P95 = len(runs)*barWidth, c.height(u.P50), c.height(u.P95)
	return c
}

// height is where a duration is in the chart, from the top.
func (c Chart) height(d time.Duration) int {
	return chartHeight - int(int64(chartHeight)*int64(d)/int64(max(c.Most, 1)))
}
