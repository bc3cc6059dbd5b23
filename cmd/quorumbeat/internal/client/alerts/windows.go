package alerts

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	"github.com/quorumbeat/quorumbeat/fsm"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func windowsCommand(p *cli.Program) *cobra.Command {
	windows := call.Group("windows", "Plan maintenance: nobody is told then what fails", "list", func(use string) *cobra.Command {
		return call.NewCommand(p, use, "List the maintenance windows", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
			return api.Windows(ctx)
		}, showWindows, call.WithStale, call.WithWide)
	})
	windows.AddCommand(
		windowsCreateCommand(p),
		call.NewCommand(p, "delete WINDOW", "Delete a maintenance window; what it kept back is told at once", usage.Needs("WINDOW"), call.OnID(windowOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
			return map[string]string{"deleted": id}, api.DeleteWindow(ctx, id)
		}), call.ShowWord("deleted"), call.CompleteNames(windowNames)),
	)
	return windows
}

// windowFlags say for which heartbeats a window is, and when.
type windowFlags struct {
	tags, schedule []string
	from, to, tz   string
	length         flags.Seconds
}

func windowsCreateCommand(p *cli.Program) *cobra.Command {
	var h windowFlags
	c := call.NewCommand(p, "create NAME", "Plan a maintenance window, once or by a schedule", usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		params, err := h.params(args[0], time.Now())
		if err != nil {
			return nil, err
		}
		return api.CreateWindow(ctx, params)
	}, showNewWindow)
	f := c.Flags()
	f.Var(flags.ListOf(&h.tags), "tag", "`tags`, with commas between: it is for the heartbeats that have one of them")
	f.StringVar(&h.from, "from", "", "when it begins, a `time` like 2026-12-01T22:00:00+01:00 (default: now)")
	f.StringVar(&h.to, "to", "", "when it ends, a `time`; or --for")
	f.Var(&h.length, "for", "how `long` it is, like 2h; of a schedule: each time")
	f.StringArrayVar(&h.schedule, "schedule", nil, "it begins whenever a cron `expression` or systemd calendar time says; may be given several times")
	f.StringVar(&h.tz, "tz", "", "time `zone` of the schedule, like Europe/Berlin (default: UTC)")
	call.CompleteFlag(p, c, "tag", call.TagNames)
	cli.CompleteZone(c)
	return c
}

// params are what the flags say at a time.
func (h *windowFlags) params(name string, now time.Time) (p heartbeat.WindowParams, err error) {
	p = heartbeat.WindowParams{Name: name, Tags: h.tags, TZ: h.tz}
	switch {
	case len(h.tags) == 0:
		return p, usage.Errorf("--tag is missing: a window is for the heartbeats that have one of its tags")
	case len(h.schedule) > 0 && (h.from != "" || h.to != ""):
		return p, usage.Errorf("--schedule says when it begins, so --from and --to cannot be given; --for says how long it is")
	case len(h.schedule) > 0 && h.length == 0:
		return p, usage.Errorf("--for is missing: how long the window is each time, like 2h")
	case len(h.schedule) > 0 && h.length > fsm.MaxWindowSecs:
		return p, usage.Errorf("--for is %s; with --schedule it must be at most %s", term.Seconds(int(h.length)), term.Seconds(fsm.MaxWindowSecs))
	case len(h.schedule) > 0:
		p.Schedule, p.ForSecs = h.schedule, int(h.length)
		return p, nil
	case h.tz != "":
		return p, usage.Errorf("--tz is of a --schedule, and there is none: times of --from and --to have their zone with them")
	case (h.to == "") == (h.length == 0):
		return p, usage.Errorf("give either --to or --for")
	case h.length > fsm.MaxWindowLength/1000:
		return p, usage.Errorf("--for is %s; it must be at most %s", term.Seconds(int(h.length)), term.Seconds(fsm.MaxWindowLength/1000))
	}
	from := now
	if h.from != "" {
		if from, err = timeOf("--from", h.from); err != nil {
			return p, err
		}
		p.From = &from
	}
	to := from.Add(time.Duration(h.length) * time.Second)
	if h.to != "" {
		to, err = timeOf("--to", h.to)
	}
	p.To = &to
	return p, err
}

func timeOf(flag, text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, usage.Errorf("%s is %q; it must be a time like 2026-12-01T22:00:00+01:00", flag, text)
	}
	return t, nil
}

func showNewWindow(w *term.Table, v any) {
	x := v.(*heartbeat.Window)
	showWindows(w, []heartbeat.Window{*x})
	for _, words := range x.Warnings {
		w.Row()
		w.Row(term.Free("Mind: " + words + "."))
	}
}

func showWindows(w *term.Table, v any) {
	list := v.([]heartbeat.Window)
	if len(list) == 0 {
		w.Row("no maintenance windows")
		return
	}
	head := []any{"NAME", "TAGS", "NOW", term.TimeHead("BEGINS"), term.TimeHead("ENDS"), "SCHEDULE"}
	if w.Wide {
		head = append(head, "ID")
	}
	w.Row(head...)
	for _, x := range list {
		when := "once"
		if len(x.Schedule) > 0 {
			when = strings.Join(x.Schedule, "; ") + " (" + x.TZ + ") for " + term.Seconds(x.ForSecs)
		}
		state := map[bool]string{true: "on", false: "off"}[x.On]
		if x.BeginsAt == nil && len(x.Schedule) == 0 {
			state = "over"
		}
		cells := []any{term.Free(x.Name), term.Free(strings.Join(x.Tags, ",")), state, term.ColumnTime(x.BeginsAt), term.ColumnTime(x.EndsAt), term.Free(when)}
		if w.Wide {
			cells = append(cells, x.ID)
		}
		w.Row(cells...)
	}
}

// windowOf returns the ID of the window that has a word as its ID or name.
func windowOf(ctx context.Context, api *heartbeat.Client, word string) (string, error) {
	if call.IDForm.MatchString(word) {
		return word, nil
	}
	list, err := api.Windows(ctx)
	if err != nil {
		return "", err
	}
	var found []call.Candidate
	for _, x := range list {
		if x.Name == word {
			found = append(found, call.Candidate{ID: x.ID, About: strings.Join(x.Tags, ", ")})
		}
	}
	return call.OnlyCandidate("maintenance window with the ID or name", word, found)
}

func windowNames(ctx context.Context, api *heartbeat.Client) (names []cobra.Completion, err error) {
	windows, err := api.Windows(ctx)
	for _, x := range windows {
		names = append(names, cobra.CompletionWithDesc(x.Name, "tags "+strings.Join(x.Tags, ", ")))
	}
	return names, err
}
