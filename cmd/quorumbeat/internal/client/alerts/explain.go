package alerts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func explainCommand(p *cli.Program) *cobra.Command {
	return call.NewCommand(p, "explain HEARTBEAT", "Tell who is told of a heartbeat now, by what, when, and why not", usage.Needs("HEARTBEAT"), call.OnID(call.HeartbeatOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		return api.Explain(ctx, id)
	}), showExplanation, call.WithStale, call.WithWide, call.CompleteHeartbeat)
}

func showExplanation(w *term.Table, v any) {
	x := v.(*heartbeat.Explanation)
	for _, line := range linesOf(x) {
		w.Row(term.Folded(line))
	}
	rows := x.Targets
	if w.Wide {
		rows = slices.Concat(x.Targets, x.Overruled)
	}
	if len(rows) > 0 {
		w.Row()
		w.Row("TOLD", "WHO", "BY", "BECAUSE", "WHEN, OR WHY NOT")
	}
	for _, t := range rows {
		w.Row(toldWord(x, t), term.Free(t.Recipient), t.Channel, term.Free(t.Because), term.Folded(whenOrWhyNot(x, t)))
	}
	if n := len(x.Overruled); n > 0 && !w.Wide {
		w.Row()
		w.Row(term.Folded(fmt.Sprintf("Not used, for others are chosen: %s", strings.Join(namesOf(x.Overruled), ", "))))
	}
}

// linesOf say what goes for all targets.
func linesOf(x *heartbeat.Explanation) (lines []string) {
	state := fmt.Sprintf("%s is %s", x.HeartbeatName, x.Status)
	switch {
	case x.Incident != nil:
		state += " since " + term.Time(&x.Incident.Since)
	case x.AlertsAt != nil:
		state += ", and alerts at " + term.Time(x.AlertsAt) + " if no ping comes"
	}
	lines = append(lines, state+".")
	if s := x.Silent; s != nil {
		line := "Nobody is told now: " + s.Words
		if s.By != nil {
			line += ", by " + *s.By
		}
		if s.Until != nil {
			line += ", until " + term.Time(s.Until)
		}
		lines = append(lines, line+".")
	}
	switch {
	case x.NextReminderAt == nil:
	case slices.ContainsFunc(x.Targets, func(t heartbeat.ExplainedTarget) bool { return t.Alert != nil && t.Alert.State == "sent" }):
		lines = append(lines, "It is told again at "+term.Time(x.NextReminderAt)+".")
	default:
		lines = append(lines, "A reminder is due at "+term.Time(x.NextReminderAt)+", for who has been told by then.")
	}
	return lines
}

func toldWord(x *heartbeat.Explanation, t heartbeat.ExplainedTarget) string {
	switch {
	case !t.Told:
		return "no"
	case t.Alert != nil && t.Alert.State == "sent":
		return "yes"
	case len(t.WaitsFor) > 0:
		return "later"
	case x.Incident != nil:
		return "now"
	}
	return "at once"
}

// whenOrWhyNot is what there is to say of one target.
func whenOrWhyNot(x *heartbeat.Explanation, t heartbeat.ExplainedTarget) string {
	var parts []string
	switch {
	case !t.Told:
		parts = append(parts, t.Words)
	case t.Alert != nil && t.Alert.State == "sent":
		parts = append(parts, "told "+term.Time(t.At))
	case t.At != nil && x.Incident == nil:
		parts = append(parts, "in "+term.Seconds(int(max(0, time.Until(*t.At).Round(time.Second).Seconds()))))
	case t.At != nil:
		parts = append(parts, "at "+term.Time(t.At))
	}
	for _, wait := range t.WaitsFor {
		parts = append(parts, wait.Words)
	}
	if t.Alert != nil && t.Alert.Error != "" {
		parts = append(parts, t.Alert.Error)
	}
	if t.Trouble != "" && !strings.Contains(strings.Join(parts, ""), t.Trouble) {
		parts = append(parts, "trouble: "+t.Trouble)
	}
	return term.OrDash(strings.Join(parts, "; "))
}

func namesOf(list []heartbeat.ExplainedTarget) (names []string) {
	for _, t := range list {
		names = append(names, t.Recipient)
	}
	return names
}
