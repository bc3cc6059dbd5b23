package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cluster/durable"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// saved is what `backup` tells.
type saved struct {
	File       string `json:"file"`
	Heartbeats int    `json:"heartbeats"`
}

func (p *program) backupCommand() *cobra.Command {
	c := call.NewCommand(&p.Program, "backup FILE", "Save a cluster's state to a file; \"-\" is the standard output", usage.Needs("FILE"),
		func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
			if args[0] == "-" {
				_, err := download(ctx, api, p.Stdout)
				return nil, err
			}
			n, err := saveBackup(ctx, api, args[0])
			return saved{args[0], n}, err
		},
		func(w *term.Table, v any) {
			s := v.(saved)
			w.Row(fmt.Sprintf("%d heartbeats saved to %s; it holds their ping URLs: keep it secret", s.Heartbeats, s.File))
		})
	c.Long = "Save heartbeats with their ping URLs and histories, keys (hashed), settings and alerts, as they are now.\n" +
		"The file is checked before it gets its name. See 'quorumbeat restore'."
	return c
}

func saveBackup(ctx context.Context, api *heartbeat.Client, file string) (heartbeats int, err error) {
	err = writeNew(file, func(to io.Writer) (err error) {
		heartbeats, err = download(ctx, api, to)
		return err
	})
	return heartbeats, err
}

// writeNew writes a new file, which is whole and on disk, or is not there.
func writeNew(file string, write func(io.Writer) error) error {
	if _, err := os.Stat(file); err == nil {
		return usage.Errorf("%s exists: choose another name, for a backup replaces nothing", file)
	}
	dir := filepath.Dir(file)
	tmp, err := os.CreateTemp(dir, filepath.Base(file)+".*.tmp") // of mode 0600
	if errors.Is(err, fs.ErrNotExist) {
		return usage.Errorf("the backup cannot be written: there is no folder %s", dir)
	}
	if err != nil {
		return fmt.Errorf("the backup cannot be written to %s: %w", dir, errors.Unwrap(err))
	}
	defer os.Remove(tmp.Name())
	if err = errors.Join(write(tmp), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), file); err != nil { // unlike a rename, it replaces nothing
		return fmt.Errorf("the backup cannot be written: %w", err)
	}
	return durable.Sync(dir)
}

// download copies an image to a writer, and reads it as `restore` would.
func download(ctx context.Context, api *heartbeat.Client, to io.Writer) (heartbeats int, err error) {
	body, err := api.Backup(ctx)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	store := store.New()
	if err := store.Restore(io.TeeReader(body, to)); err != nil {
		return 0, fmt.Errorf("the backup did not arrive whole: %w; try again", err)
	}
	return countHeartbeats(store), nil
}

func countHeartbeats(s *store.Store) int {
	t := s.Totals()
	return t.Active + t.Failing + t.Paused
}
