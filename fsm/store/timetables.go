package store

import (
	"encoding/binary"
	"math"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// runWithTimetable runs a command with the timetable that came with it at hand.
func (st *state) runWithTimetable(c fsm.WithTimetable) fsm.Result {
	st.first = c.Timetable
	defer func() { st.first = fsm.Timetable{} }()
	return st.runCommand(c.Command)
}

// beginTimetable gives a heartbeat the timetable that came with the command, or takes away the
// one that it had.
func (st *state) beginTimetable(r *table.Record) {
	if !r.Is(table.Scheduled) {
		st.table.SetTimes(r, nil)
		return
	}
	if !st.clock.IsRead() {
		st.clock.Read(st.serving, st.wall)
	}
	st.table.SetTimes(r, timetable.New(st.clock, st.first.Rules, st.first.Times))
}

// anchorWall returns the wall time from which a heartbeat's next ping is expected, if that
// counts from now. By the newest reading of the clock no time of a timetable that is later has
// come.
func (st *state) anchorWall(v *table.Hot) int64 { return st.anchorWallAt(v, st.serving, st.wall) }

// anchorWallAt is anchorWall of a time that is given by both clocks.
func (st *state) anchorWallAt(v *table.Hot, serving, wall int64) int64 {
	if v.Is(table.Scheduled) && st.clock.IsRead() {
		return max(wall, st.clock.WallAt(serving))
	}
	return wall
}

// anchorNow starts the schedule of a heartbeat again, with so many misses.
func (st *state) anchorNow(r *table.Record, misses int64) {
	st.table.Reanchor(r, st.serving, st.anchorWall(r.Hot), misses)
}

// setTimetables takes the next times that the leader has computed.
func (st *state) setTimetables(c fsm.SetTimetables) fsm.Code {
	for _, x := range c.List {
		if st.table.Has(x.Ordinal) {
			st.topUp(x)
		}
	}
	return fsm.CodeOK
}

func (st *state) topUp(x fsm.NextTimes) {
	st.countDueMisses(x.Ordinal)
	r := st.table.OwnRecord(x.Ordinal)
	if !r.Is(table.Scheduled) || r.Cold.Version != x.Version {
		return
	}
	if r.Is(table.Failing) {
		st.countMissesUntil(r, st.horizon)
	}
	gaps := st.gaps.sinceAnchor(r)
	isFair := func(wall int64) bool { return firstOverlapping(gaps, wall, wall+r.Grace()) == nil }
	st.table.SetTimes(r, r.Times.ToppedUp(st.clock, x.Rules, r.AnchorWall, r.Misses-r.Carried, x.Since, x.Times, isFair))
	st.scheduleNext(r)
}

// readClock compares the clocks. What is due already is judged by the old reading.
func (st *state) readClock() fsm.Code {
	st.judgeDue(math.MaxInt)
	if by := st.clock.Mends(st.serving, st.wall, st.gaps.lengthUntil); by != nil {
		st.table.MendAnchors(by)
	}
	if st.clock.IsSetBack(st.serving, st.wall) {
		st.table.DoubtTimes(st.wall)
	}
	st.ledger.Reconsider()
	if earlier := st.clock.Read(st.serving, st.wall); earlier > 0 {
		st.table.AdvanceDeadlines(earlier)
	}
	return fsm.CodeOK
}

// writeTimetables writes the clock, as of nobody, and then the timetables.
func (st *state) writeTimetables(s *image.Section) {
	if st.clock.IsRead() {
		s.Add(st.clock.Append([]byte{0}))
	}
	var item []byte
	st.table.EachDrainedTimes(func(ord uint64, t *timetable.Timetable) {
		item = t.Append(binary.AppendUvarint(item[:0], ord))
		s.Add(item)
	})
}

func (st *state) readTimetables(item *wire.Reader) error {
	ord := item.Uint()
	switch {
	case ord != 0:
		return st.table.RestoreTimes(ord, timetable.Read(st.clock, item))
	case st.clock.IsRead() || !st.clock.ReadFrom(item):
		return fsm.ErrCorrupt
	}
	return nil
}

// writePauses writes when pauses end by themselves, of the heartbeats that are paused so.
func (st *state) writePauses(s *image.Section) {
	st.table.EachDrainedPause(func(ord, until uint64) {
		s.Add(binary.AppendUvarint(binary.AppendUvarint(nil, ord), until))
	})
}

func (st *state) readPauses(item *wire.Reader) error {
	ord, until := item.Uint(), item.Millis()
	return st.table.RestorePause(ord, timetable.PauseUntil(st.clock, until))
}

// WantedTimes is a heartbeat whose timetable wants more times.
type WantedTimes struct {
	Ordinal  uint64
	Version  uint64
	Schedule []string
	TZ       string
	Since    int64 // the times after this are wanted, wall, Unix ms; below the wall time asked for if it ran out before
	Last     int64 // the last one that is known; 0: none is
	Rules    uint32
	Grace    int64 // ms
}

// WantedTimes lists the heartbeats of a page, and of those after it if that has none, whose
// timetables want more times at a wall time, or have other rules. next is the page to look
// at then, more is false after the last one.
func (s *Store) WantedTimes(page int, wall int64, rules uint32) (list []WantedTimes, next int, more bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := &s.st.table
	for looked := 0; len(list) == 0 && looked < maxPerLock; looked++ {
		if page = t.NextWanting(page, wall, rules); page >= t.PageCount() {
			break
		}
		if p := t.PageAt(page); p.WantsTimes(wall, rules) {
			list = s.st.wantedOf(p, uint64(page)*table.PageSize+1, wall, rules)
		}
		page++
	}
	return list, page, page < t.PageCount()
}

func (st *state) wantedOf(p *table.Page, first uint64, wall int64, rules uint32) (list []WantedTimes) {
	for slot := range table.PageSize {
		t := p.Times(slot)
		if t == nil || t.Rules() == rules && t.WantedAt() > wall {
			continue
		}
		if v := p.Hot(slot); !t.HasRoom(v.AnchorWall, v.MissesAt(t, st.horizon)-v.Carried) {
			continue
		}
		r := p.Record(slot, first+uint64(slot))
		list = append(list, WantedTimes{r.Ordinal, r.Cold.Version, r.Cold.Spec.Schedule, r.Cold.Spec.TZ, since(wall, t.Last()), t.Last(), t.Rules(), r.Grace()})
	}
	return list
}

// since returns from when on times are wanted: from the last that is known, unless that lies
// ahead; if none is known, from now on.
func since(wall, last int64) int64 {
	if last == 0 {
		return wall
	}
	return min(wall, last)
}

// ClockOff returns by how many ms the wall clock of the newest batch differs from what the newest
// reading says; 0 if there is no timetable yet.
func (s *Store) ClockOff() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !s.st.clock.IsRead() {
		return 0
	}
	return s.st.wall - s.st.clock.WallAt(s.st.serving)
}

// Windows lists the maintenance windows, the newest first.
func (s *Store) Windows() []fsm.Window {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.windows.List(s.st.clock, s.st.serving)
}

// WantedWindows lists the maintenance windows that want more times at a wall time, or have other rules.
func (s *Store) WantedWindows(wall int64, rules uint32) []fsm.WantedWindow {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.windows.Wanted(wall, rules)
}

// WantedHours lists the hours of channels that want more times at a wall time, or have other rules.
func (s *Store) WantedHours(wall int64, rules uint32) []fsm.WantedHours {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.windows.WantedHours(wall, rules)
}
