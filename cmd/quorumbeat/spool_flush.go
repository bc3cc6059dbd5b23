package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// flusher delivers what a spool holds, the oldest first.
type flusher struct {
	say    func(string, ...any)
	client func(entry) *heartbeat.Client // who delivers an entry; nil: nobody here
	dead   map[string]bool               // addresses that do not answer
	why    error                         // the newest reason for which something is left
}

// flushed is what came of it.
type flushed struct {
	Delivered int `json:"delivered"`
	Dropped   int `json:"dropped"` // too old, refused or damaged
	Left      int `json:"left"`
}

func (f *flusher) flush(ctx context.Context, s *spool) (res flushed, err error) {
	f.dead = map[string]bool{}
	for _, dir := range s.dirs() {
		if isThere(dir) {
			err = errors.Join(err, f.flushDir(ctx, dir, &res))
		}
	}
	return res, err
}

func (f *flusher) flushDir(ctx context.Context, dir string, res *flushed) error {
	if err := checkSpool(dir); err != nil {
		return err
	}
	all, _, err := listSpool(dir)
	if err != nil || len(all) == 0 {
		return err
	}
	unlock, err := lockSpool(dir)
	if err != nil {
		return fmt.Errorf("%s is not delivered: %w", dir, err)
	}
	defer unlock()
	for _, k := range all {
		f.deliver(ctx, k, res)
	}
	return nil
}

// deliver sends one entry and removes it, unless it may still come through later.
func (f *flusher) deliver(ctx context.Context, k kept, res *flushed) {
	e, err := k.read()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case errors.Is(err, fs.ErrPermission):
		res.Left++
		return
	case err != nil:
		f.drop(k, res, "%s is damaged and dropped: %v", k.path, err)
		return
	case time.Since(e.at()) > spoolMaxAge:
		f.drop(k, res, "the report of a run that ended at %s is dropped: the monitor takes none that is over 24 hours old", e.at().Local().Format(time.DateTime))
		return
	}
	api := f.client(e)
	if api == nil || f.dead[e.URL] || ctx.Err() != nil {
		res.Left++
		return
	}
	switch err := f.send(ctx, api, e); {
	case err == nil:
		_ = os.Remove(k.path)
		res.Delivered++
	case heartbeat.IsInvalid(err):
		// Of all that an entry says only its time can be wrong: the clock here may be fast.
		f.why = err
		res.Left++
	case heartbeat.IsRefused(err):
		f.drop(k, res, "the monitor refused the report of a run that ended at %s, it is dropped: %v", e.at().Local().Format(time.DateTime), err)
	default:
		f.dead[e.URL], f.why = true, err // what comes next would not come through, either
		res.Left++
	}
}

func (f *flusher) send(ctx context.Context, api *heartbeat.Client, e entry) error {
	for _, s := range e.Signals {
		if time.Since(s.At) > spoolMaxAge {
			continue // the start of a long run
		}
		if err := e.tell(ctx, api, s, true); err != nil {
			return err
		}
	}
	return nil
}

func (f *flusher) drop(k kept, res *flushed, why string, args ...any) {
	_ = os.Remove(k.path)
	res.Dropped++
	f.say(why, args...)
}

func (p *program) spoolCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "spool", Short: "See to what 'quorumbeat run' could not tell the monitor", Args: usage.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.spoolFlushCommand())
	return c
}

func (p *program) spoolFlushCommand() *cobra.Command {
	var s spool
	var settings clientSettings
	c := &cobra.Command{
		Use: "flush", Short: "Tell the monitor of what it was not told, with its own time", Args: usage.NoArguments,
		Long: "Tell the monitor of the runs that it was not told of, each with its own time, at the address that the run\n" +
			"had. Exit status 0 means that nothing is left.",
	}
	s.register(c.Flags())
	c.Flags().StringVar(&settings.url, "url", "", "send all to this `address` instead (QUORUMBEAT_URL is not asked)")
	c.Flags().BoolVar(&settings.json, "json", false, "print JSON for programs")
	c.RunE = func(c *cobra.Command, _ []string) error {
		url := settings.url // not of the environment: entries know where they belong
		if err := p.resolve(c.Flags()); err != nil {
			return err
		}
		f, err := p.flusher(url)
		if err != nil {
			return err
		}
		res, err := f.flush(c.Context(), &s)
		if err != nil {
			return err
		}
		if err := p.print(&settings, res, func(w *term.Table, _ any) {
			w.Row(fmt.Sprintf("%d delivered, %d dropped, %d left", res.Delivered, res.Dropped, res.Left))
		}); err != nil {
			return err
		}
		if res.Left > 0 {
			return fmt.Errorf("%d reports are left, try again later: %w", res.Left, orElse(f.why, errNotMine))
		}
		return nil
	}
	return c
}

// errNotMine is why something is left that was not even tried.
var errNotMine = errors.New("they cannot be read, or their address is not valid")

func orElse(err, other error) error {
	if err == nil {
		return other
	}
	return err
}

// flusher delivers all that there is, to url if there is one.
func (p *program) flusher(url string) (*flusher, error) {
	if url != "" {
		if _, err := newClient(url, ""); err != nil {
			return nil, err
		}
	}
	clients := map[string]*heartbeat.Client{}
	return &flusher{
		say: func(format string, args ...any) {
			fmt.Fprintf(p.stderr, "quorumbeat: %s\n", oneLine(fmt.Sprintf(format, args...)))
		},
		client: func(e entry) *heartbeat.Client {
			to := e.URL
			if url != "" {
				to = url
			}
			if clients[to] == nil {
				clients[to], _ = newClient(to, "", heartbeat.WithRetries(clientRetries))
			}
			return clients[to]
		},
	}, nil
}
