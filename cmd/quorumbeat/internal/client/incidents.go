package client

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func incidentsCommand(p *cli.Program) *cobra.Command {
	c := listIncidentsCommand(p, "incidents")
	c.AddCommand(
		listIncidentsCommand(p, "list"),
		NewCommand(p, "show INCIDENT", "Show what happened in one: by ID, or a heartbeat's open one", usage.Needs("INCIDENT"), onID(incidentOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
			return api.Incident(ctx, id)
		}), showIncident, withStale, completeHeartbeat),
		ackCommand(p), snoozeCommand(p), unackCommand(p),
	)
	return c
}

func listIncidentsCommand(p *cli.Program, use string) *cobra.Command {
	params := heartbeat.IncidentsParams{Limit: 100}
	c := NewCommand(p, use, "List the newest incidents, and how far their alerts got", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (_ any, err error) {
		chosen := params
		if chosen.HeartbeatID != "" {
			chosen.HeartbeatID, err = heartbeatOf(ctx, api, chosen.HeartbeatID)
		}
		if err != nil {
			return nil, err
		}
		return api.Incidents(ctx, chosen)
	}, showIncidents, withStale, withWide, withHeartbeat(&params.HeartbeatID))
	c.Flags().BoolVar(&params.Open, "open", false, "only those that go on")
	c.Flags().Var(flags.Between(&params.Limit, 1, 1000), "limit", "how many, 1 to 1000")
	return c
}

func showIncidents(w *term.Table, v any) {
	incidents := v.([]heartbeat.Incident)
	if len(incidents) == 0 {
		w.Row("no incidents")
		return
	}
	head := []any{term.TimeHead("SINCE"), "STATE", "HEARTBEAT", "REASON", "ALERTS"}
	if w.Wide {
		head = append(head, term.TimeHead("ENDED"), "ID")
	}
	w.Row(head...)
	for _, in := range incidents {
		cells := []any{term.ColumnTime(&in.Since), in.State, term.Free(term.OrDash(in.HeartbeatName)), in.Reason, alertsOf(in)}
		if w.Wide {
			cells = append(cells, term.ColumnTime(in.EndedAt), in.ID)
		}
		w.Row(cells...)
	}
}

// alertsOf tells how many of an incident's alerts were sent, and what is amiss with others.
func alertsOf(in heartbeat.Incident) string {
	count := map[string]int{}
	for _, a := range in.Alerts {
		count[a.State]++
	}
	words := fmt.Sprintf("%d of %d sent", count["sent"], len(in.Alerts)-count["cancelled"])
	for _, state := range []string{"failed", "held"} {
		if n := count[state]; n > 0 {
			words += fmt.Sprintf(", %d %s", n, state)
		}
	}
	return words
}

func ackCommand(p *cli.Program) *cobra.Command {
	var params heartbeat.AckParams
	c := NewCommand(p, "ack INCIDENT", "Say that somebody sees to an incident: only its end is told", usage.Needs("INCIDENT"), onID(incidentOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		return api.AckIncident(ctx, id, params)
	}), showWord("acknowledged"), completeHeartbeat)
	whoFlags(c, &params)
	return c
}

func snoozeCommand(p *cli.Program) *cobra.Command {
	var params heartbeat.AckParams
	length := flags.Seconds(3600)
	c := NewCommand(p, "snooze INCIDENT", "Silence an incident for a time; then people are told again", usage.Needs("INCIDENT"), onID(incidentOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		if length < 1 || length > longestSnooze {
			return nil, usage.Errorf("--for is %s: it must be 1s to 30d", &length)
		}
		return api.SnoozeIncident(ctx, id, time.Duration(length)*time.Second, params)
	}), func(w *term.Table, v any) { w.Row("snoozed until " + term.Time(v.(*heartbeat.Incident).SnoozedUntil)) }, completeHeartbeat)
	c.Flags().Var(&length, "for", "how `long`, 1s to 30d, like 2h")
	whoFlags(c, &params)
	return c
}

const longestSnooze = 30 * 86400 // s

func unackCommand(p *cli.Program) *cobra.Command {
	var by string
	c := NewCommand(p, "unack INCIDENT", "Take that back: people are told again at once", usage.Needs("INCIDENT"), onID(incidentOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		return api.UnackIncident(ctx, id, by)
	}), showWord("taken back"), completeHeartbeat)
	c.Flags().StringVar(&by, "by", "", "`who` does it (default: the name of the key)")
	return c
}

func whoFlags(c *cobra.Command, params *heartbeat.AckParams) {
	c.Flags().StringVar(&params.By, "by", "", "`who` sees to it (default: the name of the key)")
	c.Flags().StringVar(&params.Note, "note", "", "what others should know, up to 500 characters")
}

func showIncident(w *term.Table, v any) {
	in := v.(*heartbeat.Incident)
	w.Row("Heartbeat", term.Free(in.HeartbeatName))
	w.Row("State", stateOfIncident(in))
	w.Row("Reason", in.Reason)
	w.Row("Since", term.Time(&in.Since))
	if in.EndedAt != nil {
		w.Row("Ended", term.Time(in.EndedAt)+", "+in.EndedBy)
	}
	w.Row("Misses", in.Misses)
	w.Row("Failures", in.Failures)
	if in.NextReminderAt != nil {
		w.Row("Told again", term.Time(in.NextReminderAt))
	}
	for _, e := range in.Story {
		w.Row(term.Time(&e.At), term.Free(happened(e)))
	}
	if in.StoryLeftOut > 0 {
		w.Row("", fmt.Sprintf("%d more events are no longer kept", in.StoryLeftOut))
	}
}

func stateOfIncident(in *heartbeat.Incident) string {
	words := in.State
	if in.AcknowledgedAt != nil {
		words += ", acknowledged by " + term.OrDash(*in.AcknowledgedBy)
	}
	if in.SnoozedUntil != nil {
		words += ", snoozed until " + term.Time(in.SnoozedUntil)
	}
	return words
}

// happened is an event in words.
func happened(e heartbeat.IncidentEvent) string {
	words := []string{e.Event}
	add := func(format, s string) {
		if s != "" {
			words = append(words, fmt.Sprintf(format, s))
		}
	}
	add("%s", e.Reason)
	add("%s", e.Alert)
	add("to %s:", e.To)
	add("%s", e.State)
	if e.ExitCode != nil {
		words = append(words, fmt.Sprintf("exit status %d", *e.ExitCode))
	}
	add("it %s", e.Broke)
	add("%s", e.Fields)
	if e.Until != nil {
		add("until %s", term.Time(e.Until))
	}
	add("by %s", e.By)
	add("(%s)", e.Note)
	return strings.Join(words, " ")
}

// incidentOf returns the ID of an incident: the word itself, or the one that the heartbeat has
// open that it names.
func incidentOf(ctx context.Context, api *heartbeat.Client, word string) (string, error) {
	if incidentForm.MatchString(word) {
		return word, nil
	}
	id, err := heartbeatOf(ctx, api, word)
	if err != nil {
		return "", err
	}
	h, err := api.Get(ctx, id)
	switch {
	case err != nil:
		return "", err
	case h.Incident == nil:
		return "", usage.Errorf("%s has no open incident: it is %s", term.Printable(h.Name), h.Status)
	}
	return h.Incident.ID, nil
}

var incidentForm = regexp.MustCompile(`^in_[0-9a-f]{24}_[0-9]+$`)
