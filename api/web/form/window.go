package form

import (
	"cmp"
	"fmt"
	"time"

	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/api/windows"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Window are the fields of a new maintenance window.
var Window = Controls{
	{Name: "name", Label: "Name", Kind: "text", Words: fmt.Sprintf("What is done then, 1 to %d characters.", fsm.MaxNameLen)},
	{Name: "tags", Label: "Tags", Kind: "text", Words: "With commas between: it is for all heartbeats that have one of them."},
	{Name: "length", Label: "How long", Kind: "text", Words: "Like 2h or 90m; by a schedule: each time, at most 31 days."},
	{Name: "from", Label: "Begins", Kind: "text", Words: "Like 2026-12-01 22:00, in the time zone below; empty: now, or by the schedule."},
	{Name: "schedule", Label: "Or by a schedule", Kind: "text", Words: "A cron expression or a systemd calendar time: it begins each time, like 0 2 * * 0."},
	{Name: "tz", Label: "Time zone", Kind: "text", Words: "Like Europe/Berlin; empty: UTC."},
}

// Window reads what was typed of a maintenance window; Problems says what is wrong with which field.
func (f *Form) Window(zones schedules.Zones, now time.Time) windows.Body {
	b := windows.Body{Name: f.Typed["name"], Tags: Split(f.Typed["tags"])}
	fine := fsm.WindowSpec{Name: "x", Tags: []string{"x"}, From: 1, To: 2}
	for field, one := range map[string]fsm.WindowSpec{
		"name": {Name: b.Name, Tags: fine.Tags, From: 1, To: 2}, "tags": {Name: "x", Tags: b.Tags, From: 1, To: 2},
	} {
		if err := one.Validate(); err != nil {
			f.Problems[field] = show.Sentence(PlainWords(err))
		}
	}
	length, err := show.ReadDuration(f.Typed["length"])
	if err != nil || length < 1 {
		f.Problems["length"] = "Say how long it lasts: a number with s, m, h or d."
		length = 1
	}
	zone, err := zones.Location(cmp.Or(f.Typed["tz"], "UTC"))
	if err != nil {
		f.Problems["tz"] = show.Sentence(err.Error())
		zone = time.UTC
	}
	switch text := f.Typed["from"]; {
	case f.Typed["schedule"] != "" && text != "":
		f.Problems["from"] = "The schedule says when it begins: leave one of the two empty."
	case f.Typed["schedule"] != "":
		b.Schedule, b.ForSecs = &schedules.List{f.Typed["schedule"]}, &length
		if tz := f.Typed["tz"]; tz != "" {
			b.TZ = &tz
		}
	default:
		f.readSpan(&b, zone, length, now)
	}
	return b
}

// readSpan reads when a window is that comes once, for length seconds.
func (f *Form) readSpan(b *windows.Body, zone *time.Location, length int64, now time.Time) {
	from, text := now, f.Typed["from"]
	if text != "" {
		var err error
		if from, err = time.ParseInLocation("2006-01-02 15:04", text, zone); err != nil {
			f.Problems["from"] = "It must be a date and a time, like 2026-12-01 22:00."
		}
	}
	to := from.Add(time.Duration(min(length, fsm.MaxWindowLength/1000+1)) * time.Second)
	if b.To = new(to.UTC().Format(time.RFC3339Nano)); text != "" {
		b.From = new(from.UTC().Format(time.RFC3339Nano))
	}
}
