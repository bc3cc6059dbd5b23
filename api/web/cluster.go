package web

import (
	"fmt"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/elections"
	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	shownGaps  = 20
	shownTerms = 20
)

type clusterPage struct {
	frame
	Cluster
	Settings fsm.Settings
	Gaps     []fsm.Gap        // newest first
	Terms    []elections.Term // likewise
	Line     *show.Timeline
	Picture  picturedNodes
	Queue    int
	Own      []incident // those of the monitor itself that go on
	Serving  time.Duration
}

// Gone is how long the monitor took no pings, in all the time of the cluster.
func (p clusterPage) Gone() time.Duration {
	return time.Duration(p.Totals.GapTotal) * time.Millisecond
}

// Oldest is the alert that waits for longest; zero: none does.
func (p clusterPage) Oldest() time.Time { return p.Totals.OldestPending }

// Differing are the nodes that were started with other settings than hold.
func (p clusterPage) Differing() (list []Node) {
	for _, n := range p.Nodes {
		if len(n.Differs) > 0 {
			list = append(list, n)
		}
	}
	return list
}

func (s *Site) cluster(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	p := s.clusterPage(s.frame(ctx, in, "Cluster", "cluster"))
	p.Live, p.IsLive = "?cluster", true
	return s.render(ctx, "cluster", p)
}

func (s *Site) clusterPage(f frame) clusterPage {
	p := clusterPage{frame: f, Cluster: s.back.Cluster(), Settings: s.store.Settings(), Gaps: s.store.Gaps(), Terms: s.elections.Seen()}
	p.Totals = s.store.Totals()
	p.Queue, p.Serving = p.Totals.Queue, time.Duration(p.Totals.Serving)*time.Millisecond
	for _, one := range s.store.SystemIncidents() {
		if in, err := s.store.Incident(one.Incident); err == nil {
			p.Own = append(p.Own, incident{in, f.Now, f.In, Prefix + "cluster"})
		}
	}
	slices.Reverse(p.Gaps)
	p.Line = timeline(p.Gaps, p.Terms, f.Now)
	p.Gaps = p.Gaps[:min(len(p.Gaps), shownGaps)]
	p.Terms = p.Terms[:min(len(p.Terms), shownTerms)]
	p.Picture = pictureOf(p.Nodes, p.Leader)
	p.Title, p.Icon = p.title()
	return p
}

// title tells what is worst.
func (p clusterPage) title() (title, icon string) {
	gone := 0
	for _, n := range p.Nodes {
		if !n.Alive {
			gone++
		}
	}
	switch {
	case p.Leader == "":
		return "No leader", "failing"
	case p.NotReady != "":
		return "Not ready", "failing"
	case gone > 0:
		return show.Plural(gone, "node gone", "nodes gone"), "late"
	case p.Mail.State == "failing":
		return "Mail server fails", "late"
	}
	return "Cluster", "ok"
}

// Words say how the other monitor is told.
func (o Outbound) Words() string {
	return map[string]string{
		"resting": "told by the leader", "ok": "is told that this one is well", "withheld": "is told nothing: the cluster is not well", "failing": "cannot be told",
	}[o.State]
}

// NoteLeader tells the site, every second or so, who leads.
func (s *Site) NoteLeader(now time.Time, term uint64, leader string) {
	s.elections.Note(now, term, leader)
}

// timeline shows the last day: when no ping could be taken, and elections.
func timeline(gaps []fsm.Gap, terms []elections.Term, now time.Time) *show.Timeline {
	line := show.NewTimeline(now, 24*time.Hour)
	for _, g := range gaps {
		line.Add("gap", fmt.Sprintf("%s to %s: no ping could be taken", show.Exact(g.From), show.Exact(g.To)), g.From, g.To)
	}
	for _, t := range terms {
		words := fmt.Sprintf("%s: %s leads, term %d", show.Exact(t.At), t.Leader, t.Number)
		if t.Leader == "" {
			words = show.Exact(t.At) + ": no leader was known"
		}
		line.Add("election", words, t.At, t.At)
	}
	return line
}

// picturedNodes are the nodes as a drawing: the leader above, the others below.
type picturedNodes struct {
	Width, Height int
	Nodes         []picturedNode
}

type picturedNode struct {
	Node
	X, Y       int
	FromX      int // of the line to the leader
	FromY      int
	Line       string // "": none; else live or dead
	Short, Lag string
}

const (
	nodeRoom   = 150 // pixels that a node takes
	leaderAt   = 34
	followerAt = 150
)

func pictureOf(nodes []Node, leader string) picturedNodes {
	others := len(nodes)
	if leader != "" {
		others--
	}
	p := picturedNodes{Width: max(others, 2) * nodeRoom, Height: 210}
	left := (p.Width - others*nodeRoom) / 2
	placed := 0
	for _, n := range nodes {
		one := picturedNode{Node: n, X: p.Width / 2, Y: leaderAt, Short: shortName(n.Name)}
		if !n.Leader {
			one.X, one.Y = left+placed*nodeRoom+nodeRoom/2, followerAt
			placed++
			one.FromX, one.FromY = p.Width/2, leaderAt
			one.Line, one.Lag = "live", lagWords(n)
			if !n.Alive {
				one.Line, one.Lag = "dead", ""
			}
			if leader == "" {
				one.Line, one.Lag = "", ""
			}
		}
		p.Nodes = append(p.Nodes, one)
	}
	slices.SortStableFunc(p.Nodes, func(a, b picturedNode) int { return a.Y - b.Y })
	return p
}

// MidX and MidY are where a line's words stand.
func (n picturedNode) MidX() int { return (2*n.X + n.FromX) / 3 }
func (n picturedNode) MidY() int { return (2*n.Y+n.FromY)/3 - 6 }

// State is a node's as a word, which has a shape.
func (n Node) State() string {
	switch {
	case !n.Alive:
		return "gone"
	case n.Leader:
		return "leader"
	case n.Voter:
		return "follower"
	}
	return "joining"
}

// SkewWords tells how its clock differs.
func (n Node) SkewWords() string {
	switch {
	case n.Here:
		return "this node's own"
	case !n.Surveyed || !n.Alive:
		return "not known"
	case n.Skew.Abs() < 100*time.Millisecond:
		return "as here"
	case n.Skew < 0:
		return show.Took(-n.Skew) + " behind"
	}
	return show.Took(n.Skew) + " ahead"
}

// LagWords tells how far it is behind.
func (n Node) LagWords() string {
	if words := lagWords(n); words != "" {
		return words
	}
	return "not known"
}

func lagWords(n Node) string {
	switch {
	case !n.Surveyed || !n.Alive:
		return ""
	case n.Lag == 0:
		return "up to date"
	}
	return show.Plural(int(n.Lag), "entry behind", "entries behind")
}

func shortName(name string) string {
	if r := []rune(name); len(r) > 16 {
		return string(r[:15]) + "…"
	}
	return name
}

func (s *Site) watchCluster(in session) func() live {
	return func() live {
		p := s.clusterPage(frame{In: &in, Now: time.Now()})
		return live{Title: p.Title, Icon: p.Icon, Pieces: []piece{{"nodes", s.part("cluster", "nodes", p)}, {"line", s.part("cluster", "line", p)}}}
	}
}
