package heartbeat

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Heartbeat is a monitored job.
type Heartbeat struct {
	ID                string     `json:"id"`
	Name              string     `json:"name"`
	Slug              string     `json:"slug"`
	Token             string     `json:"token"` // the credential for pings; empty for a key of scope read
	PingURL           string     `json:"ping_url"`
	IntervalSecs      int        `json:"interval_secs"`
	GraceSecs         int        `json:"grace_secs"`
	MissThreshold     int        `json:"miss_threshold"`
	Arm               string     `json:"arm"`
	Tags              []string   `json:"tags"`
	Email             []string   `json:"email"`   // empty: the server's default recipients
	Methods           []string   `json:"methods"` // by which a ping is a good run; empty: all
	Description       string     `json:"description"`
	RunbookURL        string     `json:"runbook_url"` // what to do when it fails
	Owner             string     `json:"owner"`       // a person or a team
	Status            string     `json:"status"`
	ConsecutiveMisses int        `json:"consecutive_misses"`
	AlertAtMisses     *int       `json:"alert_at_misses"` // nil while paused or failing
	AlertRule         string     `json:"alert_rule"`      // why: threshold; resumed or unheard: the next one alerts
	ResumedAt         *time.Time `json:"resumed_at"`      // nil: a ping came since, or it never was
	PausedUntil       *time.Time `json:"paused_until"`    // nil: the pause does not end by itself, or there is none
	PingsTotal        uint64     `json:"pings_total"`
	LastPingedAt      *time.Time `json:"last_pinged_at"`
	NextExpectedAt    *time.Time `json:"next_expected_at"` // without grace; nil while paused or unarmed
	Late              bool       `json:"late"`             // it was past due when this was answered, and not yet past its grace
	LastAlertAt       *time.Time `json:"last_alert_at"`
	LastExitCode      *int       `json:"last_exit_code"`   // of the newest run that ended; nil: it told none
	LastDurationMs    *int64     `json:"last_duration_ms"` // of the same; nil: it told no start
	Running           bool       `json:"running"`          // a run has started and not ended
	StartedAt         *time.Time `json:"started_at"`       // of the newest one that is running
	CreatedAt         time.Time  `json:"created_at"`
	UpdatedAt         time.Time  `json:"updated_at"`
	Version           uint64     `json:"version"`
	Warnings          []string   `json:"warnings,omitempty"` // what it lacks, like somebody to be told of its failures

	Schedule Schedule `json:"schedule"` // when it is expected, in place of IntervalSecs, which is 0 then; nil: it has an interval
	TZ       string   `json:"tz"`       // of the schedule

	FailureThreshold int                `json:"failure_threshold"` // reported failures in a row that alert
	MaxRunSecs       *int               `json:"max_run_secs"`      // that a run may take; nil: the grace
	MinRunSecs       *int               `json:"min_run_secs"`      // that a run takes at least; nil: any
	RemindEverySecs  *int               `json:"remind_every_secs"` // seconds between reminders of an incident; 0: none; nil: the cluster's default
	Incident         *OpenIncident      `json:"incident"`          // the one that goes on; nil: none
	DependsOn        []string           `json:"depends_on"`        // slugs or IDs of heartbeats, and tags (tag:db): while one fails, its alerts wait
	Notify           []string           `json:"notify"`            // channels and mail addresses that it names; empty: those with a tag of its own, else the default ones
	Checks           []string           `json:"checks"`            // of good runs, like "bytes > 0"
	Metrics          map[string]float64 `json:"metrics"`           // the newest numbers that a ping told
}

// The values of Heartbeat.Status.
const (
	StatusActive  = "active"
	StatusPaused  = "paused"
	StatusFailing = "failing"
)

// NoReminders is a CreateParams.RemindEverySecs of 0 seconds: 0 itself leaves the cluster's default.
const NoReminders = -1

// NoGrace is a CreateParams.GraceSecs of 0 seconds: 0 itself leaves the default.
const NoGrace = -1

