package client

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

var channelKinds = []string{"webhook", "slack", "teams", "discord", "telegram", "ntfy", "pagerduty", "alertmanager", "command"}

// errTestRefused makes 'channels test' fail, after it has shown why.
var errTestRefused = errors.New("the test was not accepted: see to the channel's settings, and to --webhook-allow if it is in a private network")

func channelsCommand(p *cli.Program) *cobra.Command {
	channels := cli.Group("channels", "Manage the channels that alerts go out by, beside mail")
	channels.AddCommand(
		NewCommand(p, "list", "List the channels", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
			return api.Channels(ctx)
		}, showChannels, withStale),
		NewCommand(p, "get CHANNEL", "Show a channel, without its secrets", usage.Needs("CHANNEL"), onID(channelOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
			return api.Channel(ctx, id)
		}), showChannel),
		channelsCreateCommand(p), channelsUpdateCommand(p),
		NewCommand(p, "delete CHANNEL", "Delete a channel; what waits for it fails", usage.Needs("CHANNEL"), onID(channelOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
			return map[string]string{"deleted": id}, api.DeleteChannel(ctx, id)
		}), showWord("deleted")),
		channelsTestCommand(p),
	)
	return channels
}

// channelFlags are the flags of a channel's fields.
type channelFlags struct {
	name           string
	byDefault      bool
	tags, on       []string
	after          flags.Seconds
	settings, read []string
}

func (h *channelFlags) register(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&h.byDefault, "default", false, "tell it of heartbeats for which no channel is chosen otherwise")
	f.Var(flags.ListOf(&h.tags), "tag", "`tags`, with commas between: it is told of heartbeats that have one of them")
	f.Var(flags.ListOf(&h.on), "on", "what it is told of: down, recovered, unheard, with commas between (default: all)")
	f.Var(&h.after, "after", "how `long` an incident must last before it is told, like 30m")
	f.StringArrayVar(&h.settings, "set", nil, "a `NAME=VALUE` of its kind, like url=https://example.com/hook; NAME= takes it away")
	f.StringArrayVar(&h.read, "set-file", nil, "a `NAME=FILE` whose first line is the value, for secrets; - reads standard input")
}

// params are the fields that were given.
func (h *channelFlags) params(f *pflag.FlagSet) (p heartbeat.ChannelParams, err error) {
	after := int(h.after)
	setIfGiven(f, "default", &p.Default, &h.byDefault)
	setIfGiven(f, "tag", &p.Tags, &h.tags)
	setIfGiven(f, "on", &p.On, &h.on)
	setIfGiven(f, "after", &p.AfterSecs, &after)
	setIfGiven(f, "name", &p.Name, &h.name)
	p.Settings = map[string]string{}
	for _, s := range h.settings {
		name, value, found := strings.Cut(s, "=")
		if !found || name == "" {
			return p, usage.Errorf("--set %q is not of the form NAME=VALUE", s)
		}
		p.Settings[name] = value
	}
	for _, s := range h.read {
		name, file, found := strings.Cut(s, "=")
		if !found || name == "" || file == "" {
			return p, usage.Errorf("--set-file %q is not of the form NAME=FILE", s)
		}
		if file == "-" {
			file = "/dev/stdin"
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return p, err
		}
		line, _, _ := strings.Cut(string(text), "\n")
		p.Settings[name] = strings.TrimSuffix(line, "\r")
	}
	return p, nil
}

func channelsCreateCommand(p *cli.Program) *cobra.Command {
	var h channelFlags
	kind := "webhook"
	var c *cobra.Command
	c = NewCommand(p, "create NAME", "Make a channel", usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		params, err := h.params(c.Flags())
		if err != nil {
			return nil, err
		}
		params.Name, params.Kind = &args[0], kind
		return api.CreateChannel(ctx, params)
	}, showChannel)
	c.Flags().Var(flags.OneOf(&kind, channelKinds), "kind", "what it is: "+strings.Join(channelKinds, ", "))
	cli.CompleteWords(c, "kind", channelKinds)
	h.register(c)
	return c
}

func channelsUpdateCommand(p *cli.Program) *cobra.Command {
	var h channelFlags
	var c *cobra.Command
	c = NewCommand(p, "update CHANNEL", "Change a channel; what is not given stays", usage.Needs("CHANNEL"), onID(channelOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		params, err := h.params(c.Flags())
		if err != nil {
			return nil, err
		}
		return api.UpdateChannel(ctx, id, params)
	}), showChannel)
	c.Flags().StringVar(&h.name, "name", "", "another `name`")
	h.register(c)
	return c
}

func channelsTestCommand(p *cli.Program) *cobra.Command {
	accepted := true
	c := NewCommand(p, "test CHANNEL", "Send a test by a channel, and show what the other end answered", usage.Needs("CHANNEL"), onID(channelOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		r, err := api.TestChannel(ctx, id)
		accepted = err != nil || r.Accepted
		return r, err
	}), func(w *term.Table, v any) {
		r := v.(*heartbeat.ChannelTest)
		w.Row(map[bool]string{true: "accepted", false: "NOT ACCEPTED"}[r.Accepted], r.Answer)
	})
	send := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := send(c, args); err != nil || accepted {
			return err
		}
		return errTestRefused
	}
	return c
}

func showChannels(w *term.Table, v any) {
	list := v.([]heartbeat.Channel)
	if len(list) == 0 {
		w.Row("no channels: alerts go out by mail")
		return
	}
	w.Row("NAME", "KIND", "DEFAULT", "TAGS", "ON", "ID")
	for _, c := range list {
		w.Row(term.Free(c.Name), c.Kind, map[bool]string{true: "yes", false: "no"}[c.Default], term.Free(term.OrDash(strings.Join(c.Tags, ","))), strings.Join(c.On, ","), c.ID)
	}
}

func showChannel(w *term.Table, v any) {
	c := v.(*heartbeat.Channel)
	w.Row("ID", c.ID)
	w.Row("Name", term.Free(c.Name))
	w.Row("Kind", c.Kind)
	w.Row("Default", map[bool]string{true: "yes", false: "no"}[c.Default])
	w.Row("Tags", term.Free(term.OrDash(strings.Join(c.Tags, ", "))))
	w.Row("On", strings.Join(c.On, ", "))
	if c.AfterSecs > 0 {
		after := flags.Seconds(c.AfterSecs)
		w.Row("After", after.String())
	}
	for _, name := range slices.Sorted(maps.Keys(c.Settings)) {
		w.Row(name, term.Free(c.Settings[name]))
	}
}

// channelOf returns the ID of the channel that has a word as its ID or name.
func channelOf(ctx context.Context, api *heartbeat.Client, word string) (string, error) {
	if idForm.MatchString(word) {
		return word, nil
	}
	list, err := api.Channels(ctx)
	if err != nil {
		return "", err
	}
	var found []candidate
	for _, c := range list {
		if c.Name == word {
			found = append(found, candidate{c.ID, c.Kind})
		}
	}
	return onlyCandidate("channel with the ID or name", word, found)
}
