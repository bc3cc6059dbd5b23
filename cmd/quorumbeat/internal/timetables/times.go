package timetables

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule"
)

// Zones are a node's rules of time zones.
type Zones interface {
	Location(name string) (*time.Location, error)
	Version() string
}

// Next returns the next times of a schedule after a time. zone "" is UTC.
func Next(zones Zones, expressions []string, zone string, after time.Time) (fsm.Timetable, error) {
	s, err := schedule.Parse(expressions)
	if err != nil {
		return fsm.Timetable{}, err
	}
	if zone == "" {
		zone = "UTC"
	}
	rules := fsm.RulesOf(zones.Version())
	loc, err := zones.Location(zone)
	if err != nil {
		return fsm.Timetable{}, err
	}
	t := fsm.Timetable{Rules: rules}
	for _, at := range s.Times(after, loc, fsm.MaxTimes) {
		t.Times = append(t.Times, at.UnixMilli())
	}
	return t, nil
}
