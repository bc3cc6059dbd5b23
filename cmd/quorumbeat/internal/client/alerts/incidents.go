package alerts

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func incidentsCommand(p *cli.Program) *cobra.Command {
	c := listIncidentsCommand(p, "incidents")
	c.AddCommand(
		listIncidentsCommand(p, "list"),
		getIncidentCommand(p),
		ackCommand(p), snoozeCommand(p), unackCommand(p),
	)
	return c
}

// getIncidentCommand was called show once.
func getIncidentCommand(p *cli.Program) *cobra.Command {
	c := call.NewCommand(p, "get INCIDENT", "Show what happened in one: by ID, or a heartbeat's open one", usage.Needs("INCIDENT"), call.OnID(incidentOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		return api.Incident(ctx, id)
	}), showIncident, call.WithStale, call.CompleteHeartbeat)
	c.Aliases = []string{"show"}
	return c
}

func listIncidentsCommand(p *cli.Program, use string) *cobra.Command {
	params := heartbeat.IncidentsParams{Limit: 100}
	c := call.NewCommand(p, use, "List the newest incidents, and how far their alerts got", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (_ any, err error) {
		chosen := params
		if chosen.HeartbeatID, err = call.HeartbeatIfGiven(ctx, api, chosen.HeartbeatID); err != nil {
			return nil, err
		}
		return api.Incidents(ctx, chosen)
	}, showIncidents, call.WithStale, call.WithWide, call.WithHeartbeat(&params.HeartbeatID))
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
		cells := []any{term.ColumnTime(&in.Since), shortState(&in), term.Free(term.OrDash(in.HeartbeatName)), in.Reason, alertsOf(in)}
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
	c := call.NewCommand(p, "ack INCIDENT", "Say that somebody sees to an incident: only its end is told", usage.Needs("INCIDENT"), call.OnID(incidentOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		return api.AckIncident(ctx, id, params)
	}), func(w *term.Table, v any) { w.Row(term.Free(shortState(v.(*heartbeat.Incident)))) }, call.CompleteHeartbeat)
	c.Aliases = []string{"acknowledge"}
	whoFlags(c, &params)
	return c
}

func snoozeCommand(p *cli.Program) *cobra.Command {
	var params heartbeat.AckParams
	length, until := flags.Seconds(3600), ""
	var c *cobra.Command
	c = call.NewCommand(p, "snooze INCIDENT", "Silence an incident for a time; then people are told again", usage.Needs("INCIDENT"), call.OnID(incidentOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		d, err := snoozeLength(c, length, until, time.Now())
		if err != nil {
			return nil, err
		}
		return api.SnoozeIncident(ctx, id, d, params)
	}), func(w *term.Table, v any) { w.Row("snoozed until " + term.Time(v.(*heartbeat.Incident).SnoozedUntil)) }, call.CompleteHeartbeat)
	c.Flags().Var(&length, "for", "how `long`, 1s to 30d, like 2h")
	c.Flags().StringVar(&until, "until", "", "until a `time` instead: 08:00 (the next one here), '2026-05-02 08:00', 2026-05-02T08:00:00Z")
	whoFlags(c, &params)
	return c
}

const longestSnooze = 30 * 86400 // s

// snoozeLength is how long to be silent, as --for or --until say.
func snoozeLength(c *cobra.Command, length flags.Seconds, until string, now time.Time) (time.Duration, error) {
	f := c.Flags()
	switch {
	case f.Changed("for") && f.Changed("until"):
		return 0, usage.Errorf("--for and --until say different things: give one of them")
	case f.Changed("until"):
		end, err := call.TimeToCome(until, now)
		if err != nil {
			return 0, err
		}
		if d := end.Sub(now); d < time.Second || d > longestSnooze*time.Second {
			return 0, usage.Errorf("--until is %s: it must be 1s to 30d from now", until)
		}
		return (end.Sub(now) + time.Second - 1).Truncate(time.Second), nil // until 08:00, not 07:59:59
	case length < 1 || length > longestSnooze:
		return 0, usage.Errorf("--for is %s: it must be 1s to 30d", &length)
	}
	return time.Duration(length) * time.Second, nil
}

func unackCommand(p *cli.Program) *cobra.Command {
	var by string
	c := call.NewCommand(p, "unack INCIDENT", "Take that back: people are told again at once", usage.Needs("INCIDENT"), call.OnID(incidentOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		return api.UnackIncident(ctx, id, by)
	}), call.ShowWord("taken back"), call.CompleteHeartbeat)
	c.Aliases = []string{"unacknowledge"}
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
	w.Row("State", StateOfIncident(in))
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
	if len(in.Story) > 0 {
		w.Row()
	}
	for _, e := range in.Story {
		w.Row(term.Time(&e.At), term.Folded(happened(e)))
	}
	if in.StoryLeftOut > 0 {
		w.Row("", fmt.Sprintf("%d more events are no longer kept", in.StoryLeftOut))
	}
}

// shortState is the state of an incident in a list: who sees to it, or until when it is silent.
func shortState(in *heartbeat.Incident) string {
	switch {
	case in.SnoozedUntil != nil:
		return "snoozed until " + term.ColumnTime(in.SnoozedUntil)
	case in.AcknowledgedAt != nil && in.AcknowledgedBy != nil && *in.AcknowledgedBy != "":
		return "acknowledged by " + *in.AcknowledgedBy
	case in.AcknowledgedAt != nil:
		return "acknowledged"
	}
	return in.State
}

// StateOfIncident says whether an incident is open, and who sees to it.
func StateOfIncident(in *heartbeat.Incident) string {
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
	add("by %s", e.Reason)
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
	id, err := call.HeartbeatOf(ctx, api, word)
	if err != nil {
		return "", orBadID(err, word, "in_", "an incident, like in_0123456789abcdef01234567_1")
	}
	h, err := api.Get(ctx, id)
	switch {
	case err != nil:
		return "", err
	case h.Incident == nil:
		return "", cli.Failure(fmt.Sprintf("%s has no open incident: it is %s", term.Printable(h.Name), h.Status), "not_found")
	}
	return h.Incident.ID, nil
}

var incidentForm = regexp.MustCompile(`^in_[0-9a-f]{24}_[0-9]+$`)
