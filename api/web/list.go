package web

import (
	"fmt"
	"html/template"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/roster"
	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// row is a heartbeat in a list.
type row struct {
	fsm.Heartbeat
	State  string
	Strip  []show.Beat
	Now    time.Time
	Search roster.Choice
	Write  bool // who looks may select it
}

func (r row) Moment(t time.Time) template.HTML { return show.Moment(t, r.Now) }

// Overdue reports whether its due time has passed.
func (r row) Overdue() bool { return !r.NextDue.IsZero() && r.NextDue.Before(r.Now) }

// rows reads the heartbeats of a page as they are now; some may be gone.
func (s *Site) rows(ordinals []uint64, c roster.Choice, write bool, now time.Time) []row {
	out, gaps := make([]row, 0, len(ordinals)), s.store.Gaps()
	for _, ord := range ordinals {
		h, err := s.store.HeartbeatAt(ord)
		if err != nil {
			continue
		}
		pings, _, _ := s.store.Pings(h.ID, 2*show.StripLength, 0)
		out = append(out, row{h, roster.Of(h, now).String(), show.Strip(h, pings, gaps, s.store.PausesAt(h.Ordinal, now), now, s.zoneOf(h.Spec)), now, c, write})
	}
	return out
}

// zoneOf is the time zone of a schedule; UTC if this node does not know it.
func (s *Site) zoneOf(spec fsm.Spec) *time.Location {
	if spec.TZ == "" {
		return time.UTC
	}
	zone, err := s.back.Zones().Location(spec.TZ)
	if err != nil {
		return time.UTC
	}
	return zone
}

// listPage is the page of heartbeats.
type listPage struct {
	frame
	roster.Choice
	roster.Selection
	Rows   []row
	States []string
	First  bool // there is no heartbeat at all
}

func (s *Site) list(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	c := roster.ChoiceOf(ctx.QueryArgs())
	f := s.frame(ctx, in, "", "heartbeats")
	var since time.Time
	if f.Notice != "" || s.view.IsCheap() { // who just changed something wants to see it
		since = f.Now
	}
	sel := c.Select(s.view.Read(since), f.Now)
	f.Title, f.Live, f.IsLive = titleOf(sel.Counts), c.Search(), true
	f.Icon = iconOf(sel.Counts)
	return s.render(ctx, "list", listPage{
		frame: f, Choice: c, Selection: sel, Rows: s.rows(sel.Ordinals, c, in.CanWrite(), f.Now),
		States: roster.Words[:], First: sel.Counts.All() == 0 && c.Query == "" && c.Tag == "",
	})
}

// titleOf begins with what is worst, and says that all are up only where all are.
func titleOf(c roster.Counts) string {
	up, all := c[roster.Up], c.All()
	switch {
	case c[roster.Failing] > 0:
		return strconv.Itoa(c[roster.Failing]) + " failing"
	case c[roster.Late] > 0:
		return strconv.Itoa(c[roster.Late]) + " late"
	case all == 0:
		return "No heartbeats"
	case up == all:
		return "All up"
	case c[roster.Paused] == all:
		return "All paused"
	case c[roster.New] == all:
		return "All new"
	}
	return fmt.Sprintf("%d of %d up", up, all)
}

// Lists tells Prometheus of what lists are made of.
func (s *Site) Lists() prometheus.Collector { return s.view }