// CreateParams describes a heartbeat. Create needs a Name; zero values of the others leave
// the server's defaults (1 h interval, 5 min grace, 2 misses), or in Ensure what the
// heartbeat has.
type CreateParams struct {
	Name          string   `json:"name,omitempty"`
	IntervalSecs  int      `json:"interval_secs,omitempty"` // 1 to 31,622,400
	GraceSecs     int      `json:"grace_secs,omitempty"`    // 1 to 31,622,400, or NoGrace
	MissThreshold int      `json:"miss_threshold,omitempty"`
	Slug          string   `json:"slug,omitempty"`
	Arm           string   `json:"arm,omitempty"` // "created" or "first_ping"
	Tags          []string `json:"tags,omitzero"` // empty, but not nil: none
	Email         []string `json:"email,omitzero"`
	Methods       []string `json:"methods,omitzero"`      // "POST" alone: pings by GET are noted only
	Description   string   `json:"description,omitempty"` // up to 2,000 characters, of any number of lines
	RunbookURL    string   `json:"runbook_url,omitempty"` // http or https
	Owner         string   `json:"owner,omitempty"`

	Schedule Schedule `json:"schedule,omitzero"` // "0 2 * * 1-5", in place of IntervalSecs
	TZ       string   `json:"tz,omitempty"`      // of the schedule: an IANA name; default: UTC

	FailureThreshold int      `json:"failure_threshold,omitempty"` // 1 to 100
	MaxRunSecs       int      `json:"max_run_secs,omitempty"`
	MinRunSecs       int      `json:"min_run_secs,omitempty"`
	DependsOn        []string `json:"depends_on,omitzero"`         // slugs or IDs of heartbeats, and tags (tag:db), up to 20
	RemindEverySecs  int      `json:"remind_every_secs,omitempty"` // 10 seconds to 30 days, or NoReminders; default: the cluster's
	Notify           []string `json:"notify,omitzero"`             // names or IDs of channels, and mail addresses
	Checks           []string `json:"checks,omitzero"`             // "bytes > 0", "bytes >= 0.5 * last"; empty, but not nil: none
}

// MarshalJSON writes NoGrace and NoReminders as the server knows them.
func (p CreateParams) MarshalJSON() ([]byte, error) {
	type plain CreateParams // without this method
	out := struct {
		plain
		GraceSecs       *int `json:"grace_secs,omitempty"`
		RemindEverySecs *int `json:"remind_every_secs,omitempty"`
	}{plain: plain(p)}
	if every := p.RemindEverySecs; every == NoReminders {
		out.RemindEverySecs = new(int)
	} else if every != 0 {
		out.RemindEverySecs = &every
	}
	if grace := max(0, p.GraceSecs); p.GraceSecs > 0 || p.GraceSecs == NoGrace {
		out.GraceSecs = &grace
	} else if p.GraceSecs < 0 {
		out.GraceSecs = &p.GraceSecs // for the server to refuse, in words
	}
	return json.Marshal(out)
}

// UpdateParams changes the fields that are not nil.
type UpdateParams struct {
	Name          *string   `json:"name,omitempty"`
	IntervalSecs  *int      `json:"interval_secs,omitempty"`
	GraceSecs     *int      `json:"grace_secs,omitempty"`
	MissThreshold *int      `json:"miss_threshold,omitempty"`
	Slug          *string   `json:"slug,omitempty"`
	Arm           *string   `json:"arm,omitempty"`
	Tags          *[]string `json:"tags,omitempty"`
	Email         *[]string `json:"email,omitempty"`
	Methods       *[]string `json:"methods,omitempty"`
	Description   *string   `json:"description,omitempty"` // "": none
	RunbookURL    *string   `json:"runbook_url,omitempty"`
	Owner         *string   `json:"owner,omitempty"`
	Status        *string   `json:"status,omitempty"` // StatusPaused or StatusActive

	Schedule *Schedule `json:"schedule,omitempty"` // takes the place of the interval; empty: an interval again
	TZ       *string   `json:"tz,omitempty"`

	FailureThreshold *int      `json:"failure_threshold,omitempty"`
	MaxRunSecs       *int      `json:"max_run_secs,omitempty"`      // 0: the grace
	MinRunSecs       *int      `json:"min_run_secs,omitempty"`      // 0: any
	RemindEverySecs  *int      `json:"remind_every_secs,omitempty"` // 0: none
	DependsOn        *[]string `json:"depends_on,omitempty"`
	Notify           *[]string `json:"notify,omitempty"`
	Checks           *[]string `json:"checks,omitempty"`

	ResetReminders bool `json:"-"` // reminders come as the cluster's default says again, whatever RemindEverySecs is
}

