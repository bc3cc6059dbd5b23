package store

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/index"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
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

// prefetchCount is how many commands are prefetched together.
const prefetchCount = 16

// prefetched is a command that was decoded before its turn, if it is a plain ping.
type prefetched struct {
	ping   fsm.Ping
	isPing bool
}

// prefetcher reads what the next commands of a batch need. With many heartbeats most of a
// ping's time is waiting for memory: for its hot fields, then for the log of its page. A
// processor waits for several reads at once if none needs another, so each step is taken
// for all of the commands before the next step: at a million heartbeats that makes a ping
// two and a half times as fast.
type prefetcher struct {
	next [prefetchCount]prefetched
	seen uint64 // keeps the compiler from leaving the reads out
}

func (st *state) prefetchItems(items []logentry.Item) *[prefetchCount]prefetched {
	a := &st.prefetcher
	seen := uint64(0)
	for i := range items {
		x := &a.next[i]
		x.ping, x.isPing = fsm.DecodePing(items[i].Cmd)
	}
	for i := range items {
		if p, slot := st.table.At(a.next[i].ping.Ordinal); p != nil {
			seen += uint64(p.Hot(slot).Flags) + uint64(p.Head(slot).Newest) + p.History.Touch()
		}
	}
	for i := range items {
		if p, _ := st.table.At(a.next[i].ping.Ordinal); p != nil {
			seen += p.History.TouchLog()
		}
	}
	a.seen = seen
	return &a.next
}
