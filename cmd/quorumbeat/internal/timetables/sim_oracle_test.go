package timetables

import (
	"fmt"
	"slices"
	"time"
)

// What jobs do, by the clock on their wall: nothing here knows how package schedule computes.

// simCron is one cron expression of the simulation. An hour of -1 is a star.
type simCron struct {
	every      int // */every in place of a minute; 0: minute is one
	minute     int
	hour       int
	onWeekdays bool
}

func (c simCron) String() string {
	minute, hour, days := fmt.Sprint(c.minute), fmt.Sprint(c.hour), "*"
	if c.every > 0 {
		minute = fmt.Sprintf("*/%d", c.every)
	}
	if c.hour < 0 {
		hour = "*"
	}
	if c.onWeekdays {
		days = "1-5"
	}
	return fmt.Sprintf("%s %s * * %s", minute, hour, days)
}

// follows reports whether the job follows the clock when that is changed, since it runs at no fixed time.
func (c simCron) follows() bool { return c.every > 0 || c.hour < 0 }

// runsAt reports whether the job runs at a minute that a clock shows, counted from 1970.
func (c simCron) runsAt(shown int64) bool {
	minute, hour, weekday := int(shown%60), int(shown/60%24), int((shown/1440+4)%7)
	if c.onWeekdays && (weekday == 0 || weekday == 6) {
		return false
	}
	if c.every > 0 {
		return minute%c.every == 0
	}
	return minute == c.minute && (c.hour < 0 || c.hour == hour)
}

// simPlan is what a job runs by.
type simPlan struct {
	crons []simCron
	zone  string
}

func (p simPlan) expressions() (list []string) {
	for _, c := range p.crons {
		list = append(list, c.String())
	}
	return list
}

// clock tells which minute the clock on the wall shows at one, both counted from 1970.
func (p simPlan) clock() (shown func(minute int64) int64) {
	loc, err := time.LoadLocation(p.zone)
	if err != nil {
		panic(err)
	}
	return func(minute int64) int64 {
		_, offset := time.Unix(minute*60, 0).In(loc).Zone()
		return minute + int64(offset/60)
	}
}

// runs lists when jobs run between two times, in Unix ms: somebody looks at the clock on the wall each minute, from two days
// before. A job at a fixed time runs once when its minute was skipped, right after, and once when it comes twice.
func (p simPlan) runs(from, to int64) (list []int64) {
	shown := p.clock()
	for _, c := range p.crons {
		minute := from/60_000 - 2*1440
		latest := shown(minute - 1)
		for ; minute*60_000 <= to; minute++ {
			now, due := shown(minute), false
			switch {
			case c.follows():
				due = c.runsAt(now)
			default:
				for m := latest + 1; m <= now; m++ {
					due = due || c.runsAt(m)
				}
			}
			latest = max(latest, now)
			if due && minute*60_000 > from {
				list = append(list, minute*60_000)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
