package api

import (
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// heartbeatJSON is a heartbeat as clients see it. Every field is always present.
type heartbeatJSON struct {
	ID                string   `json:"id"`
	Name              string   `json:"name"`
	Slug              string   `json:"slug"`
	Token             string   `json:"token"`
	PingURL           string   `json:"ping_url"`
	IntervalSecs      int64    `json:"interval_secs"`
	GraceSecs         int64    `json:"grace_secs"`
	MissThreshold     int      `json:"miss_threshold"`
	Arm               string   `json:"arm"`
	Tags              []string `json:"tags"`
	Email             []string `json:"email"`
	Methods           []string `json:"methods"`
	Status            string   `json:"status"`
	ConsecutiveMisses int64    `json:"consecutive_misses"`
	AlertAtMisses     *int64   `json:"alert_at_misses"`
	AlertRule         string   `json:"alert_rule"`
	ResumedAt         *string  `json:"resumed_at"`
	PingsTotal        uint64   `json:"pings_total"`
	LastPingedAt      *string  `json:"last_pinged_at"`
	NextExpectedAt    *string  `json:"next_expected_at"`
	LastAlertAt       *string  `json:"last_alert_at"`
	LastExitCode      *int     `json:"last_exit_code"`
	LastDurationMs    *int64   `json:"last_duration_ms"`
	Running           bool     `json:"running"`
	StartedAt         *string  `json:"started_at"`
	CreatedAt         *string  `json:"created_at"`
	UpdatedAt         *string  `json:"updated_at"`
	Version           uint64   `json:"version"`
	Warnings          []string `json:"warnings,omitempty"` // the one field that may be absent
}

func (s *Server) toJSON(ctx *fasthttp.RequestCtx, h fsm.Heartbeat) heartbeatJSON {
	token := h.Token.String()
	out := heartbeatJSON{
		ID: h.ID.String(), Name: h.Spec.Name, Slug: h.Spec.Slug, Token: token,
		PingURL:      s.origin(ctx) + "/v1/heartbeats/" + token + "/ping",
		IntervalSecs: h.Spec.Interval, GraceSecs: h.Spec.Grace, MissThreshold: h.Spec.Threshold,
		Arm: string(h.Spec.Arm), Tags: list(h.Spec.Tags), Email: list(h.Spec.Emails), Methods: list(h.Spec.Methods),
		Status: string(h.Status), ConsecutiveMisses: h.Misses, PingsTotal: h.Pings,
		LastPingedAt: stamp(h.LastPing), NextExpectedAt: stamp(h.NextDue), LastAlertAt: stamp(h.LastAlert),
		CreatedAt: stamp(h.CreatedAt), UpdatedAt: stamp(h.UpdatedAt), Version: h.Version,
		Running: !h.Started.IsZero(), StartedAt: stamp(h.Started),
		AlertRule: h.Rule.String(), ResumedAt: stamp(h.Resumed),
	}
	if at := h.AlertsAt(); at > 0 {
		out.AlertAtMisses = &at
	}
	out.Warnings = s.warnings(h)
	if h.LastExit >= 0 {
		out.LastExitCode = &h.LastExit
	}
	if h.LastRun >= 0 {
		out.LastDurationMs = new(h.LastRun.Milliseconds())
	}
	return out
}

// stamp writes a time with exactly three decimals, null for none.
func stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format("2006-01-02T15:04:05.000Z")
	return &s
}

// list is never null.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return slices.Clip(l)
}
