package compat

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// CheckIn is a check-in of Sentry Crons.
type CheckIn struct {
	Told
	ID      string // of the check-in, as the client wrote it
	Monitor *Monitor
}

// Monitor is what a check-in says of the job, for a slug that is not there yet. Seconds.
type Monitor struct {
	Interval  int64 // the longest time between two runs
	Grace     int64
	Threshold int
}

// checkInJSON is a body; a query has some of the same.
type checkInJSON struct {
	Status  string         `json:"status"`
	ID      string         `json:"check_in_id"`
	Monitor *monitorConfig `json:"monitor_config"`
}

type monitorConfig struct {
	Schedule struct {
		Type  string          `json:"type"`
		Value json.RawMessage `json:"value"`
		Unit  string          `json:"unit"`
	} `json:"schedule"`
	Margin    float64 `json:"checkin_margin"` // minutes
	Runtime   float64 `json:"max_runtime"`    // minutes
	Timezone  string  `json:"timezone"`
	Threshold int     `json:"failure_issue_threshold"`
}

// ReadCheckIn reads a check-in from its query and its body, which may be JSON. What the
// status may be is in the words of the error, which are for the sender.
func ReadCheckIn(query map[string]string, body []byte) (c CheckIn, err error) {
	j := checkInJSON{Status: query["status"], ID: query["check_in_id"]}
	if len(body) > 0 && body[0] == '{' {
		in := checkInJSON{}
		if err := json.Unmarshal(body, &in); err != nil {
			return c, fmt.Errorf("the body is not the JSON of a check-in: %v", err)
		}
		j = in.or(j)
	}
	c.Exit = NoExit
	switch strings.ToLower(j.Status) {
	case "ok":
		c.Stated = true
	case "in_progress":
		c.Starts, c.Stated = true, true
	case "error", "timeout", "missed":
		c.Fails, c.Stated = true, true
	default:
		return c, fmt.Errorf("status is %.40q; it must be in_progress, ok or error", j.Status)
	}
	c.ID = j.ID
	if id := RunID(j.ID); j.ID != "" && id != ([16]byte{}) { // zeros: the newest, whichever it is
		c.Run, c.HasRun = id, true
	}
	if j.Monitor != nil {
		c.Monitor, err = j.Monitor.read()
	}
	return c, err
}

// or fills in what j does not say. A failure in either is one.
func (j checkInJSON) or(k checkInJSON) checkInJSON {
	if j.Status == "" || k.Status != "" && Word(k.Status) == Failed {
		j.Status = k.Status
	}
	if j.ID == "" {
		j.ID = k.ID
	}
	return j
}

const (
	minute         = 60
	defaultMargin  = 1  // minutes, as there
	defaultRuntime = 30 // minutes, as there
	clockChange    = 3600
)

// units are those of an interval, at their longest.
var units = map[string]int64{
	"minute": minute, "hour": 60 * minute, "day": 86400, "week": 7 * 86400, "month": 31 * 86400, "year": 366 * 86400,
}

// read makes a heartbeat's fields of a monitor's. A schedule becomes the longest time that
// it leaves between two runs, so that none is taken for missed. The grace covers a run too,
// and the hour by which a time zone's clock may change.
func (m *monitorConfig) read() (*Monitor, error) {
	out := Monitor{Threshold: min(max(m.Threshold, 1), 100)}
	margin, runtime := m.Margin, m.Runtime
	if margin <= 0 {
		margin = defaultMargin
	}
	if runtime <= 0 {
		runtime = defaultRuntime
	}
	out.Grace = int64(min(math.Ceil(max(margin, runtime)), 366*1440)) * minute
	switch m.Schedule.Type {
	case "interval":
		var n float64
		unit := units[m.Schedule.Unit]
		if json.Unmarshal(m.Schedule.Value, &n) != nil || n < 1 || unit == 0 {
			return nil, fmt.Errorf("monitor_config has an interval of %.40s %.20q; it must be a number of minute, hour, day, week, month or year", m.Schedule.Value, m.Schedule.Unit)
		}
		out.Interval = int64(min(n, 366*1440)) * unit
	case "crontab":
		var expr string
		if json.Unmarshal(m.Schedule.Value, &expr) != nil {
			return nil, fmt.Errorf("monitor_config has a crontab that is no text")
		}
		gap, err := longestGap(expr)
		if err != nil {
			return nil, fmt.Errorf("monitor_config: %v", err)
		}
		out.Interval = gap * minute
		if m.Timezone != "" && m.Timezone != "UTC" && m.Timezone != "Etc/UTC" {
			out.Grace += clockChange
		}
	default:
		return nil, fmt.Errorf("monitor_config has a schedule of type %.20q; it must be interval or crontab", m.Schedule.Type)
	}
	out.Interval = min(out.Interval, 366*86400)
	return &out, nil
}
