package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func (p *program) clientCommands() []*cobra.Command {
	return []*cobra.Command{
		p.createCommand(), p.listCommand(), p.getCommand(), p.updateCommand(),
		p.onOne("pause", "Stop judging a heartbeat; its pings are still recorded", (*heartbeat.Client).Pause),
		p.onOne("resume", "Judge a paused heartbeat again, from now on", (*heartbeat.Client).Resume),
		p.deleteCommand(), p.pingCommand(), p.pingsCommand(),
		p.alertsCommand(), p.keysCommand(), p.clusterCommand(), p.backupCommand(), p.benchCommand(),
		p.runCommand(), p.spoolCommand(), p.carryOutputCommand(),
	}
}

// heartbeatFlags are the writable fields.
type heartbeatFlags struct {
	name, slug, arm string
	interval, grace seconds
	threshold       int
	tags, email     []string
}

func (h *heartbeatFlags) register(f *pflag.FlagSet) {
	f.VarP(&h.interval, "interval", "i", "time between pings, 1s to 366d: 3600, 1h30m, 1d (default 1h)")
	f.VarP(&h.grace, "grace", "g", "how late a ping may be, 0s to 366d (default 5m)")
	f.IntVar(&h.threshold, "miss-threshold", 0, "misses in a row that alert, 1 to 100 (default 2)")
	f.StringVar(&h.slug, "slug", "", "name in URLs, a-z 0-9 _ - (default: made from the name)")
	f.StringVar(&h.arm, "arm", "", "judge from creation (created) or from the first ping (first_ping)")
	f.StringSliceVar(&h.tags, "tag", nil, "`tags`")
	f.StringSliceVar(&h.email, "email", nil, "`addresses` that get its alerts (default: the server's)")
}

func (p *program) createCommand() *cobra.Command {
	var h heartbeatFlags
	var c *cobra.Command
	c = p.client("create NAME", "Create a heartbeat", cobra.ExactArgs(1), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		params := heartbeat.CreateParams{
			Name: args[0], IntervalSecs: int(h.interval), GraceSecs: int(h.grace), MissThreshold: h.threshold, Slug: h.slug, Arm: h.arm, Tags: h.tags, Email: h.email,
		}
		switch {
		case h.grace < 0:
			return nil, usagef("--grace is %s: it must be 0s to 366d", &h.grace)
		case h.grace == 0 && c.Flags().Changed("grace"):
			params.GraceSecs = heartbeat.NoGrace
		}
		return api.Create(ctx, params)
	}, showHeartbeat)
	h.register(c.Flags())
	return c
}

func (p *program) updateCommand() *cobra.Command {
	var h heartbeatFlags
	var c *cobra.Command
	c = p.client("update ID", "Change a heartbeat", cobra.ExactArgs(1), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		var u heartbeat.UpdateParams
		f := c.Flags()
		interval, grace := int(h.interval), int(h.grace)
		given(f, "name", &u.Name, &h.name)
		given(f, "slug", &u.Slug, &h.slug)
		given(f, "arm", &u.Arm, &h.arm)
		given(f, "interval", &u.IntervalSecs, &interval)
		given(f, "grace", &u.GraceSecs, &grace)
		given(f, "miss-threshold", &u.MissThreshold, &h.threshold)
		given(f, "tag", &u.Tags, &h.tags)
		given(f, "email", &u.Email, &h.email)
		if u == (heartbeat.UpdateParams{}) {
			return nil, usagef("nothing to change: see 'quorumbeat update --help' for the flags")
		}
		return api.Update(ctx, args[0], u)
	}, showHeartbeat)
	h.register(c.Flags())
	c.Flags().StringVar(&h.name, "name", "", "new `name`")
	return c
}

// given sets a field of an update if its flag was.
func given[T any](f *pflag.FlagSet, name string, field **T, value *T) {
	if f.Changed(name) {
		*field = value
	}
}

