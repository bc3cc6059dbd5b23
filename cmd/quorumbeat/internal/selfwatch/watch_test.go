package selfwatch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// rig is three nodes as the first one sees them, and what the state knows.
type rig struct {
	t     *testing.T
	now   time.Time
	st    cluster.Status
	sight sight
	known known
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, now: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), known: known{self: fsm.NodeID{1}, open: map[fsm.SystemSubject]bool{}}}
	r.st.Leader = "n1"
	for i := byte(1); i <= 3; i++ {
		r.st.Nodes = append(r.st.Nodes, cluster.NodeStatus{NodeInfo: fsm.NodeInfo{ID: fsm.NodeID{i}, Name: fmt.Sprint("n", i)}, Voter: true, Alive: true, Disk: "ok"})
	}
	return r
}

// pass lets time pass, a look a second, and returns what was proposed, which is applied.
func (r *rig) pass(d time.Duration) (words string) {
	for range int(d / time.Second) {
		r.now = r.now.Add(time.Second)
		r.sight.look(r.now, r.st)
		for _, cmd := range plan(r.now, r.st, &r.sight, r.known, 5*time.Minute) {
			switch c := cmd.(type) {
			case fsm.BeginSystem:
				words += fmt.Sprintf("%v of %s began %v ago (%s) ", c.Subject.Kind, c.Node, r.now.Sub(time.UnixMilli(c.Since)), c.Detail[:6])
				r.known.open[c.Subject] = true
			case fsm.EndSystem:
				words += fmt.Sprintf("%v ended, quietly: %v ", c.Subject.Kind, c.Quiet)
				delete(r.known.open, c.Subject)
			case fsm.TellOutage:
				words += "outage "
				r.known.told = fsm.Gap{From: time.UnixMilli(c.From), To: time.UnixMilli(c.To)}
			}
		}
	}
	return words
}

