package store

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
	"github.com/quorumbeat/quorumbeat/fsm/internal/index"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// filler puts the heartbeats of an image into a state, in order of creation.
type filler struct {
	st *state
	table.Builder
}

// storedRecord is a heartbeat as an image tells of it, with its cold fields decoded.
type storedRecord struct {
	table.Stored
	cold table.Cold
}

// readHeartbeats reads what writeHeartbeats wrote.
func (st *state) readHeartbeats(r *image.Reader) {
	n := r.Count()
	f := newFiller(st, n)
	var block []byte
	for n > 0 && r.OK() {
		block = r.Block(block)
		in := wire.NewReader(block)
		for ; n > 0 && in.Len() > 0; n-- {
			var h storedRecord
			ord := f.Last + in.Uint()
			h.readFields(&in, st)
			h.readRunState(&in, st)
			if !in.OK() || !f.add(ord, &h) {
				r.Fail()
				return
			}
		}
		if len(block) == 0 || in.Len() > 0 {
			r.Fail()
		}
	}
	f.Finish()
}

func (h *storedRecord) readFields(r *wire.Reader, st *state) {
	r.Fill(h.Token[:])
	h.Flags = table.Flags(r.UpTo(uint64(table.ImageFlags)))
	h.IntervalSecs, h.GraceSecs = r.Uint32(), r.Uint32()
	h.Threshold = r.Byte()
	h.Anchor = st.serving - r.Int()
	h.AnchorWall = st.wall - r.Int()
	h.Carried, h.Misses = r.Int(), r.Int()
	h.Missed, h.Incident, h.LastAlert = r.Uint32(), r.Uint32(), r.Int()
	if h.Flaps = r.Uint32(); h.Flaps > 0 {
		h.FlapStart = st.serving - r.Int()
	}
	h.Pings = r.Uint()
	h.LastPing = h.AnchorWall - r.Int()
	h.readCallers(r)
	h.Head.Kept = r.Uint32()
	h.Head.Newest = h.LastPing - r.Int()
	h.Head.Step = r.Int()
	h.Text, h.Entries = r.Take(r.Uint()), r.Take(r.Uint())
	h.cold.FillFrom(&h.Hot)
	if h.cold.Decode(h.Text) != nil {
		r.Fail()
	}
}

func newFiller(st *state, heartbeats int) *filler {
	heartbeats = min(heartbeats, fsm.MaxHeartbeats)
	st.ids, st.tokens = index.New(heartbeats), index.New(heartbeats)
	return &filler{st: st, Builder: table.Builder{Table: &st.table}}
}

// readRunState reads what few heartbeats have; for the others it is empty.
func (h *storedRecord) readRunState(r *wire.Reader, st *state) {
	b := r.Take(r.Uint())
	if len(b) == 0 {
		return
	}
	if h.Runs = st.readRunState(b); h.Runs == nil {
		r.Fail()
	}
}

// add files a heartbeat, or reports that no such heartbeat could have been written
// by this program.
func (f *filler) add(ord uint64, h *storedRecord) bool {
	if ord <= f.Last || ord > f.st.created || !f.isPlausible(h) {
		return false
	}
	f.Builder.Add(ord, &h.Stored)
	f.indexRecord(ord, h)
	return true
}

// indexRecord files a heartbeat in what is derived of it.
func (f *filler) indexRecord(ord uint64, h *storedRecord) {
	st := f.st
	st.indexHeartbeat(ord, h.cold.ID, h.Token, h.cold.Spec.Slug)
	if h.Is(table.Failing) {
		st.failing[ord] = struct{}{}
	}
	if h.Is(table.Paused) {
		st.paused++
	}
	st.countMade(h.cold.Maker, 1)
}

// isPlausible reports whether a heartbeat could have been written by this program.
func (f *filler) isPlausible(h *storedRecord) bool {
	spec := h.cold.Spec
	if spec.Interval == 0 { // of one with a schedule, which comes later
		spec.Interval = fsm.MinInterval
	}
	return f.st.byID(h.cold.ID) == 0 && f.st.byToken(h.Token) == 0 && spec.Validate() == nil &&
		history.AreEntries(h.Entries, int(h.Head.Kept)) && uint64(h.Head.Kept) <= h.Pings &&
		(h.Head.Kept > 0 || h.Head.Newest == 0 && h.Head.Step == 0) &&
		h.Carried >= 0 && h.Misses >= h.Carried && !(h.Is(table.Failing) && (h.Is(table.Paused) || h.Runs == nil))
}

// readCallers reads what an image has of the addresses.
func (h *storedRecord) readCallers(r *wire.Reader) {
	var last, other [16]byte
	if h.Is(table.HasCaller) {
		r.Fill(last[:])
	}
	if h.Is(table.HasOtherCaller) {
		r.Fill(other[:])
	}
	h.Head.Callers = history.CallersOf(last, other)
	if callerFlags(h.Head.Callers) != h.Hot.Flags&(table.HasCaller|table.HasOtherCaller) || last == other && h.Is(table.HasOtherCaller) {
		r.Fail() // no addresses that this program writes
	}
	h.Clear(table.HasCaller | table.HasOtherCaller)
}
