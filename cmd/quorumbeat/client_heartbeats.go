package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func (p *program) clientCommands() []*cobra.Command {
	return []*cobra.Command{
		p.createCommand(), p.ensureCommand(), p.listCommand(), p.getCommand(), p.updateCommand(),
		p.onOne("pause", "Stop judging a heartbeat; its pings are still recorded", (*heartbeat.Client).Pause),
		p.onOne("resume", "Judge a paused heartbeat again, from now on", (*heartbeat.Client).Resume),
		p.deleteCommand(), p.pingCommand(), p.pingsCommand(),
		p.alertsCommand(), p.keysCommand(), p.clusterCommand(), p.backupCommand(), p.benchCommand(),
		p.runCommand(), p.spoolCommand(), p.carryOutputCommand(),
	}
}

func (p *program) createCommand() *cobra.Command {
	var h heartbeatFlags
	var c *cobra.Command
	c = p.client("create NAME", "Create a heartbeat", usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		params, err := h.params(c.Flags())
		if err != nil {
			return nil, err
		}
		params.Name = args[0]
		return api.Create(ctx, params)
	}, showHeartbeat)
	c.Long = "Create a heartbeat. Each call makes another one; a script that may run again takes 'quorumbeat ensure'."
	c.Example = "  quorumbeat create nightly-backup --interval 1d --grace 1h"
	h.register(c, withDefaults)
	return c
}

func (p *program) ensureCommand() *cobra.Command {
	var h heartbeatFlags
	var c *cobra.Command
	c = p.client("ensure SLUG", "Create a heartbeat unless it is there, else change it", usage.Needs("SLUG"),
		func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
			params, err := h.params(c.Flags())
			if err != nil {
				return nil, err
			}
			params.Name = h.name
			return api.Ensure(ctx, args[0], params)
		}, showHeartbeat)
	c.Long = "Create the heartbeat of a slug unless there is one; then give it what the flags say, and leave the rest as it is.\n" +
		"For scripts and deployments: however often it is called, and on how many machines, there is one heartbeat."
	c.Example = "  quorumbeat ensure nightly-backup --interval 1d --grace 1h"
	h.register(c, withDefaults)
	c.Flags().Lookup("slug").Hidden = true
	c.Flags().StringVar(&h.name, "name", "", "what people call it (default: of a new one the slug)")
	return c
}

func (p *program) updateCommand() *cobra.Command {
	var h heartbeatFlags
	var c *cobra.Command
	c = p.client("update NAME", "Change a heartbeat", usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		u, err := h.changes(c.Flags())
		if err != nil {
			return nil, err
		}
		id, err := heartbeatOf(ctx, api, args[0])
		if err != nil {
			return nil, err
		}
		return api.Update(ctx, id, u)
	}, showHeartbeat, ofHeartbeat)
	h.register(c, withoutDefaults)
	c.Flags().StringVar(&h.name, "name", "", "new `name`")
	return c
}

func (p *program) listCommand() *cobra.Command {
	var params heartbeat.ListParams
	c := p.client("list", "List the heartbeats, newest first", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
		return api.ListMatching(ctx, params)
	}, showHeartbeats, reads, lists)
	f := c.Flags()
	f.Var(flags.OneOf(&params.Status, statuses), "status", "only those that are active, failing or paused")
	f.StringVar(&params.Tag, "tag", "", "only those with this `tag`")
	f.StringVarP(&params.Query, "query", "q", "", "only those with this `text` in their name or slug, in any case")
	completeWords(c, "status", statuses)
	return c
}

var statuses = []string{heartbeat.StatusActive, heartbeat.StatusFailing, heartbeat.StatusPaused}

func (p *program) getCommand() *cobra.Command {
	return p.onOne("get", "Show a heartbeat", (*heartbeat.Client).Get, reads)
}

// onOne makes a command that takes a heartbeat and answers with it.
func (p *program) onOne(name, short string, do func(*heartbeat.Client, context.Context, string) (*heartbeat.Heartbeat, error), options ...clientOption) *cobra.Command {
	return p.client(name+" NAME", short, usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		id, err := heartbeatOf(ctx, api, args[0])
		if err != nil {
			return nil, err
		}
		return do(api, ctx, id)
	}, showHeartbeat, append(options, ofHeartbeat)...)
}

func (p *program) deleteCommand() *cobra.Command {
	return p.client("delete NAME", "Delete a heartbeat and its pings", usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		id, err := heartbeatOf(ctx, api, args[0])
		if err != nil {
			return nil, err
		}
		return map[string]string{"deleted": id}, api.Delete(ctx, id)
	}, say("deleted"), ofHeartbeat)
}

func (p *program) pingsCommand() *cobra.Command {
	params := heartbeat.PingsParams{Limit: 50}
	var bodies bool
	c := p.client("pings NAME", "List a heartbeat's newest pings", usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		id, err := heartbeatOf(ctx, api, args[0])
		if err != nil {
			return nil, err
		}
		return api.Pings(ctx, id, params)
	}, func(w *term.Table, v any) {
		if bodies {
			showBodies(w, v.([]*heartbeat.Ping))
		} else {
			showPings(w, v.([]*heartbeat.Ping))
		}
	}, ofHeartbeat, reads, lists)
	c.Flags().Var(flags.Between(&params.Limit, 1, 100), "limit", "how many, 1 to 100")
	c.Flags().BoolVar(&bodies, "body", false, "show all that came with each ping, not only its first line")
	return c
}