func (r *rig) want(what, got, want string) {
	r.t.Helper()
	if strings.TrimSpace(got) != want {
		r.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestANodeIsLostThatHasBeenGoneForAWhile(t *testing.T) {
	r := newRig(t)
	r.want("all is well", r.pass(10*time.Minute), "")
	r.st.Nodes[1].Alive = false
	r.want("a restart", r.pass(4*time.Minute), "")
	r.st.Nodes[1].Alive = true
	r.want("it was back in time", r.pass(time.Minute), "")
	r.st.Nodes[1].Alive = false
	r.want("gone", r.pass(5*time.Minute), "node_lost of n2 began 5m0s ago (2 of 3)")
	r.want("it is told once", r.pass(time.Hour), "")
	r.st.Nodes[1].Alive = true
	r.want("back", r.pass(time.Minute), "node_lost ended, quietly: false")
	r.st.Nodes[0].Alive = false
	r.want("this node does not lose itself", r.pass(time.Hour), "")
}

func TestAnElectionBreaksNothingOff(t *testing.T) {
	r := newRig(t)
	r.st.Nodes[1].Alive = false
	r.pass(4 * time.Minute)
	r.st.Leader = ""
	r.want("an election", r.pass(8*time.Second), "")
	r.st.Leader = "n3"
	r.want("gone since before it", r.pass(time.Minute+time.Second), "node_lost of n2 began 5m0s ago (2 of 3)")
}

// TestWhoWasAloneAccusesNobody: a node that knew no leader, or was frozen, was itself the one that was lost.
func TestWhoWasAloneAccusesNobody(t *testing.T) {
	r := newRig(t)
	r.st.Leader, r.st.Nodes[1].Alive, r.st.Nodes[2].Alive = "", false, false
	r.pass(time.Hour)
	r.st.Leader = "n1"
	r.want("its outage is over, and gossip takes a moment", r.pass(4*time.Minute), "")
	r.st.Nodes[1].Alive, r.st.Nodes[2].Alive = true, true
	r.want("all are back", r.pass(time.Hour), "")
	r.st.Nodes[1].Alive = false
	r.pass(4 * time.Minute)
	r.now = r.now.Add(time.Hour)
	r.want("it was frozen", r.pass(4*time.Minute), "")
	r.st.Leader = ""
	r.pass(time.Minute)
	r.st.Leader = "n1"
	r.want("it was alone meanwhile", r.pass(4*time.Minute), "")
}

func TestANodeThatIsRemoved(t *testing.T) {
	r := newRig(t)
	r.st.Nodes[1].Alive = false
	r.pass(6 * time.Minute)
	r.st.Nodes = append(r.st.Nodes[:1], r.st.Nodes[2:]...)
	r.want("removed", r.pass(time.Minute), "node_lost ended, quietly: true")
}

func TestADiskThatIsLow(t *testing.T) {
	r := newRig(t)
	r.st.Nodes[2].Disk = "low"
	r.want("for a moment", r.pass(9*time.Second), "")
	r.st.Nodes[2].Disk = "full"
	r.want("low, then full", r.pass(time.Hour), "disk_low of n3 began 10s ago (Less i)")
	r.st.Nodes[2].Disk = "ok"
	r.want("at the brink", r.pass(4*time.Minute), "")
	r.st.Nodes[2].Disk = "low"
	r.pass(time.Minute)
	r.st.Nodes[2].Disk = "ok"
	r.want("room again", r.pass(5*time.Minute), "disk_low ended, quietly: false")
}

func TestAnOutageIsToldOnceItIsOver(t *testing.T) {
	r := newRig(t)
	gap := func(from, to time.Duration) fsm.Gap { return fsm.Gap{From: r.now.Add(-from), To: r.now.Add(-to)} }
	r.known.gaps = []fsm.Gap{gap(5*time.Hour, 4*time.Hour), gap(50*time.Second, 0)}
	r.want("old, or an election", r.pass(time.Minute), "")
	r.known.gaps = append(r.known.gaps, gap(2*time.Minute, 0))
	r.want("it may go on", r.pass(4*time.Second), "")
	r.want("it is over", r.pass(time.Hour), "outage")
}

func TestCertificatesThatExpireSoon(t *testing.T) {
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	self, day := fsm.NodeID{1}, 24*time.Hour
	subject := fsm.SystemSubject{Kind: fsm.SystemCertificate, Node: self, Part: "HTTP"}
	for name, x := range map[string]struct {
		age, left time.Duration
		open      bool
		want      string
	}{
		"fresh":                   {day, 89 * day, false, ""},
		"not renewed":             {77 * day, 13 * day, false, "begin"},
		"told already":            {80 * day, 10 * day, true, ""},
		"expired":                 {91 * day, -day, false, "begin"},
		"renewed":                 {0, 90 * day, true, "end"},
		"a short life":            {2 * day, 4 * day, false, ""},
		"the end of a short life": {5 * day, day, false, "begin"},
	} {
		open := map[fsm.SystemSubject]bool{}
		if x.open {
			open[subject] = true
		}
		got := ""
		for _, cmd := range planCertificates(now, self, "n1", []Certificate{{"HTTP", now.Add(-x.age), now.Add(x.left)}}, open) {
			got += map[fsm.Kind]string{fsm.KindBeginSystem: "begin", fsm.KindEndSystem: "end"}[cmd.Kind()]
		}
		if got != x.want {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
	if cmds := planCertificates(now, self, "n1", nil, map[fsm.SystemSubject]bool{subject: true, {Kind: fsm.SystemCertificate, Node: fsm.NodeID{2}, Part: "HTTP"}: true}); len(cmds) != 1 || !cmds[0].(fsm.EndSystem).Quiet {
		t.Errorf("without TLS: %+v", cmds)
	}
}

func TestCanariesThatAreDue(t *testing.T) {
	now := time.Date(2026, 5, 1, 0, 10, 0, 0, time.UTC)
	c := Canaries{To: []string{"a@example.com", "b@example.com"}, URL: "https://example.com/", Every: time.Hour}
	sent := map[string]int64{"a@example.com": now.Add(-10 * time.Minute).UnixMilli()}
	newest := func(to string) int64 { return sent[to] }
	if cmds := c.due(now, newest); len(cmds) != 1 || cmds[0] != (fsm.SendCanary{To: "b@example.com", Period: sent["a@example.com"], URL: c.URL}) {
		t.Errorf("%+v", cmds)
	}
	if cmds := c.due(now.Add(time.Hour), newest); len(cmds) != 2 {
		t.Errorf("an hour later: %+v", cmds)
	}
	for words, bad := range map[string]Canaries{
		"go together": {To: c.To, Every: time.Hour}, "--canary-every": {To: c.To, URL: c.URL, Every: time.Second}, "address": {To: []string{"nobody"}, URL: c.URL, Every: time.Hour},
	} {
		if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", words, err)
		}
	}
}
