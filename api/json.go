package api

import (
	"cmp"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/incidents"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/api/web/roster"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// heartbeatJSON is a heartbeat as clients see it. Every field is always present.
type heartbeatJSON struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Slug         string `json:"slug"`
	Token        string `json:"token"`
	PingURL      string `json:"ping_url"`
	IntervalSecs *int64 `json:"interval_secs"` // null with a schedule

	Schedule schedules.List `json:"schedule"`
	TZ       *string        `json:"tz"` // null without one

	GraceSecs         int64    `json:"grace_secs"`
	MissThreshold     int      `json:"miss_threshold"`
	Arm               string   `json:"arm"`
	Tags              []string `json:"tags"`
	Email             []string `json:"email"`
	Methods           []string `json:"methods"`
	Description       string   `json:"description"`
	RunbookURL        string   `json:"runbook_url"`
	Owner             string   `json:"owner"`
	FailureThreshold  int      `json:"failure_threshold"`
	MaxRunSecs        *int64   `json:"max_run_secs"`
	MinRunSecs        *int64   `json:"min_run_secs"`
	Checks            []string `json:"checks"`
	Notify            []string `json:"notify"`
	DependsOn         []string `json:"depends_on"`
	RemindEverySecs   *int64   `json:"remind_every_secs"` // null: the cluster's default
	Status            string   `json:"status"`
	ConsecutiveMisses int64    `json:"consecutive_misses"`
	AlertAtMisses     *int64   `json:"alert_at_misses"`
	AlertRule         string   `json:"alert_rule"`
	ResumedAt         *string  `json:"resumed_at"`
	PausedUntil       *string  `json:"paused_until"`
	PingsTotal        uint64   `json:"pings_total"`
	LastPingedAt      *string  `json:"last_pinged_at"`
	NextExpectedAt    *string  `json:"next_expected_at"`
	Late              bool     `json:"late"` // past due, not yet past the grace
	LastAlertAt       *string  `json:"last_alert_at"`
	LastExitCode      *int     `json:"last_exit_code"`
	LastDurationMs    *int64   `json:"last_duration_ms"`
	Running           bool     `json:"running"`
	StartedAt         *string  `json:"started_at"`
	CreatedAt         *string  `json:"created_at"`
	UpdatedAt         *string  `json:"updated_at"`
	Version           uint64   `json:"version"`

	Metrics map[string]float64 `json:"metrics"`

	Incident *incidents.Open `json:"incident"`

	Warnings []string `json:"warnings,omitempty"` // the one field that may be absent
}

func (s *Server) toJSON(ctx *fasthttp.RequestCtx, h fsm.Heartbeat) heartbeatJSON {
	return s.heartbeatToJSON(s.viewer(ctx), h)
}

// viewer is what a client is shown heartbeats by.
type viewer struct {
	origin  string // where it reaches the cluster
	secrets bool   // it may see tokens
}

func (s *Server) viewer(ctx *fasthttp.RequestCtx) viewer {
	return viewer{s.origin(ctx), seesSecrets(ctx)}
}

func (s *Server) heartbeatToJSON(as viewer, h fsm.Heartbeat) heartbeatJSON {
	token := h.Token.String()
	out := heartbeatJSON{
		ID: h.ID.String(), Name: h.Spec.Name, Slug: h.Spec.Slug, Token: token,
		PingURL:   as.origin + "/v1/heartbeats/" + token + "/ping",
		GraceSecs: h.Spec.Grace, MissThreshold: h.Spec.Threshold,
		Arm: string(h.Spec.Arm), Tags: list(h.Spec.Tags), Email: list(h.Spec.Emails), Methods: list(h.Spec.Methods),
		Description: h.Spec.Description, RunbookURL: h.Spec.RunbookURL, Owner: h.Spec.Owner,
		Status: string(h.Status), ConsecutiveMisses: h.Misses, PingsTotal: h.Pings,
		LastPingedAt: request.Stamp(h.LastPing), NextExpectedAt: request.Stamp(h.NextDue), LastAlertAt: request.Stamp(h.LastAlert),
		CreatedAt: request.Stamp(h.CreatedAt), UpdatedAt: request.Stamp(h.UpdatedAt), Version: h.Version,
		Running: !h.Started.IsZero(), StartedAt: request.Stamp(h.Started),
		AlertRule: h.Rule.String(), ResumedAt: request.Stamp(h.Resumed), PausedUntil: request.Stamp(h.PausedUntil),
		Incident: incidents.OpenOf(h), Late: roster.Of(h, s.cfg.Now()) == roster.Late,
	}
	if !as.secrets {
		out.Token, out.PingURL = "", "" // the fields are there: clients count on them
	}
	if at := h.AlertsAt(); at > 0 {
		out.AlertAtMisses = &at
	}
	out.Notify, out.DependsOn = s.notifyToJSON(&h.Spec), s.store.NameDependencies(h.Spec.DependsOn)
	if h.Spec.RemindEvery > 0 || h.Spec.NeverRemind {
		out.RemindEverySecs = &h.Spec.RemindEvery
	}
	out.Warnings = s.warnings(h)
	if out.Schedule = h.Spec.Schedule; len(out.Schedule) > 0 {
		out.TZ = new(cmp.Or(h.Spec.TZ, "UTC"))
	} else {
		out.IntervalSecs = &h.Spec.Interval
	}
	out.FailureThreshold, out.Checks, out.Metrics = h.Spec.FailuresToAlert(), list(h.Spec.Checks), numbers(h.Numbers)
	if h.Spec.MaxRun > 0 {
		out.MaxRunSecs = &h.Spec.MaxRun
	}
	if h.Spec.MinRun > 0 {
		out.MinRunSecs = &h.Spec.MinRun
	}
	if h.LastExit >= 0 {
		out.LastExitCode = &h.LastExit
	}
	if h.LastRun >= 0 {
		out.LastDurationMs = new(h.LastRun.Milliseconds())
	}
	return out
}

// numbers is never null.
func numbers(list []fsm.Number) map[string]float64 {
	out := make(map[string]float64, len(list))
	for _, n := range list {
		out[n.Name] = n.Value
	}
	return out
}

// list is never null.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return slices.Clip(l)
}

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
	CheckBroken  string  `json:"check_broken"` // how a good run broke a check, in words; empty: it did not
}

func evidenceToJSON(a fsm.Alert) *evidenceJSON {
	e := a.Evidence
	out := &evidenceJSON{
		Reason: reason(a), Misses: e.Misses, Failures: e.Failures,
		DownSince: request.Stamp(e.Since), DownSecs: wholeSeconds(e.Down), SilentSecs: wholeSeconds(e.Silent),
		LastPingedAt: request.Stamp(e.LastPing), LastFrom: e.LastFrom, DueAt: request.Stamp(e.Due), RunStartedAt: request.Stamp(e.Started),
		AlertRule: e.Rule.String(), ResumedAt: request.Stamp(e.Resumed), Flaps: e.Flaps,
		CheckBroken: e.Broke,
	}
	if a.Kind != fsm.AlertUnheard {
		out.Failures = e.FailuresSoFar()
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
