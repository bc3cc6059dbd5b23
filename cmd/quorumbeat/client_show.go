package main

import (
	"fmt"
	"strings"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/length"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func showHeartbeats(w *term.Table, v any) {
	all := v.([]*heartbeat.Heartbeat)
	if len(all) == 0 {
		w.Row("no heartbeats")
		return
	}
	head := []any{"NAME", "STATUS", "EVERY", "MISSES", term.TimeHead("LAST PING"), term.TimeHead("NEXT")}
	if w.Wide {
		head = append(head, "GRACE", "SLUG", "TAGS", "ID")
	}
	w.Row(head...)
	for _, h := range all {
		cells := []any{term.Free(h.Name), h.Status, term.Seconds(h.IntervalSecs), h.ConsecutiveMisses, term.ColumnTime(h.LastPingedAt), term.ColumnTime(h.NextExpectedAt)}
		if w.Wide {
			cells = append(cells, term.Seconds(h.GraceSecs), h.Slug, term.OrDash(strings.Join(h.Tags, ",")), h.ID)
		}
		w.Row(cells...)
	}
}

func showHeartbeat(w *term.Table, v any) {
	h := v.(*heartbeat.Heartbeat)
	w.Row("ID", h.ID)
	w.Row("Name", term.Folded(h.Name))
	w.Row("Status", h.Status)
	w.Row("Interval", term.Seconds(h.IntervalSecs))
	w.Row("Grace", term.Seconds(h.GraceSecs))
	w.Row("Misses", misses(h))
	w.Row("Last ping", term.Time(h.LastPingedAt))
	w.Row("Next expected", term.Time(h.NextExpectedAt))
	w.Row("Last alert", term.Time(h.LastAlertAt))
	w.Row("Pings", h.PingsTotal)
	if h.LastExitCode != nil || h.LastDurationMs != nil {
		w.Row("Last run", fmt.Sprintf("exit status %s, took %s", term.Number(h.LastExitCode), term.Took(h.LastDurationMs)))
	}
	if h.Running {
		w.Row("Running since", term.Time(h.StartedAt))
	}
	if len(h.Tags) > 0 {
		w.Row("Tags", term.Folded(strings.Join(h.Tags, ", ")))
	}
	if len(h.Email) > 0 {
		w.Row("Email", term.Folded(strings.Join(h.Email, ", ")))
	}
	w.Row("Slug", h.Slug)
	w.Row("Token", h.Token)
	w.Row() // the URL is longer than what a terminal has left beside a word
	w.Row("Ping URL")
	w.Row(h.PingURL)
	for _, warning := range h.Warnings {
		w.Row()
		w.Row("Warning: " + warning)
	}
}

// misses says how many there are in a row, and which one alerts.
func misses(h *heartbeat.Heartbeat) string {
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

func showPings(w *term.Table, pings []*heartbeat.Ping) {
	if len(pings) == 0 {
		w.Row("no pings")
		return
	}
	late := anyLate(pings)
	head := []any{term.TimeHead("PINGED"), "KIND", "EXIT", "TOOK"}
	if late {
		head = append(head, "LATE")
	}
	if head = append(head, "FROM", "BODY"); w.Wide {
		head = append(head, "RUN", "ID")
	}
	w.Row(head...)
	for _, x := range pings {
		cells := []any{term.ColumnTime(&x.PingedAt), term.OrDash(x.Kind), term.Number(x.ExitCode), term.Took(x.DurationMs)}
		if late {
			cells = append(cells, lateness(x))
		}
		if cells = append(cells, term.Free(term.OrDash(x.From)), term.Free(bodyLine(x))); w.Wide {
			cells = append(cells, term.OrDash(x.RunID), x.ID)
		}
		w.Row(cells...)
	}
}

func anyLate(pings []*heartbeat.Ping) bool {
	for _, x := range pings {
		if x.Late {
			return true
		}
	}
	return false
}

// lateness is how long after it happened a ping came.
func lateness(x *heartbeat.Ping) string {
	if !x.Late || x.ReceivedAt == nil {
		return "-"
	}
	return length.Show(x.ReceivedAt.Sub(x.PingedAt).Round(1e9))
}

// bodyLine is the first line of what came with a ping.
func bodyLine(x *heartbeat.Ping) string {
	if x.BodyDropped {
		return "(dropped)"
	}
	line, _, _ := strings.Cut(strings.TrimSpace(x.Body), "\n")
	return term.OrDash(strings.TrimSpace(line))
}

// showBodies shows each ping in a line, and under it all that came with it.
func showBodies(w *term.Table, pings []*heartbeat.Ping) {
	for i, x := range pings {
		if i > 0 {
			w.Row()
		}
		line := term.Time(&x.PingedAt) + "  " + term.OrDash(x.Kind)
		if x.ExitCode != nil {
			line += fmt.Sprintf(", exit status %d", *x.ExitCode)
		}
		if x.DurationMs != nil {
			line += ", took " + term.Took(x.DurationMs)
		}
		if x.From != "" {
			line += ", from " + x.From
		}
		w.Row(term.Free(line))
		if x.BodyDropped {
			w.Row("  (what came with it was dropped: there was no room)")
		}
		for text := range strings.SplitSeq(strings.TrimRight(x.Body, "\r\n"), "\n") {
			if x.Body != "" {
				w.Row("  " + strings.TrimSuffix(text, "\r"))
			}
		}
	}
	if len(pings) == 0 {
		w.Row("no pings")
	}
}