func (p *program) listCommand() *cobra.Command {
	return p.client("list", "List the heartbeats, newest first", cobra.NoArgs, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
		return api.List(ctx)
	}, func(w *tabwriter.Writer, v any) {
		row(w, "ID", "NAME", "STATUS", "INTERVAL", "GRACE", "MISSES", "LAST PING", "NEXT EXPECTED")
		for _, h := range v.([]*heartbeat.Heartbeat) {
			row(w, h.ID, h.Name, h.Status, length(h.IntervalSecs), length(h.GraceSecs), h.ConsecutiveMisses, when(h.LastPingedAt), when(h.NextExpectedAt))
		}
	})
}

func (p *program) getCommand() *cobra.Command {
	return p.onOne("get", "Show a heartbeat", (*heartbeat.Client).Get)
}

// onOne makes a command that takes an ID and answers with a heartbeat.
func (p *program) onOne(name, short string, do func(*heartbeat.Client, context.Context, string) (*heartbeat.Heartbeat, error)) *cobra.Command {
	return p.client(name+" ID", short, cobra.ExactArgs(1), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		return do(api, ctx, args[0])
	}, showHeartbeat)
}

func (p *program) deleteCommand() *cobra.Command {
	return p.client("delete ID", "Delete a heartbeat and its pings", cobra.ExactArgs(1), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		return map[string]string{"deleted": args[0]}, api.Delete(ctx, args[0])
	}, say("deleted"))
}

func (p *program) pingsCommand() *cobra.Command {
	var params heartbeat.PingsParams
	c := p.client("pings ID", "List a heartbeat's newest pings", cobra.ExactArgs(1), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		return api.Pings(ctx, args[0], params)
	}, func(w *tabwriter.Writer, v any) {
		row(w, "PINGED AT", "KIND", "EXIT", "TOOK", "CAME LATE", "ID")
		for _, x := range v.([]*heartbeat.Ping) {
			row(w, when(&x.PingedAt), orDash(x.Kind), number(x.ExitCode), took(x.DurationMs), when(x.ReceivedAt), x.ID)
		}
	})
	c.Flags().IntVar(&params.Limit, "limit", 50, "how many, 1 to 100")
	return c
}

// say prints a word for what was done.
func say(word string) func(*tabwriter.Writer, any) {
	return func(w *tabwriter.Writer, _ any) { row(w, word) }
}

// misses says how many there are in a row, and which one alerts.
func misses(h *heartbeat.Heartbeat) string {
	has := fmt.Sprintf("%d in a row", h.ConsecutiveMisses)
	switch {
	case h.AlertAtMisses == nil: // paused or failing
		return has
	case h.AlertRule == "resumed":
		return has + ", alerts at the next: resumed at " + when(h.ResumedAt)
	case h.AlertRule == "unheard":
		return has + ", alerts at the next: the last was due while no ping could be taken"
	}
	return fmt.Sprintf("%s, alerts at %d", has, *h.AlertAtMisses)
}

func showHeartbeat(w *tabwriter.Writer, v any) {
	h := v.(*heartbeat.Heartbeat)
	row(w, "ID", h.ID)
	row(w, "Name", h.Name)
	row(w, "Status", h.Status)
	row(w, "Interval", length(h.IntervalSecs))
	row(w, "Grace", length(h.GraceSecs))
	row(w, "Misses", misses(h))
	row(w, "Last ping", when(h.LastPingedAt))
	row(w, "Next expected", when(h.NextExpectedAt))
	row(w, "Last alert", when(h.LastAlertAt))
	row(w, "Pings", h.PingsTotal)
	if h.LastExitCode != nil || h.LastDurationMs != nil {
		row(w, "Last run", fmt.Sprintf("exit status %s, took %s", number(h.LastExitCode), took(h.LastDurationMs)))
	}
	if h.Running {
		row(w, "Running since", when(h.StartedAt))
	}
	if len(h.Tags) > 0 {
		row(w, "Tags", strings.Join(h.Tags, ", "))
	}
	if len(h.Email) > 0 {
		row(w, "Email", strings.Join(h.Email, ", "))
	}
	row(w, "Slug", h.Slug)
	row(w, "Token", h.Token)
	row(w, "Ping URL", h.PingURL)
	for _, warning := range h.Warnings {
		row(w, "Warning", warning)
	}
}
