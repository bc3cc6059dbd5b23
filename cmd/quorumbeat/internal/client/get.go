package client

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/alerts"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	"github.com/quorumbeat/quorumbeat/fsm"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func getCommand(p *cli.Program) *cobra.Command {
	return heartbeatCommand(p, "get", "Show a heartbeat", (*heartbeat.Client).Get, call.WithStale)
}

// heartbeatCommand makes a command that takes a heartbeat and answers with it.
func heartbeatCommand(p *cli.Program, name, short string, do func(*heartbeat.Client, context.Context, string) (*heartbeat.Heartbeat, error), options ...call.Option) *cobra.Command {
	return call.NewCommand(p, name+" NAME", short, usage.Needs("NAME"), call.OnID(call.HeartbeatOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		return do(api, ctx, id)
	}), showHeartbeat, append(options, call.CompleteHeartbeat)...)
}

func deleteCommand(p *cli.Program) *cobra.Command {
	return call.NewCommand(p, "delete NAME", "Delete a heartbeat and its pings", usage.Needs("NAME"), call.OnID(call.HeartbeatOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		return map[string]string{"deleted": id}, api.Delete(ctx, id)
	}), call.ShowWord("deleted"), call.CompleteHeartbeat)
}

func showHeartbeat(w *term.Table, v any) {
	h := v.(*heartbeat.Heartbeat)
	w.Row("ID", h.ID)
	w.Row("Name", term.Folded(h.Name))
	w.Row("Status", statusInWords(h))
	showExpected(w, h)
	showIncident(w, h)
	showRuns(w, h)
	showList(w, "Tags", h.Tags)
	showList(w, "Depends on", h.DependsOn)
	showList(w, "Notify", h.Notify)
	showList(w, "Email", h.Email)
	for _, about := range [][2]string{{"Owner", h.Owner}, {"Runbook", h.RunbookURL}, {"Description", strings.Join(strings.Fields(h.Description), " ")}} {
		if about[1] != "" {
			w.Row(about[0], term.Folded(about[1]))
		}
	}
	w.Row("Slug", h.Slug)
	if h.Token != "" { // a key that only reads sees none
		w.Row("Token", h.Token)
		w.Row() // the URL is longer than what a terminal has left beside a word
		w.Row("Ping URL")
		w.Row(h.PingURL)
	}
	for _, warning := range h.Warnings {
		w.Row()
		w.Row("Warning: " + warning)
	}
}

// showExpected shows when pings are expected, and what alerts.
func showExpected(w *term.Table, h *heartbeat.Heartbeat) {
	next := term.Time(h.NextExpectedAt)
	if len(h.Schedule) > 0 {
		w.Row("Schedule", term.Folded(strings.Join(h.Schedule, "; ")))
		w.Row("Time zone", h.TZ)
		next = term.TimeIn(h.NextExpectedAt, h.TZ)
	} else {
		w.Row("Interval", term.Seconds(h.IntervalSecs))
	}
	w.Row("Grace", term.Seconds(h.GraceSecs))
	w.Row("Misses", missesInWords(h))
	if h.FailureThreshold > 1 {
		w.Row("Failures", fmt.Sprintf("alert at %d reported in a row", h.FailureThreshold))
	}
	if limits := runLimits(h); limits != "" {
		w.Row("A run takes", limits)
	}
	w.Row("Last ping", term.Time(h.LastPingedAt))
	w.Row("Next expected", next)
}

// showIncident shows what was told, and is told again.
func showIncident(w *term.Table, h *heartbeat.Heartbeat) {
	w.Row("Last alert", term.Time(h.LastAlertAt))
	if in := h.Incident; in != nil {
		w.Row("Incident", alerts.StateOfIncident(&heartbeat.Incident{State: "open since " + term.Time(&in.Since), AcknowledgedBy: in.AcknowledgedBy, AcknowledgedAt: in.AcknowledgedAt, SnoozedUntil: in.SnoozedUntil}))
	}
	if every := h.RemindEverySecs; every != nil && *every == 0 {
		w.Row("Reminders", "none")
	} else if every != nil {
		w.Row("Reminders", "every "+term.Seconds(*every))
	}
}

// showRuns shows how the last run went, and what is asked of each.
func showRuns(w *term.Table, h *heartbeat.Heartbeat) {
	w.Row("Pings", h.PingsTotal)
	if h.LastExitCode != nil || h.LastDurationMs != nil {
		w.Row("Last run", fmt.Sprintf("exit status %s, took %s", term.Number(h.LastExitCode), term.Took(h.LastDurationMs)))
	}
	showList(w, "Checks", h.Checks)
	for _, c := range h.Checks {
		if words := fsm.MindCheck(c); words != "" {
			w.Row("", term.Free("mind "+c+": "+words))
		}
	}
	if len(h.Metrics) > 0 {
		w.Row("Numbers", term.Folded(inWords(h.Metrics)))
	}
	if h.Running {
		w.Row("Running since", term.Time(h.StartedAt))
	}
}

func showList(w *term.Table, title string, list []string) {
	if len(list) > 0 {
		w.Row(title, term.Folded(strings.Join(list, ", ")))
	}
}

// statusInWords says when a pause ends by itself, too.
func statusInWords(h *heartbeat.Heartbeat) string {
	switch {
	case h.PausedUntil != nil:
		return h.Status + " until " + term.Time(h.PausedUntil)
	case h.Late:
		return h.Status + ", late"
	}
	return h.Status
}

// runLimits says how long a run may take; "" if the grace alone says it.
func runLimits(h *heartbeat.Heartbeat) string {
	var words []string
	if h.MinRunSecs != nil {
		words = append(words, "at least "+term.Seconds(*h.MinRunSecs))
	}
	if h.MaxRunSecs != nil {
		words = append(words, "at most "+term.Seconds(*h.MaxRunSecs))
	}
	return strings.Join(words, ", ")
}

// inWords lists numbers by their names.
func inWords(numbers map[string]float64) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		out = append(out, name+" "+fsm.FormatNumber(numbers[name]))
	}
	return strings.Join(out, ", ")
}

// missesInWords says how many there are in a row, and which one alerts.
func missesInWords(h *heartbeat.Heartbeat) string {
	has := fmt.Sprintf("%d in a row", h.ConsecutiveMisses)
	switch {
	case h.AlertAtMisses == nil: // paused or failing
		return has
	case h.AlertRule == "resumed":
		return has + ", the next alerts: resumed " + term.Time(h.ResumedAt)
	case h.AlertRule == "unheard":
		return has + ", the next alerts: one was due while none could be taken"
	}
	return fmt.Sprintf("%s, alerts at %d", has, *h.AlertAtMisses)
}
