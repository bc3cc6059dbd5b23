package store

import (
	"bytes"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/internal/index"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// filler puts restored heartbeats into a state. They come in order of creation;
// the texts and histories of a page are gathered, and copied into memory of the
// right size when it is complete.
type filler struct {
	st   *state
	page *page
	last uint64
	text []byte
	hist history.Builder
}

// restored is a heartbeat as an image tells of it.
type restored struct {
	vitals
	config  config
	text    []byte // of the config
	hist    history.Head
	entries []byte // of the history
	extras  *extras
}

// readHeartbeats reads what writeHeartbeats wrote.
func (st *state) readHeartbeats(r *imageReader) {
	n := r.Count()
	f := newFiller(st, n)
	var block []byte
	for n > 0 && r.OK() {
		block = r.Block(block)
		in := wire.NewReader(block)
		for ; n > 0 && in.Len() > 0; n-- {
			var h restored
			ord := f.last + in.Uint()
			h.read(&in, st)
			h.readExtras(&in, st)
			if !in.OK() || !f.add(ord, &h) {
				r.Fail()
				return
			}
		}
		if len(block) == 0 || in.Len() > 0 {
			r.Fail()
		}
	}
	f.flush()
}

func (h *restored) read(r *wire.Reader, st *state) {
	r.Fill(h.token[:])
	h.flags = flags(r.UpTo(uint64(flagsKnown)))
	h.intervalSecs, h.graceSecs = r.Uint32(), r.Uint32()
	h.threshold = r.Byte()
	h.anchor = st.serving - r.Int()
	h.anchorWall = st.wall - r.Int()
	h.base, h.misses = r.Int(), r.Int()
	h.missed, h.incident, h.lastAlert = r.Uint32(), r.Uint32(), r.Int()
	if h.flaps = r.Uint32(); h.flaps > 0 {
		h.flapStart = st.serving - r.Int()
	}
	h.pings = r.Uint()
	h.lastPing = h.anchorWall - r.Int()
	h.readCallers(r)
	h.hist.Kept = r.Uint32()
	h.hist.Newest = h.lastPing - r.Int()
	h.hist.Step = r.Int()
	h.text, h.entries = r.Take(r.Uint()), r.Take(r.Uint())
	h.config.fill(&h.vitals)
	if h.config.readText(h.text) != nil {
		r.Fail()
	}
}

func newFiller(st *state, heartbeats int) *filler {
	heartbeats = min(heartbeats, fsm.MaxHeartbeats)
	st.ids, st.tokens = index.New(heartbeats), index.New(heartbeats)
	return &filler{st: st}
}

// readExtras reads what few heartbeats have; for the others it is empty.
func (h *restored) readExtras(r *wire.Reader, st *state) {
	b := r.Take(r.Uint())
	if len(b) == 0 {
		return
	}
	if h.extras = readExtras(b, st); h.extras == nil {
		r.Fail()
	}
}

// add files a heartbeat, or reports that no such heartbeat could have been written
// by this program.
func (f *filler) add(ord uint64, h *restored) bool {
	if ord <= f.last || ord > f.st.created || !f.admits(h) {
		return false
	}
	if f.page == nil || (ord-1)/pageSize != (f.last-1)/pageSize {
		f.flush()
		f.page = &page{}
		f.st.table.put((ord-1)/pageSize, f.page)
	}
	f.last = ord
	f.place(int((ord-1)%pageSize), h)
	f.index(ord, h)
	return true
}

// place puts a heartbeat on the page.
func (f *filler) place(slot int, h *restored) {
	p, v := f.page, &f.page.vitals[slot]
	*v = h.vitals
	v.set(flagLive)
	v.textAt, v.textLen = uint32(len(f.text)), uint16(len(h.text))
	f.text = append(f.text, h.text...)
	p.text = f.text
	f.hist.Add(&p.hist, slot, h.hist, h.entries)
	if h.extras != nil {
		if p.extras == nil {
			p.extras = &[pageSize]*extras{}
		}
		p.extras[slot] = h.extras
		f.st.table.bodies += h.extras.size
	}
	p.live++
}

// index files a heartbeat in what is derived.
func (f *filler) index(ord uint64, h *restored) {
	st := f.st
	st.table.onlyPost.Put(ord, h.is(flagOnlyPost))
	st.file(ord, h.config.id, h.token, h.config.spec.Slug)
	if h.is(flagFailing) {
		st.failing[ord] = struct{}{}
	}
	if h.is(flagPaused) {
		st.paused++
	}
	st.note(h.config.maker, 1)
}

// flush completes the page.
func (f *filler) flush() {
	if f.page == nil {
		return
	}
	f.page.text = bytes.Clone(f.text)
	f.hist.Finish(&f.page.hist)
	f.st.table.live += f.page.live
	_, deadline := f.page.firstDue()
	f.st.due.schedule(f.last, deadline)
	f.text = f.text[:0]
}

// admits reports whether a heartbeat could have been written by this program.
func (f *filler) admits(h *restored) bool {
	return f.st.byID(h.config.id) == 0 && f.st.byToken(h.token) == 0 && h.config.spec.Validate() == nil &&
		history.AreEntries(h.entries, int(h.hist.Kept)) && uint64(h.hist.Kept) <= h.pings &&
		(h.hist.Kept > 0 || h.hist.Newest == 0 && h.hist.Step == 0) &&
		h.base >= 0 && h.misses >= h.base && !(h.is(flagFailing) && (h.is(flagPaused) || h.extras == nil))
}

// readCallers reads what an image has of the addresses.
func (h *restored) readCallers(r *wire.Reader) {
	var last, other [16]byte
	if h.is(flagFrom) {
		r.Fill(last[:])
	}
	if h.is(flagOther) {
		r.Fill(other[:])
	}
	h.hist.Callers = history.CallersOf(last, other)
	if callerFlags(h.hist.Callers) != h.vitals.flags&(flagFrom|flagOther) || last == other && h.is(flagOther) {
		r.Fail() // no addresses that this program writes
	}
	h.clear(flagFrom | flagOther)
}
