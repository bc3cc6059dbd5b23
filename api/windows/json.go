package windows

import (
	"time"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Window is a maintenance window as clients see it. One that comes once has from and to, any other a
// schedule, its time zone and a length.
type Window struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Tags      []string       `json:"tags"`
	From      *string        `json:"from"`
	To        *string        `json:"to"`
	Schedule  schedules.List `json:"schedule"`
	TZ        *string        `json:"tz"`
	ForSecs   *int64         `json:"for_secs"`
	On        bool           `json:"on"`        // now
	BeginsAt  *string        `json:"begins_at"` // the one that is on, or else the next; null: none is known
	EndsAt    *string        `json:"ends_at"`
	CreatedAt *string        `json:"created_at"`
	Warnings  []string       `json:"warnings,omitempty"` // what its maker may not have meant; of a new one alone
}

// Of returns a window as clients see it.
func Of(w fsm.Window) Window {
	out := Window{
		ID: w.ID.String(), Name: w.Spec.Name, Tags: append([]string{}, w.Spec.Tags...),
		On: w.On, BeginsAt: request.Stamp(w.Begins), EndsAt: request.Stamp(w.Ends), CreatedAt: request.Stamp(w.CreatedAt),
	}
	if w.Spec.Once() {
		out.From, out.To = request.Stamp(time.UnixMilli(w.Spec.From)), request.Stamp(time.UnixMilli(w.Spec.To))
		return out
	}
	zone := zoneOf(w.Spec)
	out.Schedule, out.TZ, out.ForSecs = w.Spec.Schedule, &zone, &w.Spec.For
	return out
}

// ListOf returns windows as clients see them.
func ListOf(list []fsm.Window) []Window {
	out := make([]Window, 0, len(list))
	for _, w := range list {
		out = append(out, Of(w))
	}
	return out
}
