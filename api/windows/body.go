package windows

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Body is the body of a request that makes a window.
type Body struct {
	Name     string          `json:"name"`
	Tags     []string        `json:"tags"`
	From     *string         `json:"from"` // left out: now
	To       *string         `json:"to"`
	Schedule *schedules.List `json:"schedule"`
	TZ       *string         `json:"tz"`
	ForSecs  *int64          `json:"for_secs"`
}

// Command returns what makes the window, with the first times of its schedule by the rules of a node.
// rules is 0 if the leader is to compute them anew.
func (b Body) Command(zones schedules.Zones, now time.Time, rules uint32) (fsm.CreateWindow, error) {
	c := fsm.CreateWindow{Spec: fsm.WindowSpec{Name: b.Name, Tags: b.Tags}}
	rand.Read(c.ID[:])
	var err error
	if b.Schedule != nil {
		err = b.setSchedule(&c, zones, now, rules)
	} else {
		err = b.setSpan(&c.Spec)
	}
	if err != nil {
		return c, err
	}
	return c, c.Spec.Validate()
}

// setSchedule has the window come by a schedule.
func (b Body) setSchedule(c *fsm.CreateWindow, zones schedules.Zones, now time.Time, rules uint32) error {
	if b.From != nil || b.To != nil {
		return request.BadRequest("schedule and from or to are both there; send one of the two")
	}
	if b.ForSecs == nil {
		return request.BadRequest(fmt.Sprintf("for_secs is missing: how long the window is each time, 1 to %d", fsm.MaxWindowSecs))
	}
	c.Spec.Schedule, c.Spec.For = *b.Schedule, *b.ForSecs
	if b.TZ != nil {
		c.Spec.TZ = *b.TZ
	}
	when, loc, err := schedules.Read(c.Spec.Schedule, c.Spec.TZ, zones)
	if err != nil {
		return request.BadRequest(err.Error())
	}
	if err := when.Check(now, loc); err != nil {
		return request.BadRequest("schedule: " + err.Error())
	}
	c.Timetable.Rules = rules
	times := when.Times(now, loc, fsm.MaxTimes)
	length := time.Duration(min(max(c.Spec.For, 0), fsm.MaxWindowSecs)) * time.Second
	if since, ok := when.Last(now, loc, length); ok { // it is on already
		times = append([]time.Time{since}, times[:min(len(times), fsm.MaxTimes-1)]...)
	}
	for _, at := range times {
		c.Timetable.Times = append(c.Timetable.Times, at.UnixMilli())
	}
	return nil
}

// setSpan has it come once.
func (b Body) setSpan(s *fsm.WindowSpec) (err error) {
	switch {
	case b.To == nil:
		return request.BadRequest("to is missing: give from and to, or schedule and for_secs")
	case b.TZ != nil || b.ForSecs != nil:
		return request.BadRequest("tz and for_secs are of a schedule, and there is none: give from and to alone")
	}
	if b.From != nil {
		if s.From, err = parseTime("from", *b.From); err != nil {
			return err
		}
	}
	s.To, err = parseTime("to", *b.To)
	return err
}

func parseTime(field, text string) (int64, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.UnixMilli() <= 0 {
		return 0, request.BadRequest(fmt.Sprintf("%s is %.40q; it must be a time like 2026-05-02T08:00:00Z (RFC 3339)", field, text))
	}
	return t.UnixMilli(), nil
}
