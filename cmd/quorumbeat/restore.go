package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cluster"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	"github.com/quorumbeat/quorumbeat/fsm"
)

func (p *program) restoreCommand() *cobra.Command {
	var dir string
	var asJSON bool
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a data folder of a backup, for a new cluster's first node",
		Long: "Make a data folder of a backup. 'quorumbeat serve' on it is a new cluster of one node, in which every ping URL\n" +
			"still works; further nodes join it with empty folders and --join. Time since the backup counts against no deadline.\n" +
			"Make sure that the old cluster is gone for good: otherwise both alert.",
		Args: usage.Needs("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := p.Resolve(c.Flags()); err != nil {
				return err
			}
			p.Warn(c)
			f, err := os.Open(args[0])
			if err != nil {
				return usage.Errorf("the backup cannot be read: %w", err)
			}
			defer f.Close()
			id, err := cluster.Restore(dir, bufio.NewReaderSize(f, 1<<20), p.offlineLog())
			if errors.Is(err, fsm.ErrCorrupt) {
				return fmt.Errorf("%s is no backup of quorumbeat, or one that is damaged or cut off", args[0])
			}
			if err != nil {
				return err
			}
			return p.Tell(asJSON, map[string]string{"data_dir": dir, "cluster_id": id.String()},
				fmt.Sprintf("restored to %s as the new cluster %s; start it with\n  quorumbeat serve --data-dir %s …\nand let further nodes, with empty data folders, --join it", dir, id, dir))
		},
	}
	c.Flags().StringVar(&dir, "data-dir", "./data", "the data `folder` to make; it must be empty or missing")
	cli.JSONFlag(c.Flags(), &asJSON)
	return c
}
