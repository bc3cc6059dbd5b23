package schedules

import (
	"fmt"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Limits of how many times a preview shows.
const (
	DefaultCount = 5
	MaxCount     = 100
)

// Preview is when a schedule fires next.
type Preview struct {
	Times       []string `json:"times"`
	Description string   `json:"description"`
	TZ          string   `json:"tz"`
	TZData      string   `json:"tz_data"` // which rules of time zones were used
}

// Question is what a preview is asked for.
type Question struct {
	Schedule List   `json:"schedule"`
	TZ       string `json:"tz"`
	Count    *int   `json:"count"`
	From     string `json:"from"`
}

// Show answers a question; from is now unless the question says otherwise.
func Show(q Question, zones Zones, now time.Time) (Preview, error) {
	count := DefaultCount
	if q.Count != nil {
		count = *q.Count
	}
	if count < 1 || count > MaxCount {
		return Preview{}, fmt.Errorf("count is %d; it must be 1 to %d", count, MaxCount)
	}
	from := now
	if q.From != "" {
		var err error
		if from, err = time.Parse(time.RFC3339, q.From); err != nil {
			return Preview{}, fmt.Errorf("from is %.40q; it must be a time like 2026-05-02T00:00:00Z", q.From)
		}
	}
	if y := from.Year(); y < 1970 || y > 2200 {
		return Preview{}, fmt.Errorf("from is of the year %d; it must be 1970 to 2200", y)
	}
	s, loc, err := Read(q.Schedule, q.TZ, zones)
	if err != nil {
		return Preview{}, err
	}
	if err := s.Check(from, loc); err != nil {
		return Preview{}, fmt.Errorf("schedule: %w", err)
	}
	p := Preview{Times: []string{}, Description: s.Describe(), TZ: loc.String(), TZData: zones.Version()}
	for _, t := range s.Times(from, loc, count) {
		p.Times = append(p.Times, stamp(t))
	}
	return p, nil
}

func stamp(t time.Time) string { return t.UTC().Format(fsm.TimeLayout) }
