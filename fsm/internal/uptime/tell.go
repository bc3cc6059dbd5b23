package uptime

import (
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Circumstances are what a record does not hold. Times are wall; 0 is none.
type Circumstances struct {
	Now       int64
	Created   int64 // of the heartbeat
	DownSince int64 // of the incident that is going on
	Gaps      func(yield func(from, to int64))
}

// Tell tells of the newest days, oldest first, the last one being that of now.
func (r *Record) Tell(c Circumstances) []fsm.UptimeDay {
	all, unknown := Record{Days: append([]Day(nil), r.Days...)}, Record{}
	if c.DownSince > 0 {
		all.add(c.DownSince, c.Now, func(d *Day) *int64 { return &d.Down })
	}
	if r.PausedSince > 0 {
		all.add(r.PausedSince, c.Now, func(d *Day) *int64 { return &d.Paused })
	}
	c.Gaps(func(from, to int64) {
		unknown.add(max(from, c.Created), min(to, c.Now), func(d *Day) *int64 { return &d.Down })
	})
	out := make([]fsm.UptimeDay, fsm.UptimeDays)
	today := c.Now / dayMillis
	for i := range out {
		number := today - int64(len(out)-1-i)
		begin, end := number*dayMillis, (number+1)*dayMillis
		outside := min(dayMillis, max(0, c.Created-begin)+max(0, end-c.Now))
		known := all.find(number)
		out[i] = fsm.UptimeDay{
			Date: fsm.WallTime(begin), Down: known.Down, Paused: known.Paused,
			Unknown: min(dayMillis, outside+unknown.find(number).Down),
		}
	}
	return out
}

// find returns a day, which has nothing to tell if the record does not have it.
func (r *Record) find(number int64) Day {
	for i := len(r.Days) - 1; i >= 0; i-- {
		if r.Days[i].Number == number {
			return r.Days[i]
		}
	}
	return Day{}
}