// MarshalJSON writes ResetReminders as the server knows it.
func (p UpdateParams) MarshalJSON() ([]byte, error) {
	type plain UpdateParams // without this method
	if !p.ResetReminders {
		return json.Marshal(plain(p))
	}
	return json.Marshal(struct {
		plain
		RemindEverySecs *int `json:"remind_every_secs"`
	}{plain: plain(p)})
}

// Ping is one recorded ping, or another signal.
type Ping struct {
	ID          string     `json:"id"`
	HeartbeatID string     `json:"heartbeat_id"`
	PingedAt    time.Time  `json:"pinged_at"`   // when it happened
	Kind        string     `json:"kind"`        // "success", "start", "fail" or "log"
	ExitCode    *int       `json:"exit_code"`   // nil: it told none
	RunID       string     `json:"rid"`         // "": it told none
	DurationMs  *int64     `json:"duration_ms"` // of the run that it ended
	Late        bool       `json:"late"`        // it came some time after it happened
	ReceivedAt  *time.Time `json:"received_at"` // when that was
	From        string     `json:"from"`        // the caller's address
	Body        string     `json:"body"`        // if it is still kept

	BodyDropped bool `json:"body_dropped"` // there was no room for the body

	Metrics     map[string]float64 `json:"metrics"`      // the numbers that it told
	CheckBroken string             `json:"check_broken"` // how it broke a check, though the job took it for a good run
}

// Uptime tells how long a heartbeat failed on each of the newest 90 days.
type Uptime struct {
	Uptime *float64    `json:"uptime"` // which part of the time in which it was watched it was not failing; nil: it was not watched
	Days   []UptimeDay `json:"days"`   // oldest first; the last one is today
}

// UptimeDay is one day of them.
type UptimeDay struct {
	Date        string   `json:"date"` // YYYY-MM-DD, of UTC
	DownSecs    int      `json:"down_secs"`
	PausedSecs  int      `json:"paused_secs"`
	UnknownSecs int      `json:"unknown_secs"` // before it was made, not over yet, or the monitor took no pings
	Uptime      *float64 `json:"uptime"`
}

// PingsParams chooses pings of the history.
type PingsParams struct {
	Limit int // 1 to 100; 0: 50
}

// Create adds a heartbeat. It is not repeated if it may have been done: see
// IsUnknownOutcome.
func (c *Client) Create(ctx context.Context, p CreateParams) (*Heartbeat, error) {
	return result[Heartbeat](ctx, c, request{method: http.MethodPost, path: "/v1/heartbeats", once: true}, p)
}

// Ensure makes the heartbeat of a slug, which has 1 to 100 characters of a-z, 0-9, _ and
// -, unless it is there already; then it gives it the fields that p sets and leaves the
// others as they are. A program that calls it at each start has one heartbeat, with one
// token, however often it starts and on however many machines.
func (c *Client) Ensure(ctx context.Context, slug string, p CreateParams) (*Heartbeat, error) {
	return result[Heartbeat](ctx, c, request{method: http.MethodPut, path: "/v1/heartbeats/by-slug/" + url.PathEscape(slug)}, p)
}

// ListParams chooses heartbeats; all that is set must fit.
type ListParams struct {
	Tag    string
	Status string // StatusActive, StatusPaused or StatusFailing
	Query  string // a part of the name
}

// List returns all heartbeats, newest first.
func (c *Client) List(ctx context.Context) ([]*Heartbeat, error) {
	return c.ListMatching(ctx, ListParams{})
}

// ListMatching returns the heartbeats that fit, newest first.
func (c *Client) ListMatching(ctx context.Context, p ListParams) ([]*Heartbeat, error) {
	path := "/v1/heartbeats" + query(map[string]string{"tag": p.Tag, "status": p.Status, "q": p.Query})
	out, err := result[struct{ Heartbeats []*Heartbeat }](ctx, c, request{method: http.MethodGet, path: path}, nil)
	if err != nil {
		return nil, err
	}
	return out.Heartbeats, nil
}

