package web

import (
	"fmt"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/api/web/elections"
	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestPictureOfNodes(t *testing.T) {
	for n := range 8 {
		for _, leader := range []string{"", "n0"} {
			var nodes []Node
			for i := range n {
				nodes = append(nodes, Node{Name: fmt.Sprint("n", i), Leader: i == 0 && leader != "", Alive: i != 2, Voter: true})
			}
			if n == 0 {
				leader = ""
			}
			p := pictureOf(nodes, leader)
			if len(p.Nodes) != n {
				t.Fatalf("%d of %d", len(p.Nodes), n)
			}
			places := map[int]bool{}
			for _, one := range p.Nodes {
				if one.X < nodeRoom/2 || one.X > p.Width-nodeRoom/2 {
					t.Errorf("%s of %d hangs over the edge: %d of %d", one.Name, n, one.X, p.Width)
				}
				if places[one.X<<10|one.Y] {
					t.Errorf("%s of %d lies on another", one.Name, n)
				}
				places[one.X<<10|one.Y] = true
				if (one.Line != "") != (leader != "" && !one.Leader) || one.Line == "dead" && one.Alive {
					t.Errorf("%s has a line %q", one.Name, one.Line)
				}
			}
		}
	}
}

// TestTimeline keeps what is on it within its edges.
func TestTimeline(t *testing.T) {
	now := time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)
	ago := func(h float64) time.Time { return now.Add(-time.Duration(h * float64(time.Hour))) }
	line := timeline([]fsm.Gap{{From: ago(50), To: ago(30)}, {From: ago(25), To: ago(23)}, {From: ago(0.0001), To: ago(-1)}},
		[]elections.Term{{At: ago(12), Number: 3, Leader: "a"}, {At: ago(48)}, {At: now}}, now)
	got := ""
	for _, m := range line.Marks {
		if m.X < 0 || m.X+m.Width > line.Width() || m.Width < 3 {
			t.Errorf("%+v", m)
		}
		got += fmt.Sprintf("%s %d+%d, ", m.Kind, m.X, m.Width)
	}
	if got != "gap 0+40, gap 957+3, election 480+3, election 957+3, " {
		t.Error(got)
	}
}

// TestNothingIsSaidOfANodeThatIsGone but that: what was last heard of it holds no longer.
func TestNothingIsSaidOfANodeThatIsGone(t *testing.T) {
	n := Node{Surveyed: true, Lag: 3, Skew: time.Second}
	if lag, skew := n.LagWords(), n.SkewWords(); lag != "not known" || skew != "not known" {
		t.Errorf("it is %s, and its clock %s", lag, skew)
	}
	if n.Alive = true; n.LagWords() != "3 entries behind" || n.SkewWords() != "1.0 s ahead" {
		t.Errorf("one that is alive is %s, and its clock %s", n.LagWords(), n.SkewWords())
	}
}
