package selfwatch

import (
	"fmt"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	backFor   = 3 * time.Second  // a node must be back, before that is told
	lowFor    = 10 * time.Second // a disk must be low
	outageMin = time.Minute      // of an outage that is told, unless nodes are lost sooner
	overFor   = 5 * time.Second  // an outage must be over
	oldOutage = time.Hour        // outages that ended before are no news
)

// known is what the state has of the monitor itself.
type known struct {
	self fsm.NodeID // this node is not lost
	open map[fsm.SystemSubject]bool
	told fsm.Gap // the newest outage that was told
	gaps []fsm.Gap
}

// plan returns what a leader has to propose. downAfter 0: lost nodes are not told.
func plan(now time.Time, st cluster.Status, s *sight, k known, downAfter time.Duration) (cmds []fsm.Command) {
	members := map[fsm.NodeID]bool{}
	for _, n := range st.Nodes {
		members[n.ID] = true
		if x := s.nodes[n.ID]; x != nil {
			cmds = append(cmds, planLost(now, st, n, x, k, downAfter)...)
			cmds = append(cmds, planDisk(now, n, x, k, settle(downAfter))...)
		}
	}
	for subject := range k.open {
		if len(members) > 0 && !subject.Node.IsZero() && !members[subject.Node] {
			cmds = append(cmds, fsm.EndSystem{Subject: subject, Detail: "The node was removed from the cluster.", Quiet: true})
		}
	}
	return append(cmds, planOutage(now, k, downAfter)...)
}

// settle is for how long a disk must have room again: what is at the brink must not tell again and again.
func settle(downAfter time.Duration) time.Duration {
	if downAfter == 0 || downAfter > 5*time.Minute {
		return 5 * time.Minute
	}
	return downAfter
}

func planLost(now time.Time, st cluster.Status, n cluster.NodeStatus, x *sighting, k known, downAfter time.Duration) []fsm.Command {
	subject := fsm.SystemSubject{Kind: fsm.SystemNodeLost, Node: n.ID}
	switch {
	case !k.open[subject] && n.ID != k.self && downAfter > 0 && x.gone >= downAfter:
		return []fsm.Command{fsm.BeginSystem{Subject: subject, Node: n.Name, Since: now.Add(-x.gone).UnixMilli(), Detail: whatIsLeft(st)}}
	case k.open[subject] && x.back >= backFor:
		return []fsm.Command{fsm.EndSystem{Subject: subject, Detail: whatIsLeft(st)}}
	}
	return nil
}

// whatIsLeft says what the loss of a node means.
func whatIsLeft(st cluster.Status) string {
	voters, alive := 0, 0
	for _, n := range st.Nodes {
		if n.Voter {
			voters++
			if n.Alive {
				alive++
			}
		}
	}
	words := fmt.Sprintf("%d of %d voting nodes are alive", alive, voters)
	switch spare := alive - (voters/2 + 1); {
	case alive == voters:
		return words + "."
	case spare == 0:
		return words + ": if one more is lost, no ping can be taken. Start it again, or replace it."
	default:
		return fmt.Sprintf("%s: %d more may be lost before no ping can be taken. Start it again, or replace it.", words, spare)
	}
}

func planDisk(now time.Time, n cluster.NodeStatus, x *sighting, k known, settle time.Duration) []fsm.Command {
	subject := fsm.SystemSubject{Kind: fsm.SystemDiskLow, Node: n.ID}
	switch {
	case !k.open[subject] && x.low >= lowFor:
		return []fsm.Command{fsm.BeginSystem{Subject: subject, Node: n.Name, Since: now.Add(-x.low).UnixMilli(), Detail: "Less is free than --disk-reserve says: bodies of pings are dropped, and below half of it the node takes no pings. Make room."}}
	case k.open[subject] && n.Alive && x.roomAgain >= settle:
		return []fsm.Command{fsm.EndSystem{Subject: subject, Detail: "Its disk has room again."}}
	}
	return nil
}

// planOutage tells of the newest outage that is over.
func planOutage(now time.Time, k known, downAfter time.Duration) []fsm.Command {
	least := outageMin
	if downAfter > 0 {
		least = min(least, downAfter)
	}
	for _, g := range k.gaps {
		over := now.Sub(g.To)
		if g.To.Sub(g.From) < least || over < overFor || over > oldOutage || !g.From.After(k.told.To) && !g.To.Before(k.told.From) {
			continue
		}
		return []fsm.Command{fsm.TellOutage{From: g.From.UnixMilli(), To: g.To.UnixMilli(), Detail: "A majority of the nodes was lost, or none of them could be reached. Jobs are not called failed for it; those that were due then are told as unheard."}}
	}
	return nil
}
