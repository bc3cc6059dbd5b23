package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cluster"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	"github.com/quorumbeat/quorumbeat/fsm"
)

func (p *program) recoverCommand() *cobra.Command {
	var dir string
	var confirmed, asJSON bool
	c := &cobra.Command{
		Use:   "recover",
		Short: "Go on with one node after the majority of a cluster was lost for good",
		Long: "Make the node of a data folder, which must not be running, a cluster of its own. Run it on one survivor only:\n" +
			"the one whose newest entry is the highest. Whatever only the lost nodes had is lost. The lost nodes, and other\n" +
			"survivors, join again with empty data folders; keep their old ones until all is well.",
		Args: usage.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := p.Resolve(c.Flags()); err != nil {
				return err
			}
			p.Warn(c)
			return p.recoverNode(dir, confirmed, asJSON)
		},
	}
	c.Flags().StringVar(&dir, "data-dir", "./data", "the data `folder` of the survivor")
	c.Flags().BoolVar(&confirmed, "the-others-are-gone", false, "do not ask")
	cli.JSONFlag(c.Flags(), &asJSON)
	return c
}

func (p *program) recoverNode(dir string, confirmed, asJSON bool) (err error) {
	r, err := cluster.OpenRecovery(dir, p.offlineLog())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	people := p.Stdout
	if asJSON {
		people = p.Stderr
	}
	fmt.Fprintf(people, "Node %s of cluster %s; its newest entry is %d, of term %d.\n"+
		"It will be the only member. Pings that it had not received are lost, even if they were acknowledged.\n"+
		"If another node of this cluster still runs, or comes back with its old data, there will be two clusters that both alert.\n",
		r.NodeID, r.ClusterID, r.LastIndex, r.LastTerm)
	if !confirmed {
		if err := p.confirm(people, r.NodeID); err != nil {
			return err
		}
	}
	store, err := r.Run()
	if err != nil {
		return err
	}
	n, asOf := countHeartbeats(store), store.LastWall().UTC()
	return p.Tell(asJSON, map[string]any{"heartbeats": n, "as_of": asOf},
		fmt.Sprintf("Recovered: %d heartbeats, as of %s. Start the node, and let others, with empty data folders, --join it.", n, asOf.Format("2006-01-02 15:04:05 UTC")))
}

// confirm has a person type what cannot be typed by habit.
func (p *program) confirm(people io.Writer, node fsm.NodeID) error {
	word := node.String()[:8]
	fmt.Fprintf(people, "Type %s to go on: ", word)
	line, _ := bufio.NewReader(p.Stdin).ReadString('\n')
	if strings.TrimSpace(line) != word {
		return errors.New("not confirmed: nothing was changed")
	}
	return nil
}

// offlineLog tells what goes wrong, and nothing else.
func (p *program) offlineLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(p.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
}
