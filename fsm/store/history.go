package store

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// The history of a heartbeat is its newest pings, each as the change of pace that
// it made: the time since the ping before it, less the time between the two before
// that. So a job that runs on time costs two bytes a run, whatever its interval
// is. The vitals hold the time and the pace of the newest; from there it is read
// backwards.
//
// A page keeps the histories of its heartbeats in one piece of memory: a run of
// entries for each, and behind the runs a log in which new entries of all of them
// are gathered, each after the number of its place. When it is full, the page is
// packed: log entries join their runs, and what is beyond the limit is left out.
//
// An entry is a uvarint, wire.Zigzag(change of pace) << 1; the low bit says that
// something comes with it: a uvarint of its length, and its bytes.

// run is where the hist of a page has the older entries of a heartbeat.
type run struct {
	at   uint32
	size uint16
	n    uint16
}

const (
	logLeast = 96   // bytes of room for the log of a page, and
	logMost  = 8192 // so that packing has bounds
	sealAt   = 8192 // a run of more bytes is sealed: see long.go

	// maxExtra is how many bytes may come with an entry.
	maxExtra = 255
)

// maxPace keeps the change of pace within what an entry can hold.
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

// entrySize is the size of a short entry at once, of others by reading them.
func entrySize(b []byte) int {
	for i, c := range b {
		if c < 0x80 {
			if b[0]&1 == 0 {
				return i + 1
			}
			break
		}
	}
	_, _, size := readEntry(b)
	return size
}

// noteFrom adds a plain ping to a heartbeat's history, of which limit are kept.
func (t *table) noteFrom(p *page, slot int, at int64, from netip.Addr, limit int) {
	v := &p.vitals[slot]
	if bytesOf(from) == v.lastFrom {
		t.note(p, slot, at, nil, limit)
		return
	}
	next := v.callers()
	d := plainDetail()
	d.callers, d.lost = next.heard(from)
	t.note(p, slot, at, d.append(nil), limit)
	v.setCallers(next)
}

// note adds a ping to a heartbeat's history, of which limit are kept. What its entry says
// of the callers comes into effect afterwards.
func (t *table) note(p *page, slot int, at int64, extra []byte, limit int) {
	if limit == 0 {
		return
	}
	v := &p.vitals[slot]
	if v.kept == 0 {
		v.newest, v.step = at, 0
	}
	step := at - v.newest
	if room := 1 + 2*binary.MaxVarintLen64 + len(extra); len(p.hist)+room > cap(p.hist) {
		t.pack(p, room)
	}
	p.hist = appendEntry(append(p.hist, byte(slot)), step-v.step, extra)
	v.newest, v.step = at, step
	v.kept = min(v.kept+1, uint32(limit))
}

// forget drops the oldest entries beyond the limit.
func (v *vitals) forget(limit int) {
	v.kept = min(v.kept, uint32(limit))
	if v.kept == 0 {
		v.newest, v.step = 0, 0
	}
}

// pack makes room in a page's hist by moving what is kept to new memory.
func (t *table) pack(p *page, room int) {
	t.scratch = p.gather(t.scratch[:0], &p.runs)
	p.sealLong(t.scratch)
	size := 0
	for _, r := range p.runs {
		size += int(r.size)
	}
	p.setHist(t.scratch, size, room)
}

// setHist copies the runs from where gather put them.
func (p *page) setHist(from []byte, size, room int) {
	p.hist = slices.Grow[[]byte](nil, size+room+min(max(size/8, logLeast), logMost))
	for slot := range p.runs {
		r := &p.runs[slot]
		at := len(p.hist)
		p.hist = append(p.hist, from[r.at:][:r.size]...)
		r.at = uint32(at)
	}
	p.logAt = len(p.hist)
}

// logPart is what the log of a page holds of one heartbeat.
type logPart struct{ n, size, skip int }

// gather appends the runs of a page to dst as they are with the log's entries and
// without what is not kept any more, and notes where they are.
func (p *page) gather(dst []byte, runs *[pageSize]run) []byte {
	var logged [pageSize]logPart
	p.eachLogged(func(slot int, e []byte) {
		logged[slot].n++
		logged[slot].size += len(e)
	})
	old := p.runs
	for slot := range old {
		r, l := old[slot], &logged[slot]
		b := p.hist[r.at:][:r.size]
		drop := max(0, int(r.n)+l.n-int(p.vitals[slot].kept))
		n := int(r.n) - drop
		for ; drop > 0 && len(b) > 0; drop-- {
			b = b[entrySize(b):]
		}
		l.skip = drop
		runs[slot] = run{uint32(len(dst)), uint16(len(b)), uint16(max(n, 0))}
		dst = append(dst, b...)
		dst = append(dst, p.hist[p.logAt:][:l.size]...) // room, written below
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
func (p *page) eachLogged(f func(slot int, e []byte)) {
	for b := p.hist[p.logAt:]; len(b) > 0; {
		size := 1 + entrySize(b[1:])
		f(int(b[0]), b[1:size])
		b = b[size:]
	}
}
