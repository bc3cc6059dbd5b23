package cron

import "github.com/quorumbeat/quorumbeat/fsm/schedule/civil"

// Cron compares the minute that the clock shows with the last one that it has done its work for, and
// judges by the difference what has happened (in minutes).
const (
	smallJump = 5      // up to here cron was late: every minute is made up for
	clockJump = 3 * 60 // up to here the clock was changed; beyond, cron begins anew
)

// firstIn is the first moment from one on, up to another, in a stretch of one offset.
func (e *Expression) firstIn(s civil.Stretch, from, to int64) (int64, bool) {
	minute := ceilMinute(s.Wall(from))
	last := civil.FloorDiv(s.Wall(to), 60)
	if s.HasStart() {
		opening := ceilMinute(s.Wall(s.Start))
		done := minuteDone(s.Start, s)
		if minute == opening && e.makesUp(done, opening) {
			return s.Unix(opening * 60), opening <= last
		}
		if jump := opening - done; e.fixed && jump <= 0 && jump > -clockJump {
			minute = max(minute, done+1)
		}
	}
	if minute > last {
		return 0, false
	}
	minute, ok := e.nextMinute(minute, last)
	return s.Unix(minute * 60), ok
}

// makesUp reports whether the job fires in the opening minute of a stretch for one that the clock
// skipped.
func (e *Expression) makesUp(done, opening int64) bool {
	jump := opening - done
	if jump <= 1 || jump > clockJump || jump > smallJump && !e.fixed {
		return false
	}
	_, ok := e.nextMinute(done+1, opening)
	return ok
}

// minuteDone is the minute that cron has done its work for when a stretch begins. That is the one
// before, unless the stretch before was shorter than what the clock had been put back.
func minuteDone(start int64, s civil.Stretch) int64 {
	var past []civil.Stretch // latest first
	for p := s; p.HasStart() && start-p.Start <= 2*clockJump*60 && len(past) < 8; {
		p = p.Before()
		past = append(past, p)
	}
	done := int64(0)
	for i := len(past) - 1; i >= 0; i-- {
		p := past[i]
		end := ceilMinute(p.Wall(p.End)) - 1
		if i == len(past)-1 {
			done = end
			continue
		}
		jump := ceilMinute(p.Wall(p.Start)) - done
		if jump > 0 || jump <= -clockJump || end > done {
			done = end
		}
	}
	return done
}

func ceilMinute(wall int64) int64 { return -civil.FloorDiv(-wall, 60) }
