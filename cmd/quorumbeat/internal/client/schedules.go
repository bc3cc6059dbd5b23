package client

import (
	"context"
	"fmt"
	"slices"
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

func previewCommand(p *cli.Program) *cobra.Command {
	params := heartbeat.PreviewParams{Count: 5}
	c := call.NewCommand(p, "preview SCHEDULE...", "Tell when a cron expression or a calendar time fires next", usage.NeedsSome("SCHEDULE..."), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		chosen := params
		chosen.Schedule = args
		return api.PreviewSchedule(ctx, chosen)
	}, showPreview)
	c.Flags().StringVar(&params.TZ, "tz", "", "time `zone` of the schedule, like Europe/Berlin (default UTC)")
	c.Flags().Var(flags.Between(&params.Count, 1, 100), "count", "how many times, 1 to 100")
	cli.CompleteZone(c)
	return c
}

func showPreview(w *term.Table, v any) {
	p := v.(*heartbeat.SchedulePreview)
	w.Row(term.Free(p.Description + " (" + p.TZ + ")"))
	zone, err := time.LoadLocation(p.TZ)
	for _, t := range p.Times {
		if err == nil { // else this machine does not know the zone
			t = t.In(zone)
		}
		w.Row(t.Format("Mon 2006-01-02 15:04:05 -0700"))
	}
	w.Row(term.Free("by the rules of time zones of " + p.TZData))
}

func suggestCommand(p *cli.Program) *cobra.Command {
	var params heartbeat.SuggestParams
	var interval, grace, maxRun, minRun flags.Seconds
	var c *cobra.Command
	c = call.NewCommand(p, "suggest NAME", "Tell which settings a heartbeat's pings suggest", usage.Needs("NAME"), call.OnID(call.HeartbeatOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		chosen := params
		chosen.IntervalSecs, chosen.GraceSecs = int(interval), int(grace)
		chosen.MaxRunSecs, chosen.MinRunSecs = int(maxRun), int(minRun)
		if grace == 0 && c.Flags().Changed("grace") {
			chosen.GraceSecs = heartbeat.NoGrace
		}
		return api.Suggest(ctx, id, chosen)
	}), showSuggestions, call.CompleteHeartbeat, call.WithStale)
	f := c.Flags()
	f.VarP(&interval, "interval", "i", "try this interval")
	f.VarP(&grace, "grace", "g", "try this grace")
	f.Lookup("interval").DefValue, f.Lookup("grace").DefValue = "", ""
	f.Var(flags.Between(&params.MissThreshold, 1, 100), "miss-threshold", "try this number of misses in a row that alert")
	f.Var(flags.Between(&params.FailureThreshold, 1, 100), "failure-threshold", "try this number of reported failures in a row that alert")
	f.Var(&maxRun, "max-run", "try this limit of a run")
	f.Var(&minRun, "min-run", "try this least length of a run")
	for _, name := range []string{"miss-threshold", "failure-threshold", "max-run", "min-run"} {
		f.Lookup(name).DefValue = ""
	}
	f.StringArrayVar(&params.Schedule, "schedule", nil, "try this `expression` of cron or calendar time; may be repeated")
	f.StringVar(&params.TZ, "tz", "", "time `zone` of --schedule, and one to look for suggestions in")
	cli.CompleteZone(c)
	return c
}

func showSuggestions(w *term.Table, v any) {
	s := v.(*heartbeat.Suggestions)
	if len(s.Suggestions) == 0 {
		w.Row(fmt.Sprintf("no suggestion: it takes %d good runs; stored pings: %d", s.Needs, s.Pings))
		w.Row() // what follows has columns of its own
	}
	for i, x := range s.Suggestions {
		if i > 0 {
			w.Row("")
		}
		showSuggestion(w, x)
	}
	if len(s.Suggestions) > 0 {
		w.Row("")
	}
	w.Row("as it is", "", wouldHave(s.Current))
	if s.Tried != nil {
		w.Row("as tried", "", wouldHave(*s.Tried))
	}
	if slices.ContainsFunc(s.Suggestions, func(x heartbeat.Suggestion) bool { return x.TZ != nil }) {
		w.Row("time zones", s.TZData)
	}
}

func showSuggestion(w *term.Table, x heartbeat.Suggestion) {
	what := x.Description
	if x.TZ != nil {
		what += " (" + *x.TZ + ")"
	}
	w.Row(x.Sure, term.Free(what), wouldHave(x.Trial))
	for _, line := range asFlags(x) {
		w.Row("", line)
	}
}

// asFlags are the flags of 'quorumbeat update' that set a suggestion, some a line.
func asFlags(x heartbeat.Suggestion) (lines []string) {
	for _, e := range x.Schedule {
		lines = append(lines, "--schedule '"+e+"'")
	}
	if x.TZ != nil && *x.TZ != "UTC" {
		lines = append(lines, "--tz "+*x.TZ)
	}
	if x.IntervalSecs != nil {
		lines = append(lines, "--interval "+term.Seconds(*x.IntervalSecs))
	}
	words := []string{"--grace " + term.Seconds(x.GraceSecs)}
	if x.MaxRunSecs != nil {
		words = append(words, "--max-run "+term.Seconds(*x.MaxRunSecs))
	}
	if x.MinRunSecs != nil {
		words = append(words, "--min-run "+term.Seconds(*x.MinRunSecs))
	}
	return append(lines, strings.Join(words, " "))
}

func wouldHave(t heartbeat.Trial) string {
	alerts := fmt.Sprintf("%d alerts", t.Alerts)
	if t.Alerts == 1 {
		alerts = "1 alert"
	}
	return alerts + " in " + daysInWords(t.Days)
}

// daysInWords says how long a history is, in hours where it has no two days.
func daysInWords(days float64) string {
	switch {
	case days < 0.1:
		return "less than 3 hours"
	case days < 2:
		return fmt.Sprintf("%.0f hours", days*24)
	}
	return fmt.Sprintf("%.0f days", days)
}