// Get returns one heartbeat.
func (c *Client) Get(ctx context.Context, id string) (*Heartbeat, error) {
	return c.heartbeat(ctx, http.MethodGet, id, "", nil)
}

// Update changes a heartbeat and returns it as it is then.
func (c *Client) Update(ctx context.Context, id string, p UpdateParams) (*Heartbeat, error) {
	return c.heartbeat(ctx, http.MethodPatch, id, "", p)
}

// Pause stops the judging of a heartbeat until it is resumed; its pings are still recorded.
func (c *Client) Pause(ctx context.Context, id string) (*Heartbeat, error) {
	return c.heartbeat(ctx, http.MethodPost, id, "/pause", nil)
}

// PauseFor is Pause for a time, after which the heartbeat is resumed: 1 s to 366 days, in whole seconds, rounded up.
// It counts from the call's arrival, so a call that is repeated may pause for a little longer.
func (c *Client) PauseFor(ctx context.Context, id string, d time.Duration) (*Heartbeat, error) {
	secs := int64((d + time.Second - 1) / time.Second)
	return c.heartbeat(ctx, http.MethodPost, id, "/pause", map[string]int64{"for_secs": secs})
}

// PauseUntil is Pause until a time, at which the heartbeat is resumed: one to come, within 366 days.
func (c *Client) PauseUntil(ctx context.Context, id string, t time.Time) (*Heartbeat, error) {
	return c.heartbeat(ctx, http.MethodPost, id, "/pause", map[string]string{"until": t.UTC().Format(time.RFC3339Nano)})
}

// Resume arms a paused heartbeat from now; the next missed interval alerts.
func (c *Client) Resume(ctx context.Context, id string) (*Heartbeat, error) {
	return c.heartbeat(ctx, http.MethodPost, id, "/resume", nil)
}

// RotateToken gives a heartbeat a new ping token, which the answer has. The old one works on for overlap, and those
// before it for no longer: 0 to 366 days, in whole seconds, rounded up; 0 ends them at once. A call that is repeated after a
// lost answer gives it another one; at most 8 old tokens work at a time.
func (c *Client) RotateToken(ctx context.Context, id string, overlap time.Duration) (*Heartbeat, error) {
	secs := int64((overlap + time.Second - 1) / time.Second)
	return c.heartbeat(ctx, http.MethodPost, id, "/rotate-token", map[string]int64{"overlap_secs": secs})
}

// Delete removes a heartbeat and its pings.
func (c *Client) Delete(ctx context.Context, id string) error {
	return c.call(ctx, request{method: http.MethodDelete, path: heartbeatPath(id, "")}, nil, nil)
}

// Pings returns the newest pings of a heartbeat, newest first.
func (c *Client) Pings(ctx context.Context, id string, p PingsParams) ([]*Ping, error) {
	path := heartbeatPath(id, "/pings")
	if p.Limit != 0 {
		path += "?limit=" + strconv.Itoa(p.Limit)
	}
	out, err := result[struct{ Pings []*Ping }](ctx, c, request{method: http.MethodGet, path: path}, nil)
	if err != nil {
		return nil, err
	}
	return out.Pings, nil
}

// Uptime tells how long a heartbeat failed on each of the newest 90 days.
func (c *Client) Uptime(ctx context.Context, id string) (*Uptime, error) {
	return result[Uptime](ctx, c, request{method: http.MethodGet, path: heartbeatPath(id, "/uptime")}, nil)
}

func (c *Client) heartbeat(ctx context.Context, method, id, suffix string, in any) (*Heartbeat, error) {
	return result[Heartbeat](ctx, c, request{method: method, path: heartbeatPath(id, suffix)}, in)
}

// query is the part of a path after its ?, with the values that are not empty.
func query(values map[string]string) string {
	q := url.Values{}
	for k, v := range values {
		if v != "" {
			q.Set(k, v)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func heartbeatPath(id, suffix string) string { return "/v1/heartbeats/" + url.PathEscape(id) + suffix }
