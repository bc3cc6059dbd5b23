package store

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/index"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// Ordinal returns the ordinal of the heartbeat with a ping token, for
// [fsm.Ping]. It does not allocate, and does not wait for an entry that is being
// applied.
func (s *Store) Ordinal(t fsm.Token) (uint64, bool) { return s.tokens.Load().Find(index.Key(t)) }

// OnlyPost reports whether the heartbeat with an ordinal takes pings by POST alone. It
// does not allocate, and does not wait for an entry that is being applied.
func (s *Store) OnlyPost(ordinal uint64) bool { return s.onlyPost.Load().Has(ordinal) }

// applyPing records a good run.
func (st *state) applyPing(c fsm.Ping) fsm.Code {
	ord := c.Ordinal
	if !st.table.Has(ord) {
		return fsm.CodeNotFound
	}
	st.countDueMisses(ord)
	page, slot := st.table.Own(ord)
	if page.Runs(slot) != nil || page.Hot(slot).Is(table.Checked) { // it may end a run or an incident, or begin one, or its pause has an end
		code, _ := st.applySignal(fsm.Signal{Ordinal: ord, From: c.From, Exit: fsm.NotKnown})
		return code
	}
	v := page.Hot(slot)
	st.pings++
	v.Pings++
	v.LastPing = st.wall
	st.table.Histories.AddPing(&page.History, page, slot, st.wall, c.From, st.settings.History)
	if v.Misses > 0 || v.Pings == 1 {
		st.noteChange(ord)
	}
	wasJudged := v.Is(table.Armed)
	mayComeAgain := v.Is(table.Scheduled) && v.Misses > 0 // what was missed, after a clock was set back
	v.Set(table.Armed)
	if v.Is(table.Paused) {
		st.seeWhilePaused(st.table.Record(ord), true, st.wall)
		return fsm.CodePaused
	}
	v.Clear(table.Resumed | table.Unheard)
	if v.Is(table.Scheduled) {
		v.Reanchor(st.serving, st.anchorWall(v), 0)
		page.CountTimes(slot)
	} else {
		v.Reanchor(st.serving, st.wall, 0)
	}
	if !wasJudged || mayComeAgain {
		st.table.Schedule(ord, v.NextMiss(page.Times(slot)))
	}
	return fsm.CodeOK
}

// countDueMisses counts a heartbeat's misses up to the horizon, and makes it failing when they
// reach its threshold. Every command about a heartbeat does this first, so that it makes
// no difference when judgeDue gets to the heartbeat. A pause that ends by then ends first.
func (st *state) countDueMisses(ord uint64) {
	p, slot := st.table.At(ord)
	if p.Hot(slot).Is(table.Paused) {
		st.endPauseBy(ord, st.horizon)
		p, slot = st.table.At(ord)
	}
	if !p.Hot(slot).IsJudged() || p.Deadline(slot) > st.horizon {
		return
	}
	r := st.table.OwnRecord(ord)
	for st.countNext(r) {
	}
}
