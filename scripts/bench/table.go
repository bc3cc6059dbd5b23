package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

// round is one measurement of each kind.
type round struct {
	bare, leader, spread, single figures
	apply                        time.Duration
}

type table struct{ rounds []round }

// print writes the medians over the rounds. A ratio is the median of the
// rounds' ratios, as both sides of each were taken side by side.
func (t *table) print(w io.Writer, o options) {
	fmt.Fprintf(w, "\n%d cores, %d connections, %d heartbeats, %d rounds of %s, three nodes on loopback, fsync on\n\n",
		runtime.NumCPU(), o.conns, o.heartbeats, len(t.rounds), o.duration)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "what\tper second\tp50\tp99\tfailed\tratio\tgoal")
	bare := func(r round) figures { return r.bare }
	row := func(name string, get func(round) figures, ratio, goal string) {
		fmt.Fprintf(tw, "%s\t%.0f\t%s\t%s\t%d\t%s\t%s\n", name, t.median(func(r round) float64 { return get(r).PerSecond }),
			t.time(func(r round) time.Duration { return get(r).P50 }), t.time(func(r round) time.Duration { return get(r).P99 }),
			t.failed(get), ratio, goal)
	}
	over := func(f func(round) float64) string { return fmt.Sprintf("%.2f", t.median(f)) }
	row("bare fasthttp handler", bare, "1", "")
	row("pings through the leader", func(r round) figures { return r.leader },
		over(func(r round) float64 { return r.leader.PerSecond / r.bare.PerSecond }), "≥ 0.70")
	row("pings spread over the nodes", func(r round) figures { return r.spread },
		over(func(r round) float64 { return r.spread.PerSecond / r.bare.PerSecond }), "≥ 0.55")
	fmt.Fprintf(tw, "bare raft.Apply, one at a time\t\t%s\t\t\t1\t\n", t.time(func(r round) time.Duration { return r.apply }))
	row("pings, one at a time", func(r round) figures { return r.single },
		over(func(r round) float64 { return float64(r.single.P50) / float64(r.apply) }), "≤ 1.5")
	tw.Flush()
}

func (t *table) median(f func(round) float64) float64 {
	var all []float64
	for _, r := range t.rounds {
		all = append(all, f(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (t *table) time(f func(round) time.Duration) time.Duration {
	return time.Duration(t.median(func(r round) float64 { return float64(f(r)) })).Round(time.Microsecond)
}

func (t *table) failed(get func(round) figures) int {
	n := 0
	for _, r := range t.rounds {
		n += get(r).Failed
	}
	return n
}
