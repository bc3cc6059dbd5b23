package alerts

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
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/weekly"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// errTestRefused makes 'channels test' fail, after it has shown why.
var errTestRefused = errors.New("the test was not accepted: see to the channel's settings, and to --webhook-allow if it is in a private network")

func channelsCommand(p *cli.Program) *cobra.Command {
	channels := call.Group("channels", "Manage the channels that alerts go out by", "list", func(use string) *cobra.Command {
		return call.NewCommand(p, use, "List the channels", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
			return api.Channels(ctx)
		}, showChannels, call.WithStale, call.WithWide)
	})
	channels.AddCommand(
		call.NewCommand(p, "get CHANNEL", "Show a channel, without its secrets", usage.Needs("CHANNEL"), call.OnID(channelOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
			return api.Channel(ctx, id)
		}), showChannel, call.CompleteNames(call.ChannelNames)),
		channelsCreateCommand(p), channelsUpdateCommand(p),
		call.NewCommand(p, "delete CHANNEL", "Delete a channel; what waits for it fails", usage.Needs("CHANNEL"), call.OnID(channelOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
			return map[string]string{"deleted": id}, api.DeleteChannel(ctx, id)
		}), call.ShowWord("deleted"), call.CompleteNames(call.ChannelNames)),
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
	hours          string
	settings, read []string
}

func (h *channelFlags) register(p *cli.Program, c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&h.byDefault, "default", false, "tell it of heartbeats for which no channel is chosen otherwise")
	f.Var(flags.ListOf(&h.tags), "tag", "`tags`, with commas between: it is told of heartbeats that have one of them")
	f.Var(flags.ListOf(&h.on), "on", "what it is told of: down, recovered, unheard, with commas between (default: all)")
	f.Var(&h.after, "after", "how `long` an incident must last before it is told, like 30m")
	f.StringVar(&h.hours, "hours", "", "`when` it is told, like \"mon-fri 08:00-18:00 Europe/Berlin\", several with ; between; always: at any time")
	f.StringArrayVar(&h.settings, "set", nil, "a `NAME=VALUE` of its kind, like url=https://example.com/hook; NAME= takes it away")
	f.StringArrayVar(&h.read, "set-file", nil, "a `NAME=FILE` whose first line is the value, for secrets; - reads standard input")
	call.CompleteFlag(p, c, "tag", call.TagNames)
	cli.CompleteWords(c, "on", []string{"down", "recovered", "unheard"})
}

// params are the fields that were given.
func (h *channelFlags) params(f *pflag.FlagSet) (p heartbeat.ChannelParams, err error) {
	after := int(h.after)
	call.SetIfGiven(f, "default", &p.Default, &h.byDefault)
	call.SetIfGiven(f, "tag", &p.Tags, &h.tags)
	call.SetIfGiven(f, "on", &p.On, &h.on)
	call.SetIfGiven(f, "after", &p.AfterSecs, &after)
	call.SetIfGiven(f, "name", &p.Name, &h.name)
	if f.Changed("hours") {
		if p.Hours, err = readHours(h.hours); err != nil {
			return p, err
		}
	}
	p.Settings = map[string]string{}
	for _, s := range h.settings {
		name, value, found := strings.Cut(s, "=")
		if !found || name == "" {
			return p, usage.Errorf("a --set is not of the form NAME=VALUE: it has no = after a name") // it may be a secret: say no more
		}
		p.Settings[name] = value
	}
	for _, s := range h.read {
		name, file, found := strings.Cut(s, "=")
		if !found || name == "" || file == "" {
			return p, usage.Errorf("a --set-file is not of the form NAME=FILE: it lacks the name, or the file")
		}
		if file == "-" {
			file = "/dev/stdin"
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return p, usage.Errorf("--set-file %s: %w", name, err)
		}
		line, _, _ := strings.Cut(string(text), "\n")
		p.Settings[name] = strings.TrimSuffix(line, "\r")
	}
	return p, nil
}

// shortHours writes hours as people do.
func shortHours(h heartbeat.Hours) string {
	text := strings.Join(h.Days, ",") + " " + h.From + "-" + h.To + " " + h.TZ
	if read, err := weekly.Parse(text); err == nil {
		return read.Short()
	}
	return text // of a node that knows more than this program
}

