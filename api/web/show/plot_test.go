package show

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// pingsWith are pings that told one number each, the newest first.
func pingsWith(values ...float64) (list []fsm.PingRecord) {
	for i := len(values) - 1; i >= 0; i-- {
		list = append(list, fsm.PingRecord{
			At: time.Unix(int64(i), 0), Kind: fsm.SignalSuccess, Numbers: []fsm.Number{{Name: "n", Value: values[i]}},
		})
	}
	return list
}

func TestPlotsHoldAnyValue(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		values []float64
		zero   int
		words  string
	}{
		"usual ones":        {[]float64{10, 20, 40}, 80, "in 3 runs from 10 to 40, the newest 40; half of the good ones up to 20"},
		"nothing but zero":  {[]float64{0, 0}, 80, "from 0 to 0"},
		"one below zero":    {[]float64{-5, 15}, 60, "from -5 to 15"},
		"all below zero":    {[]float64{-5, -10}, 0, "from -10 to -5"},
		"as large as ever":  {[]float64{-math.MaxFloat64, math.MaxFloat64}, 40, "e+308"},
		"as small as ever":  {[]float64{5e-324, 0}, 80, "5e-324"},
		"far from another":  {[]float64{1, 1e300}, 80, "1e+300"},
		"a hundred of them": {make([]float64, 100), 80, "in 60 runs"},
	} {
		p := PlotsOf(pingsWith(tt.values...)).List[0]
		if p.Zero != tt.zero || !strings.Contains(p.Words, tt.words) || len(p.Bars) != min(len(tt.values), plotRuns) {
			t.Errorf("%s: zero at %d, %d bars, %s", name, p.Zero, len(p.Bars), p.Words)
		}
		for _, b := range p.Bars {
			if b.Y < 0 || b.Height < 1 || b.Y+b.Height > chartHeight {
				t.Errorf("%s: a bar hangs out: %+v", name, b)
			}
		}
	}
}

func TestPlotsAreBounded(t *testing.T) {
	t.Parallel()
	var pings []fsm.PingRecord
	for i := range 200 {
		p := fsm.PingRecord{At: time.Unix(int64(-i), 0), Kind: fsm.SignalSuccess}
		for n := range fsm.MaxNumbers {
			p.Numbers = append(p.Numbers, fsm.Number{Name: fmt.Sprintf("n%d", n+i/100*fsm.MaxNumbers), Value: float64(i)})
		}
		pings = append(pings, p)
	}
	got := PlotsOf(pings)
	if len(got.List) != maxPlots || got.Left != 2*fsm.MaxNumbers-maxPlots || got.List[0].Name != "n0" || len(got.List[0].Bars) != plotRuns {
		t.Errorf("%d plots, %d left out, the first is of %s", len(got.List), got.Left, got.List[0].Name)
	}
	if one := PlotsOf(pingsWith(1)); len(one.List) != 0 {
		t.Errorf("a single value: %+v", one)
	}
}

// TestABrokenCheckShowsInThePlot: its run counts as failed, and is no part of the median.
func TestABrokenCheckShowsInThePlot(t *testing.T) {
	t.Parallel()
	pings := pingsWith(100, 100, 0)
	pings[0].Kind, pings[0].Broke = fsm.SignalFail, "completed but wrote 0 bytes; expected bytes > 0"
	p := PlotsOf(pings).List[0]
	if last := p.Bars[2]; last.Kind != "failed" || last.Height != 1 || last.Y != chartHeight-1 || !strings.Contains(p.Words, "half of the good ones up to 100") {
		t.Errorf("%+v: %s", p.Bars, p.Words)
	}
}
