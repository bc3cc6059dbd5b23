package history

import (
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Slots is the number of heartbeats whose histories a Page holds.
const Slots = 64

// Page holds the histories of Slots heartbeats in one piece of memory: a run of entries
// for each, and behind the runs a log, in which new entries of all of them are gathered,
// each after the number of its slot. When the memory is full, the page is packed: the
// log's entries join their runs, and what is beyond the limit is left out.
//
// Its bytes are never written again once they are there, so that a copy of a Page may be
// read while the original goes on: they are appended to, and replaced when full.
type Page struct {
	buf      []byte           // the runs, and from logAt the log
	archives map[int]*archive // the older parts of histories that are long, by slot

	logAt int
	runs  [Slots]run
}

// Head is what a history begins with: from the newest entry it is read backwards. It
// lies with what else a ping changes, and so not in the Page.
type Head struct {
	Newest  int64  // wall, ms: when the newest entry came
	Step    int64  // ms from the entry before that one
	Kept    uint32 // entries
	Callers Callers
}

// Heads are the heads of a Page's slots.
type Heads interface{ Head(slot int) *Head }

// run is where the memory of a page has the older entries of a slot.
type run struct {
	at   uint32
	size uint16
	n    uint16
}

const (
	logLeast  = 96   // bytes of room for the log of a page, and
	logMost   = 8192 // so that packing has bounds
	archiveAt = 8192 // a run of more bytes is archived
)

// Touch reads what adding to a history needs first, and TouchLog what it needs then, so
// that both are in the processor's cache when their turn comes. The result means nothing.
func (p *Page) Touch() uint64 { return uint64(len(p.buf)) }

// TouchLog reads the end of the log.
func (p *Page) TouchLog() uint64 {
	if len(p.buf) == 0 {
		return 0
	}
	return uint64(p.buf[len(p.buf)-1])
}

// Drop lets go of the history of a slot, whose head is to be zero from now on.
func (p *Page) Drop(slot int) {
	if p.archives[slot] != nil {
		p.archives = maps.Clone(p.archives)
		delete(p.archives, slot)
	}
}

// Limit drops the oldest entries of each history beyond a limit.
func (p *Page) Limit(heads Heads, limit int) {
	for slot := range Slots {
		heads.Head(slot).limitTo(limit)
	}
	if limit == 0 {
		p.buf, p.archives, p.logAt, p.runs = nil, nil, 0, [Slots]run{}
	}
}

func (h *Head) limitTo(limit int) {
	h.Kept = min(h.Kept, uint32(limit))
	if h.Kept == 0 {
		h.Newest, h.Step = 0, 0
	}
}

// A Writer adds to the histories of pages, one after the other. It keeps the memory that
// packing a page needs.
type Writer struct{ scratch []byte }

// AddPing adds a plain ping, of which nothing is told but its caller. limit is how many
// entries are kept.
func (w *Writer) AddPing(p *Page, heads Heads, slot int, at int64, from netip.Addr, limit int) {
	if bytesOf(from) == heads.Head(slot).Callers.last {
		w.addEntry(p, heads, slot, at, nil, limit)
		return
	}
	w.AddFrom(p, heads, slot, at, PlainDetail(), from, limit)
}

// AddFrom adds an entry whose caller is the newest from then on.
func (w *Writer) AddFrom(p *Page, heads Heads, slot int, at int64, d Detail, from netip.Addr, limit int) {
	h := heads.Head(slot)
	next := h.Callers
	d.change, d.lost = next.receive(from)
	w.Add(p, heads, slot, at, d, limit)
	h.Callers = next
}

// Add adds an entry. What it says of the callers comes into effect afterwards.
func (w *Writer) Add(p *Page, heads Heads, slot int, at int64, d Detail, limit int) {
	w.addEntry(p, heads, slot, at, d.append(nil), limit)
}

func (w *Writer) addEntry(p *Page, heads Heads, slot int, at int64, extra []byte, limit int) {
	if limit == 0 {
		return
	}
	h := heads.Head(slot)
	if h.Kept == 0 {
		h.Newest, h.Step = at, 0
	}
	step := at - h.Newest
	if room := 1 + 2*binary.MaxVarintLen64 + len(extra); len(p.buf)+room > cap(p.buf) {
		w.packPage(p, heads, room)
	}
	p.buf = appendEntry(append(p.buf, byte(slot)), step-h.Step, extra)
	h.Newest, h.Step = at, step
	h.Kept = min(h.Kept+1, uint32(limit))
}

// packPage makes room on a page by moving what is kept to new memory.
func (w *Writer) packPage(p *Page, heads Heads, room int) {
	w.scratch = p.gather(w.scratch[:0], heads, &p.runs)
	size, long := 0, len(p.archives) > 0
	for _, r := range p.runs {
		size += int(r.size)
		long = long || r.size > archiveAt
	}
	if long {
		size -= p.archiveLong(heads, w.scratch)
	}
	p.setRuns(w.scratch, size, room)
}

// setRuns copies the runs from where gather put them.
func (p *Page) setRuns(from []byte, size, room int) {
	p.buf = slices.Grow[[]byte](nil, size+room+min(max(size/8, logLeast), logMost))
	for slot := range p.runs {
		r := &p.runs[slot]
		at := len(p.buf)
		p.buf = append(p.buf, from[r.at:][:r.size]...)
		r.at = uint32(at)
	}
	p.logAt = len(p.buf)
}

// logPart is what the log of a page holds of one slot.
type logPart struct{ n, size, skip int }

// gather appends the runs of a page to dst, with the log's entries and without what is
// not kept any more, and notes where they are.
func (p *Page) gather(dst []byte, heads Heads, runs *[Slots]run) []byte {
	var logged [Slots]logPart
	p.eachLogged(func(slot int, e []byte) {
		logged[slot].n++
		logged[slot].size += len(e)
	})
	old := p.runs
	for slot := range old {
		r, l := old[slot], &logged[slot]
		b := p.buf[r.at:][:r.size]
		drop := max(0, int(r.n)+l.n-int(heads.Head(slot).Kept))
		n := int(r.n) - drop
		for ; drop > 0 && len(b) > 0; drop-- {
			b = b[entrySize(b):]
		}
		l.skip = drop
		runs[slot] = run{uint32(len(dst)), uint16(len(b)), uint16(max(n, 0))}
		dst = append(dst, b...)
		dst = append(dst, p.buf[p.logAt:][:l.size]...) // room, written below
	}
	p.eachLogged(func(slot int, e []byte) {
		if l := &logged[slot]; l.skip > 0 {
			l.skip--
			return
		}
		r := &runs[slot]
		copy(dst[int(r.at)+int(r.size):], e)
		r.size += uint16(len(e))
		r.n++
	})
	return dst
}

// eachLogged calls f for each entry of the log.
func (p *Page) eachLogged(f func(slot int, e []byte)) {
	for b := p.buf[p.logAt:]; len(b) > 0; {
		size := 1 + entrySize(b[1:])
		f(int(b[0]), b[1:size])
		b = b[size:]
	}
}

// An entry is a uvarint, zigzag(change of pace) << 1; the low bit says that something
// comes with it, a Detail: a uvarint of its length, and its bytes. The pace is the time
// since the ping before, and its change is what an entry keeps: so a job that runs on
// time costs two bytes a run, whatever its interval is.

// maxExtra is how many bytes may come with an entry.
const maxExtra = 255

// maxPace bounds a change of pace to what an entry can hold.
const maxPace = 1 << 60

func appendEntry(dst []byte, change int64, extra []byte) []byte {
	e := wire.Zigzag(min(max(change, -maxPace), maxPace)) << 1
	if len(extra) == 0 {
		return binary.AppendUvarint(dst, e)
	}
	dst = binary.AppendUvarint(dst, e|1)
	return append(binary.AppendUvarint(dst, uint64(len(extra))), extra...)
}

// readEntry reads the entry that b begins with; size is 0 if there is none.
func readEntry(b []byte) (change int64, extra []byte, size int) {
	e, size := binary.Uvarint(b)
	if size <= 0 {
		return 0, nil, 0
	}
	if e&1 != 0 {
		n, more := binary.Uvarint(b[size:])
		if size += more; more <= 0 || n == 0 || n > maxExtra || n > uint64(len(b)-size) {
			return 0, nil, 0
		}
		extra = b[size:][:n]
		size += int(n)
	}
	return wire.Unzigzag(e >> 1), extra, size
}

// entrySize returns the size of the entry that b begins with. It decodes no plain entry.
func entrySize(b []byte) int {
	if size := plainSize(b); size > 0 {
		return size
	}
	_, _, size := readEntry(b)
	return size
}

// plainSize returns the size of the entry that b begins with, if that is one without a Detail; 0 if
// only readEntry can tell.
func plainSize(b []byte) int {
	if len(b) == 0 || b[0]&1 != 0 {
		return 0
	}
	for i := range min(len(b), binary.MaxVarintLen64-1) {
		if b[i] < 0x80 {
			return i + 1
		}
	}
	return 0
}

// AreEntries reports whether b holds exactly n entries, each with a Detail that can be
// read.
func AreEntries(b []byte, n int) bool {
	for ; n > 0; n-- {
		size := plainSize(b)
		if size == 0 {
			var extra []byte
			if _, extra, size = readEntry(b); size == 0 {
				return false
			}
			if _, ok := ReadDetail(extra); !ok {
				return false
			}
		}
		b = b[size:]
	}
	return len(b) == 0
}

func bytesOf(a netip.Addr) (b [16]byte) {
	if a.IsValid() {
		b = a.As16()
	}
	return b
}