// readHours reads hours as people write them.
func readHours(text string) (*[]heartbeat.Hours, error) {
	var list []heartbeat.Hours
	if text == "always" {
		return &list, nil
	}
	parsed, err := weekly.Parse(text)
	switch {
	case err != nil:
		return nil, usage.Errorf("--hours: %v", err)
	case len(parsed) == 0:
		return nil, usage.Errorf("--hours is empty; give times like \"mon-fri 08:00-18:00 Europe/Berlin\", or always")
	}
	for _, e := range parsed {
		list = append(list, heartbeat.Hours{Days: e.Days, From: weekly.WriteTime(e.From), To: weekly.WriteTime(e.To), TZ: e.TZ})
	}
	return &list, nil
}

func channelsCreateCommand(p *cli.Program) *cobra.Command {
	var h channelFlags
	kind := "webhook"
	var c *cobra.Command
	c = call.NewCommand(p, "create NAME", "Make a channel", usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		params, err := h.params(c.Flags())
		if err != nil {
			return nil, err
		}
		params.Name, params.Kind = &args[0], kind
		return api.CreateChannel(ctx, params)
	}, showChannel)
	c.Flags().Var(flags.OneOf(&kind, kinds.Names()), "kind", "what it is: "+strings.Join(kinds.Names(), ", "))
	cli.CompleteWords(c, "kind", kinds.Names())
	h.register(p, c)
	completeSettings(c, func(*cobra.Command, []string) string { return kind })
	return c
}

func channelsUpdateCommand(p *cli.Program) *cobra.Command {
	var h channelFlags
	var c *cobra.Command
	c = call.NewCommand(p, "update CHANNEL", "Change a channel; what is not given stays", usage.Needs("CHANNEL"), call.OnID(channelOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		params, err := h.params(c.Flags())
		if err != nil {
			return nil, err
		}
		return api.UpdateChannel(ctx, id, params)
	}), showChannel, call.CompleteNames(call.ChannelNames))
	c.Flags().StringVar(&h.name, "name", "", "another `name`")
	h.register(p, c)
	completeSettings(c, func(c *cobra.Command, args []string) string { return kindOfChannel(p, c, args) })
	return c
}

func channelsTestCommand(p *cli.Program) *cobra.Command {
	accepted := true
	c := call.NewCommand(p, "test CHANNEL", "Send a test by a channel, and show what the other end answered", usage.Needs("CHANNEL"), call.OnID(channelOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		r, err := api.TestChannel(ctx, id)
		accepted = err != nil || r.Accepted
		return r, err
	}), func(w *term.Table, v any) {
		r := v.(*heartbeat.ChannelTest)
		w.Row(map[bool]string{true: "accepted", false: "NOT ACCEPTED"}[r.Accepted], r.Answer)
	}, call.CompleteNames(call.ChannelNames))
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
	head := []any{"NAME", "KIND", "DEFAULT", "TAGS", "ON"}
	if w.Wide {
		head = append(head, "AFTER", term.TimeHead("CHANGED"), "ID")
	}
	w.Row(head...)
	for _, c := range list {
		cells := []any{term.Free(c.Name), c.Kind, map[bool]string{true: "yes", false: "no"}[c.Default], term.Free(term.OrDash(strings.Join(c.Tags, ","))), strings.Join(c.On, ",")}
		if w.Wide {
			cells = append(cells, term.Seconds(c.AfterSecs), term.ColumnTime(&c.UpdatedAt), c.ID)
		}
		w.Row(cells...)
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
	for _, h := range c.Hours {
		w.Row("Hours", shortHours(h))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Settings)) {
		w.Row(name, term.Free(c.Settings[name]))
	}
}

// channelOf returns the ID of the channel that has a word as its ID or name.
func channelOf(ctx context.Context, api *heartbeat.Client, word string) (string, error) {
	if call.IDForm.MatchString(word) {
		return word, nil
	}
	list, err := api.Channels(ctx)
	if err != nil {
		return "", err
	}
	var found []call.Candidate
	for _, c := range list {
		if c.Name == word {
			found = append(found, call.Candidate{ID: c.ID, About: c.Kind})
		}
	}
	return call.OnlyCandidate("channel with the ID or name", word, found)
}
