package api

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// evidenceJSON is what an alert tells of its incident.
type evidenceJSON struct {
	Reason       string  `json:"reason"` // silence, failure, hung_run, unheard, good_run
	Misses       int64   `json:"misses"`
	Failures     int64   `json:"failures"`
	DownSince    *string `json:"down_since"`
	DownSecs     *int64  `json:"down_secs"`
	SilentSecs   *int64  `json:"silent_secs"`
	LastPingedAt *string `json:"last_pinged_at"`
	LastFrom     string  `json:"last_from"`
	DueAt        *string `json:"due_at"`
	RunStartedAt *string `json:"run_started_at"`
	ExitCode     *int    `json:"exit_code"`
	AlertRule    string  `json:"alert_rule"`
	ResumedAt    *string `json:"resumed_at"`
	Flaps        int64   `json:"flaps"`
}

func evidenceToJSON(a fsm.Alert) *evidenceJSON {
	e := a.Evidence
	out := &evidenceJSON{
		Reason: reason(a), Misses: e.Misses, Failures: e.Failures,
		DownSince: stamp(e.Since), DownSecs: wholeSeconds(e.Down), SilentSecs: wholeSeconds(e.Silent),
		LastPingedAt: stamp(e.LastPing), LastFrom: e.LastFrom, DueAt: stamp(e.Due), RunStartedAt: stamp(e.Started),
		AlertRule: e.Rule.String(), ResumedAt: stamp(e.Resumed), Flaps: e.Flaps,
	}
	if e.Failed && e.Exit > 0 || e.Clean {
		out.ExitCode = &e.Exit
	}
	return out
}

// reason says what an alert is about.
func reason(a fsm.Alert) string {
	switch {
	case a.Kind == fsm.AlertRecovered:
		return "good_run"
	case a.Kind == fsm.AlertUnheard:
		return "unheard"
	case a.Evidence.Failed:
		return "failure"
	case !a.Evidence.Started.IsZero():
		return "hung_run"
	}
	return "silence"
}

// wholeSeconds is null for no time at all.
func wholeSeconds(d time.Duration) *int64 {
	if d <= 0 {
		return nil
	}
	return new(int64(d.Round(time.Second) / time.Second))
}
