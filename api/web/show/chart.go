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
	u.P50, u.P95 = took[(len(took)-1)/2], took[(len(took)-1)*95/100]
	return u
}

// Chart shows durations as bars, oldest first.
type Chart struct {
	Bars  []Bar
	Most  time.Duration
	Width int
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

// ChartOf draws the runs of a history, newest first; nothing if there are too few.
func ChartOf(pings []fsm.PingRecord) (c Chart) {
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
		height := max(int(int64(chartHeight)*int64(p.Took)/int64(max(c.Most, 1))), 1)
		c.Bars = append(c.Bars, Bar{
			X: i * barWidth, Y: chartHeight - height, Height: height,
			Kind: cmp.Or(map[fsm.SignalKind]string{fsm.SignalFail: "failed"}[p.Kind], "hit"), Words: Exact(p.At) + ": " + Took(p.Took),
		})
	}
	c.Width = len(runs) * barWidth
	return c
}
