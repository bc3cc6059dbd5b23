package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cluster/salvage"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

func (p *program) salvageCommand() *cobra.Command {
	var out string
	var asJSON bool
	c := &cobra.Command{
		Use:   "salvage DIR",
		Short: "Save what can be proven of a damaged data folder, as a backup",
		Long: "Save the newest state that a data folder proves, as a backup that 'quorumbeat restore' takes, and tell what is missing.\n" +
			"The node must not run. Its folder is only read: it may be damaged, and its log, journal, snapshots or node.json may be\n" +
			"missing. If other nodes of the cluster have a majority they have everything, and this is not needed: let the node join\n" +
			"again with an empty folder.",
		Args: usage.Needs("DIR"),
		RunE: func(_ *cobra.Command, args []string) error { return p.salvage(args[0], out, asJSON) },
	}
	cli.JSONFlag(c.Flags(), &asJSON)
	c.Flags().StringVar(&out, "out", "salvaged.backup", "the `file` to write; it must not exist")
	return c
}

// salvaged is what `salvage` tells programs.
type salvaged struct {
	File       string    `json:"file"`
	Heartbeats int       `json:"heartbeats"`
	Pings      uint64    `json:"pings"`
	AsOf       time.Time `json:"as_of"`
	Index      uint64    `json:"index"`   // of the newest entry
	Guessed    int       `json:"guessed"` // entries that were found where the log does not keep them any more
	Missing    []string  `json:"missing"` // what is known not to be in it
}

func (p *program) salvage(dir, out string, asJSON bool) error {
	store, found, err := salvage.Read(dir)
	if err != nil {
		if found != nil && !asJSON {
			p.tellMissing(found)
		}
		return err
	}
	err = writeNew(out, func(to io.Writer) error {
		_, err := store.Snapshot().WriteTo(to)
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		return p.PrintJSON(salvaged{out, countHeartbeats(store), store.Totals().Pings, store.LastWall().UTC(), found.Index, found.Guessed, found.Notes})
	}
	fmt.Fprintf(p.Stdout, "Saved to %s: %s, as of %s (entry %d).\n", out, countedInWords(store), store.LastWall().UTC().Format("2006-01-02 15:04:05 UTC"), found.Index)
	p.tellMissing(found)
	_, err = fmt.Fprintf(p.Stdout, "Keep %s until all is well. 'quorumbeat restore %s' makes a new cluster of what was saved.\n", dir, out)
	return err
}

func countedInWords(store *store.Store) string {
	return fmt.Sprintf("%d heartbeats, %d pings", countHeartbeats(store), store.Totals().Pings)
}

// tellMissing says how sure the saved state is, and what is not in it.
func (p *program) tellMissing(found *salvage.Found) {
	for _, note := range found.Notes {
		fmt.Fprintln(p.Stdout, note)
	}
	if found.Guessed > 0 {
		fmt.Fprintf(p.Stdout, "%d entries were found, with their checksums, where the log does not keep them any more.\n", found.Guessed)
	}
	if len(found.Notes) == 0 {
		fmt.Fprintln(p.Stdout, "Nothing else is known to be missing.")
	}
	fmt.Fprintln(p.Stdout, "The last entries may be some that no majority had. A damaged last write looks like one that was cut off, and is not told.")
}
