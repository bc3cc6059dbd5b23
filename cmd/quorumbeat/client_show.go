package main

import (
	"fmt"
	"strings"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func showHeartbeats(w *table, v any) {
	all := v.([]*heartbeat.Heartbeat)
	if len(all) == 0 {
		row(w, "no heartbeats")
		return
	}
	head := []any{"NAME", "STATUS", "EVERY", "MISSES", timeHead("LAST PING"), timeHead("NEXT")}
	if w.wide {
		head = append(head, "GRACE", "SLUG", "TAGS", "ID")
	}
	row(w, head...)
	for _, h := range all {
		cells := []any{free(h.Name), h.Status, length(h.IntervalSecs), h.ConsecutiveMisses, inColumn(h.LastPingedAt), inColumn(h.NextExpectedAt)}
		if w.wide {
			cells = append(cells, length(h.GraceSecs), h.Slug, orDash(strings.Join(h.Tags, ",")), h.ID)
		}
		row(w, cells...)
	}
}

func showHeartbeat(w *table, v any) {
	h := v.(*heartbeat.Heartbeat)
	row(w, "ID", h.ID)
	row(w, "Name", folded(h.Name))
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
		row(w, "Tags", folded(strings.Join(h.Tags, ", ")))
	}
	if len(h.Email) > 0 {
		row(w, "Email", folded(strings.Join(h.Email, ", ")))
	}
	row(w, "Slug", h.Slug)
	row(w, "Token", h.Token)
	row(w) // the URL is longer than what a terminal has left beside a word
	row(w, "Ping URL")
	row(w, h.PingURL)
	for _, warning := range h.Warnings {
		row(w)
		row(w, "Warning: "+warning)
	}
}

// misses says how many there are in a row, and which one alerts.
func misses(h *heartbeat.Heartbeat) string {
	has := fmt.Sprintf("%d in a row", h.ConsecutiveMisses)
	switch {
	case h.AlertAtMisses == nil: // paused or failing
		return has
	case h.AlertRule == "resumed":
		return has + ", the next alerts: resumed " + when(h.ResumedAt)
	case h.AlertRule == "unheard":
		return has + ", the next alerts: one was due while none could be taken"
	}
	return fmt.Sprintf("%s, alerts at %d", has, *h.AlertAtMisses)
}

func showPings(w *table, pings []*heartbeat.Ping) {
	if len(pings) == 0 {
		row(w, "no pings")
		return
	}
	late := anyLate(pings)
	head := []any{timeHead("PINGED"), "KIND", "EXIT", "TOOK"}
	if late {
		head = append(head, "LATE")
	}
	if head = append(head, "FROM", "BODY"); w.wide {
		head = append(head, "RUN", "ID")
	}
	row(w, head...)
	for _, x := range pings {
		cells := []any{inColumn(&x.PingedAt), orDash(x.Kind), number(x.ExitCode), took(x.DurationMs)}
		if late {
			cells = append(cells, lateness(x))
		}
		if cells = append(cells, free(orDash(x.From)), free(bodyLine(x))); w.wide {
			cells = append(cells, orDash(x.RunID), x.ID)
		}
		row(w, cells...)
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
	return showLength(x.ReceivedAt.Sub(x.PingedAt).Round(1e9))
}

// bodyLine is the first line of what came with a ping.
func bodyLine(x *heartbeat.Ping) string {
	if x.BodyDropped {
		return "(dropped)"
	}
	line, _, _ := strings.Cut(strings.TrimSpace(x.Body), "\n")
	return orDash(strings.TrimSpace(line))
}

// showBodies shows each ping in a line, and under it all that came with it.
func showBodies(w *table, pings []*heartbeat.Ping) {
	for i, x := range pings {
		if i > 0 {
			row(w)
		}
		line := when(&x.PingedAt) + "  " + orDash(x.Kind)
		if x.ExitCode != nil {
			line += fmt.Sprintf(", exit status %d", *x.ExitCode)
		}
		if x.DurationMs != nil {
			line += ", took " + took(x.DurationMs)
		}
		if x.From != "" {
			line += ", from " + x.From
		}
		row(w, free(line))
		if x.BodyDropped {
			row(w, "  (what came with it was dropped: there was no room)")
		}
		for text := range strings.SplitSeq(strings.TrimRight(x.Body, "\r\n"), "\n") {
			if x.Body != "" {
				row(w, "  "+strings.TrimSuffix(text, "\r"))
			}
		}
	}
	if len(pings) == 0 {
		row(w, "no pings")
	}
}
