package heartbeat

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Schedule is one or more cron expressions (five fields, or @daily and its kin) or systemd
// calendar times: a job is expected whenever one of them fires.
type Schedule []string

// UnmarshalJSON reads one expression, which is a string, or several.
func (s *Schedule) UnmarshalJSON(b []byte) error {
	var one *string
	if json.Unmarshal(b, &one) == nil {
		if *s = nil; one != nil {
			*s = Schedule{*one}
		}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(s))
}

// PreviewParams is a schedule to look at.
type PreviewParams struct {
	Schedule []string   `json:"schedule"`        // cron expressions or systemd calendar times
	TZ       string     `json:"tz,omitempty"`    // IANA name; "": UTC
	Count    int        `json:"count,omitempty"` // 1 to 100; 0: 5
	From     *time.Time `json:"from,omitempty"`  // nil: now
}

// SchedulePreview is when a schedule fires.
type SchedulePreview struct {
	Times       []time.Time `json:"times"`
	Description string      `json:"description"`
	TZ          string      `json:"tz"`
	TZData      string      `json:"tz_data"` // which rules of time zones the node used
}

// PreviewSchedule tells when a schedule fires next, and what it says in English.
func (c *Client) PreviewSchedule(ctx context.Context, p PreviewParams) (*SchedulePreview, error) {
	return result[SchedulePreview](ctx, c, request{method: http.MethodPost, path: "/v1/schedule/preview"}, p)
}

// SuggestParams are settings to try on a heartbeat's stored pings; zero values leave those that it
// has.
type SuggestParams struct {
	IntervalSecs     int
	Schedule         []string // instead of an interval
	TZ               string   // of Schedule, and one in which suggestions are looked for
	GraceSecs        int      // NoGrace: none
	MissThreshold    int
	FailureThreshold int
	MaxRunSecs       int
	MinRunSecs       int
}

// Trial is what settings would have alerted on.
type Trial struct {
	Alerts int          `json:"alerts"`
	Days   float64      `json:"days"`   // that the stored pings cover
	Failed []TrialAlert `json:"failed"` // the newest of them
}

// TrialAlert is one alert that would have gone out.
type TrialAlert struct {
	At     time.Time  `json:"at"`
	Reason string     `json:"reason"` // missed, failed, overdue, too quick
	Until  *time.Time `json:"until"`  // nil: no good run ended it
}

// Suggestion is one set of settings: a schedule with its zone, or an interval.
type Suggestion struct {
	Schedule     []string `json:"schedule"` // nil: IntervalSecs
	TZ           *string  `json:"tz"`
	Description  string   `json:"description"`
	IntervalSecs *int     `json:"interval_secs"`
	GraceSecs    int      `json:"grace_secs"`
	MaxRunSecs   *int     `json:"max_run_secs"`
	MinRunSecs   *int     `json:"min_run_secs"`
	Fit          float64  `json:"fit"`  // 0 to 1: how much of the history it explains
	Sure         string   `json:"sure"` // sure, likely, a guess
	Runs         int      `json:"runs"` // good ones that it stands on
	Trial
}

// Suggestions are those of a heartbeat, best first.
type Suggestions struct {
	Suggestions []Suggestion `json:"suggestions"`
	Current     Trial        `json:"current"`
	Tried       *Trial       `json:"tried"` // of SuggestParams; nil if it was empty
	Pings       int          `json:"pings"` // that were looked at
	Needs       int          `json:"needs"` // good runs that a suggestion needs
	TZData      string       `json:"tz_data"`
}

// Suggest tells which settings a heartbeat's stored pings suggest, and what they and others would have
// alerted on.
func (c *Client) Suggest(ctx context.Context, id string, p SuggestParams) (*Suggestions, error) {
	q := url.Values{}
	set := func(name string, n int) {
		if n != 0 {
			q.Set(name, strconv.Itoa(max(n, 0)))
		}
	}
	set("interval_secs", p.IntervalSecs)
	set("grace_secs", p.GraceSecs) // NoGrace is negative
	set("miss_threshold", p.MissThreshold)
	set("failure_threshold", p.FailureThreshold)
	set("max_run_secs", p.MaxRunSecs)
	set("min_run_secs", p.MinRunSecs)
	if p.TZ != "" {
		q.Set("tz", p.TZ)
	}
	q["schedule"] = p.Schedule
	path := "/v1/heartbeats/" + url.PathEscape(id) + "/suggest"
	if len(q.Encode()) > 0 {
		path += "?" + q.Encode()
	}
	return result[Suggestions](ctx, c, request{method: http.MethodGet, path: path}, nil)
}
