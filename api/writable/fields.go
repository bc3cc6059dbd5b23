package writable

import (
	"fmt"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Fields are those of a heartbeat that a client may write; nil leaves one alone.
type Fields struct {
	Name          *string   `json:"name"`
	Slug          *string   `json:"slug"`
	IntervalSecs  *int64    `json:"interval_secs"`
	GraceSecs     *int64    `json:"grace_secs"`
	MissThreshold *int      `json:"miss_threshold"`
	Arm           *fsm.Arm  `json:"arm"`
	Tags          *[]string `json:"tags"`
	Email         *[]string `json:"email"`
	Methods       *[]string `json:"methods"`
	Description   *string   `json:"description"`
	RunbookURL    *string   `json:"runbook_url"`
	Owner         *string   `json:"owner"`

	Schedule *schedules.List `json:"schedule"`
	TZ       *string         `json:"tz"`

	FailureThreshold *int      `json:"failure_threshold"`
	MaxRunSecs       *int64    `json:"max_run_secs"`
	MinRunSecs       *int64    `json:"min_run_secs"`
	Checks           *[]string `json:"checks"`
	Notify           *[]string `json:"notify"` // names or IDs of channels, and mail addresses until SetNotify
	RemindEverySecs  reminders `json:"remind_every_secs"`
	DependsOn        *[]string `json:"depends_on"` // IDs or slugs of heartbeats, and tags

	notifyMail *[]string // the addresses that were in Notify
}

// SetNotify puts what the state keeps in the place of Notify: IDs of channels, and mail addresses.
func (f *Fields) SetNotify(channels, addresses []string) {
	f.Notify, f.notifyMail = &channels, &addresses
}

// HasNames reports whether fields name channels or heartbeats.
func (f *Fields) HasNames() bool {
	return f.Notify != nil && len(*f.Notify) > 0 || f.DependsOn != nil && len(*f.DependsOn) > 0
}

// OnlyZone reports whether a time zone comes without a schedule or interval.
func (f *Fields) OnlyZone() bool {
	return f.TZ != nil && *f.TZ != "" && f.Schedule == nil && f.IntervalSecs == nil
}

// Check refuses what the state would take for a default.
func (f *Fields) Check() error {
	if n := f.FailureThreshold; n != nil && *n < 1 {
		return request.BadRequest(fmt.Sprintf("failure_threshold is %d; it must be 1 to %d", *n, fsm.MaxThreshold))
	}
	return nil
}
