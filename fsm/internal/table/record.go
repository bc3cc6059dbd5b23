package table

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
)

// Record is a whole heartbeat: its hot fields, where the table has them, and its cold
// fields, decoded. A plain ping does without.
type Record struct {
	*Hot
	Runs    *RunState // nil for most
	Ordinal uint64
	Cold    Cold
	Times   *timetable.Timetable // nil without a schedule, or if no time is known
}

// These are those of Hot, by the record's timetable.

func (r *Record) NextMiss() int64               { return r.Hot.NextMiss(r.Times) }
func (r *Record) MissesAt(horizon int64) int64  { return r.Hot.MissesAt(r.Times, horizon) }
func (r *Record) MissedAt(horizon int64) uint64 { return r.Hot.MissedAt(r.Times, horizon) }
func (r *Record) ExpectedAt(n int64) int64      { return r.Hot.ExpectedAt(r.Times, n) }

// AnchoredAt returns the wall time of the anchor: of a ping that counts for a time which had not
// come, or came by the newest reading of the clock only, its own.
func (r *Record) AnchoredAt() int64 {
	if r.Is(Scheduled) && r.AnchorWall > r.LastPing && r.CountsFor(r.LastPing+timetable.Drift) >= r.AnchorWall {
		return r.LastPing
	}
	return r.AnchorWall
}

// LastMiss returns the serving time of the newest miss that was counted since the anchor.
func (r *Record) LastMiss() int64 { return r.MissAt(r.Misses - r.Carried) }

// MissAt returns the serving time of the n-th miss since the anchor.
func (r *Record) MissAt(n int64) int64 { return r.missAt(r.Times, n) }

// MissesSince returns how many misses there would be by a horizon, had the newest ping been
// sent at another time.
func (r *Record) MissesSince(serving, wall, horizon int64) int64 {
	v := *r.Hot
	v.Reanchor(serving, r.CountsFor(wall), 0)
	return v.missedBy(r.Times.Fresh(), horizon)
}

// CountsFor returns the wall time for which a ping counts.
func (r *Record) CountsFor(wall int64) int64 {
	if r.Is(Scheduled) {
		return r.Times.CountsFor(wall)
	}
	return wall
}

// RunLimit returns how long a run may take, in ms: what its heartbeat says, else the grace,
// or the interval if there is no grace.
func (r *Record) RunLimit() int64 {
	switch {
	case r.Cold.Spec.MaxRun > 0:
		return r.Cold.Spec.MaxRun * 1000
	case r.GraceSecs == 0 && r.Is(Scheduled):
		return r.Times.Step()
	case r.GraceSecs == 0:
		return r.Interval()
	}
	return r.Grace()
}

// ResetRule makes the threshold decide again which miss alerts, after a resume or an
// unheard notice.
func (r *Record) ResetRule() {
	r.Clear(Resumed | Unheard)
	if r.Runs != nil {
		r.Runs.Resumed = 0
	}
}

// CallerOf returns who sent the newest ping that ended a run, "" if that is not known.
func CallerOf(h *history.Head) string {
	if from := history.AddrOf(h.Callers.Last()); from.IsValid() {
		return from.String()
	}
	return ""
}

// Record returns a heartbeat with its cold fields decoded.
func (p *Page) Record(slot int, ord uint64) *Record {
	r := &Record{Hot: &p.hots[slot], Runs: p.Runs(slot), Ordinal: ord, Times: p.Times(slot)}
	r.Cold.FillFrom(r.Hot)
	if r.Cold.Decode(p.Text(slot)) != nil {
		panic("a heartbeat's config cannot be read")
	}
	if fields := p.Fields(slot); fields != "" && fsm.ReadFields([]byte(fields), &r.Cold.Spec) != nil {
		panic("a heartbeat's tagged fields cannot be read")
	}
	return r
}
