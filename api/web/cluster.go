package web

import (
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const shownGaps = 20

type clusterPage struct {
	frame
	Cluster
	Settings fsm.Settings
	Gaps     []fsm.Gap // newest first
	Queue    int
	Serving  time.Duration
}

// Gone is how long the monitor took no pings, in all the time of the cluster.
func (p clusterPage) Gone() time.Duration {
	return time.Duration(p.Totals.GapTotal) * time.Millisecond
}

func (s *Site) cluster(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	p := clusterPage{
		frame: s.frame(ctx, in, "Cluster", "cluster"), Cluster: s.back.Cluster(), Settings: s.store.Settings(), Gaps: s.store.Gaps(),
	}
	p.Queue, p.Serving = p.Totals.Queue, time.Duration(p.Totals.Serving)*time.Millisecond
	slices.Reverse(p.Gaps)
	p.Gaps = p.Gaps[:min(len(p.Gaps), shownGaps)]
	if p.NotReady != "" || p.Leader == "" {
		p.Title = "Cluster: not ready"
	}
	p.Live, p.IsLive = "?cluster", true
	return s.render(ctx, "cluster", p)
}
