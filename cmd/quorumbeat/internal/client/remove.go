package client

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// removeNode shows what the removal of a node does to the majority, asks unless yes is
// set, and removes it by its ID.
func removeNode(p *cli.Program, ctx context.Context, api *heartbeat.Client, nameOrID string, yes bool) (any, error) {
	c, err := api.Cluster(ctx)
	if err != nil {
		return nil, err
	}
	n, err := findNode(c.Nodes, nameOrID)
	if err != nil {
		return nil, err
	}
	fmt.Fprint(p.Stderr, removalPlan(c.Nodes, n))
	if after := votersWithout(c.Nodes, n.ID); n.Voter && !after.majority() {
		return nil, fmt.Errorf("%s was not removed: the living voters would be no majority, and the cluster would stop; start other nodes first, or see 'quorumbeat cluster recover'", n.Name)
	}
	if !yes {
		if err := p.AskYes("Remove " + n.Name + "?"); err != nil {
			return nil, err
		}
	}
	return map[string]string{"removed": n.ID, "name": n.Name}, api.RemoveNode(ctx, n.ID)
}

// findNode looks a node up by ID, or by a name that only one has.
func findNode(nodes []heartbeat.Node, nameOrID string) (*heartbeat.Node, error) {
	var found []*heartbeat.Node
	var ids, names []string
	for i := range nodes {
		n := &nodes[i]
		if n.ID == nameOrID {
			return n, nil
		}
		names = append(names, n.Name)
		if n.Name == nameOrID {
			found, ids = append(found, n), append(ids, n.ID)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		slices.Sort(names)
		return nil, fmt.Errorf("no node of the cluster is called %q: there are %s", nameOrID, strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("%d nodes are called %q: give the ID of one of them, %s", len(found), nameOrID, strings.Join(ids, " or "))
}

// voterCount is counted for the question whether they can go on.
type voterCount struct{ all, living int }

func (v voterCount) needed() int    { return v.all/2 + 1 }
func (v voterCount) majority() bool { return v.living >= v.needed() }

func (v voterCount) String() string {
	may := fmt.Sprintf("%d more may fail", max(v.living-v.needed(), 0))
	if !v.majority() {
		may = "no majority"
	}
	return fmt.Sprintf("%d voters, %d alive, %d needed: %s", v.all, v.living, v.needed(), may)
}

// votersWithout counts the voters but one; "" counts all.
func votersWithout(nodes []heartbeat.Node, id string) (v voterCount) {
	for _, n := range nodes {
		if !n.Voter || n.ID == id {
			continue
		}
		v.all++
		if n.Alive {
			v.living++
		}
	}
	return v
}

// removalPlan tells what a removal does.
func removalPlan(nodes []heartbeat.Node, n *heartbeat.Node) string {
	state := "is dead"
	if n.Alive {
		state = "is alive"
	}
	return fmt.Sprintf("%s (%s) %s; its data folder cannot come back.\n  now:   %v\n  after: %v\n",
		n.Name, n.ID, state, votersWithout(nodes, ""), votersWithout(nodes, n.ID))
}

func nodeNames(ctx context.Context, api *heartbeat.Client) (names []cobra.Completion, err error) {
	cluster, err := api.Cluster(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range cluster.Nodes {
		names = append(names, cobra.CompletionWithDesc(n.Name, n.ID))
	}
	return names, nil
}
