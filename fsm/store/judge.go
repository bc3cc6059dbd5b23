package store

import (
	"math"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// countNext counts the next miss or overdue run, if one is due.
func (st *state) countNext(r *table.Record) bool {
	deadline := r.NextMiss()
	o := r.Runs.NextRun()
	if tell := r.Runs.TellAt(); tell <= st.horizon && (o == nil || tell < o.Deadline) {
		st.tellAgain(r, tell)
		return true
	}
	if o != nil && o.Deadline <= min(deadline, st.horizon) {
		st.failOverdue(r, o)
		return true
	}
	if deadline > st.horizon {
		return false
	}
	r.Misses++
	st.countMiss(r, cause{due: deadline, created: st.wallOfDeadline(deadline)})
	return true
}

// cause is why an alert is written: a missed deadline of the schedule or of a run, or a
// reported failure.
type cause struct {
	due     int64 // serving
	created int64 // wall
	run     *table.OpenRun
	failed  *received

	tolerated bool // a failure that does not alert: too few came in a row
}

// isFailure reports whether the job failed, rather than was silent.
func (c *cause) isFailure() bool { return c.failed != nil || c.run != nil }

// reason is the cause's word.
func (c *cause) reason() string {
	switch {
	case c.failed != nil:
		return "failure"
	case c.run != nil:
		return "hung_run"
	}
	return "silence"
}

// countMiss counts a miss. When the threshold is reached, the heartbeat becomes failing, or
// an unheard notice is written.
func (st *state) countMiss(r *table.Record, c cause) {
	r.Missed++
	st.misses++
	st.noteChange(r.Ordinal)
	if !r.Is(table.Resumed|table.Unheard) && r.Misses < int64(r.Threshold) {
		return
	}
	told := r.Is(table.Unheard)
	switch {
	case told && st.gaps.alsoExcuse(r, c.due): // by what it was told for
	case st.gaps.excuses(r, c.due) && (!told || st.gaps.excuseNewest(r)):
		st.reportUnheard(r, c)
	default:
		st.beginIncident(r, c)
	}
}

// countMissesUntil counts the misses of a failing heartbeat that nobody has counted yet, up
// to a serving time.
func (st *state) countMissesUntil(r *table.Record, until int64) {
	extra := r.MissesAt(until) - r.Misses
	r.Runs.Incident.Misses += extra
	r.Misses += extra
	r.Missed += uint32(extra)
	st.misses += uint64(extra)
}

// scheduleNext tells the table when a heartbeat is due next.
func (st *state) scheduleNext(r *table.Record) {
	if r.IsJudged() {
		st.table.Schedule(r.Ordinal, min(r.NextMiss(), r.Runs.Deadline()))
	}
}

// gapLog holds the newest ingest gaps, oldest first: times in which no ping could
// commit. The serving clock stood still meanwhile. No two of them overlap.
type gapLog struct {
	list  []gap
	total int64 // ms of all gaps ever
}

// gap is one ingest gap. If it ends where it begins, nobody knows how long it was.
type gap struct {
	serving  int64
	from, to int64 // wall
}

func (st *state) recordGap(c fsm.RecordGap) fsm.Code {
	if c.From <= 0 || c.To < c.From {
		return fsm.CodeInvalid
	}
	st.judgeDue(math.MaxInt) // the gap does not excuse what was due before it
	st.gaps.addGap(gap{st.serving, c.From, c.To})
	return fsm.CodeOK
}

// addGap adds a gap, and merges it with those that it overlaps: several leaders may tell of
// the same time, and one may tell of it twice. The list is copied, for snapshots share
// it.
func (g *gapLog) addGap(x gap) {
	keep := make([]gap, 0, len(g.list)+1)
	for _, y := range g.list {
		if !x.overlaps(y.from, y.to) {
			keep = append(keep, y)
			continue
		}
		g.total -= y.to - y.from
		x.from, x.to = min(x.from, y.from), max(x.to, y.to)
	}
	g.list = append(keep[max(0, len(keep)-(fsm.MaxGaps-1)):], x)
	g.total += x.to - x.from
}

// each passes the wall times of the gaps.
func (g *gapLog) each(yield func(from, to int64)) {
	for _, x := range g.list {
		yield(x.from, x.to)
	}
}

func (x gap) overlaps(from, to int64) bool { return x.from <= to && x.to >= from }

// isUnmeasured reports whether nobody knows how long the gap was.
func (x gap) isUnmeasured() bool { return x.from == x.to }

// sinceAnchor returns the gaps that ended after a heartbeat's anchor. Serving time rules
// out most others at once; wall time rules out those in which it was pinged. A clock that
// jumped may have put one of these after a gap that counts.
func (g *gapLog) sinceAnchor(r *table.Record) []gap {
	i := len(g.list)
	for i > 0 && g.list[i-1].serving >= r.Anchor {
		i--
	}
	list := g.list[i:]
	before := func(x gap) bool { return x.to <= r.AnchorWall }
	if slices.ContainsFunc(list, before) {
		list = slices.DeleteFunc(slices.Clone(list), before)
	}
	return list
}

// lengthSinceAnchor returns the ms of gaps since a heartbeat's anchor.
func (g *gapLog) lengthSinceAnchor(r *table.Record) (ms int64) {
	for _, x := range g.sinceAnchor(r) {
		ms += x.to - max(x.from, r.AnchorWall)
	}
	return ms
}

// lengthUntil returns the ms of gaps that were known at a serving time.
func (g *gapLog) lengthUntil(serving int64) (ms int64) {
	for _, x := range g.list {
		if x.serving <= serving {
			ms += x.to - x.from
		}
	}
	return ms
}

// excuses reports whether every ping that was expected since the anchor, up to a deadline,
// was expected in a gap or too close before one: then the job had no fair chance. An
// expected time is fair if no gap touches the grace after it. Each turn of the loop
// passes a gap, so there are no more turns than gaps.
func (g *gapLog) excuses(r *table.Record, deadline int64) bool {
	gaps := g.sinceAnchor(r)
	if len(gaps) == 0 {
		return false
	}
	if slices.ContainsFunc(gaps, gap.isUnmeasured) {
		return true // it may have been long enough
	}
	if r.Is(table.Scheduled) {
		return excusesTimes(gaps, r)
	}
	until := r.AnchorWall + deadline - r.Anchor + g.lengthSinceAnchor(r)
	for n := int64(1); ; {
		from := r.ExpectedAt(n)
		to := from + r.Grace()
		if to > until {
			return true
		}
		hit := firstOverlapping(gaps, from, to)
		if hit == nil {
			return false
		}
		n = (hit.to-r.AnchorWall)/r.Interval() + 1
	}
}

// excusesTimes is excuses for a timetable: none of the times that were missed was fair.
func excusesTimes(gaps []gap, r *table.Record) bool {
	fair := r.Times.WasFair()
	r.Times.Between(r.AnchorWall, r.Misses-r.Carried, func(wall int64) bool {
		fair = fair || firstOverlapping(gaps, wall, wall+r.Grace()) == nil
		return !fair
	})
	return !fair
}

// alsoExcuse reports whether the newest miss of a timetable, with a deadline, fell into the same gap as the one before it:
// serving time stands still in a gap, and wall time does not, so many times of a timetable may come at once after it.
func (g *gapLog) alsoExcuse(r *table.Record, deadline int64) bool {
	n := r.Misses - r.Carried
	if !r.Is(table.Scheduled) || n < 2 {
		return false
	}
	last, this, atOnce := r.ExpectedAt(n-1), r.ExpectedAt(n), r.MissAt(n-1) == deadline
	return slices.ContainsFunc(g.sinceAnchor(r), func(x gap) bool {
		return x.isUnmeasured() && atOnce || x.overlaps(last, last+r.Grace()) && x.overlaps(this, this+r.Grace())
	})
}

// excuseNewest reports whether the newest miss of a timetable fell into a gap.
func (g *gapLog) excuseNewest(r *table.Record) bool {
	this := r.ExpectedAt(r.Misses - r.Carried)
	return r.Is(table.Scheduled) && firstOverlapping(g.sinceAnchor(r), this, this+r.Grace()) != nil
}

// excusesRun reports whether a run may have ended in a gap, that is, whether any gap ended
// after its start.
func (g *gapLog) excusesRun(o *table.OpenRun) bool {
	return slices.ContainsFunc(g.list, func(x gap) bool { return x.endedAfterStart(o) })
}

// lengthSinceRun returns the ms of gaps since a run began.
func (g *gapLog) lengthSinceRun(o *table.OpenRun) (ms int64) {
	for _, x := range g.list {
		if x.endedAfterStart(o) {
			ms += x.to - max(x.from, o.Wall)
		}
	}
	return ms
}

// endedAfterStart reports whether a gap ended after a run began.
func (x gap) endedAfterStart(o *table.OpenRun) bool { return x.serving >= o.Start && x.to > o.Wall }

func firstOverlapping(gaps []gap, from, to int64) *gap {
	for i := range gaps {
		if gaps[i].overlaps(from, to) {
			return &gaps[i]
		}
	}
	return nil
}
