package history

import "github.com/quorumbeat/quorumbeat/fsm/wire"

// Gathered is what is kept of the histories of a page, each in one piece, as images have
// it. Its memory is used again.
type Gathered struct {
	page   *Page
	heads  Heads
	merged []byte
	runs   [Slots]run
}

// Gather takes the histories of a page.
func (g *Gathered) Gather(p *Page, heads Heads) {
	g.page, g.heads = p, heads
	g.merged = p.gather(g.merged[:0], heads, &g.runs)
}

// Append appends the history of a slot: the length of its entries in bytes, and they.
func (g *Gathered) Append(dst []byte, slot int) []byte {
	r := g.runs[slot]
	newest := g.merged[r.at:][:r.size]
	l := g.page.archives[slot]
	if l == nil {
		return wire.AppendBytes(dst, newest)
	}
	size, drop := len(newest), l.n+int(r.n)-int(g.heads.Head(slot).Kept)
	parts := l.withoutOldest(drop).parts
	drop -= l.n - l.withoutOldest(drop).n
	first := []byte(nil)
	if len(parts) > 0 {
		first, parts = parts[0].entries, parts[1:]
		for ; drop > 0; drop-- {
			first = first[entrySize(first):]
		}
	}
	for _, x := range parts {
		size += len(x.entries)
	}
	dst = append(wire.AppendUint(dst, uint64(size+len(first))), first...)
	for _, x := range parts {
		dst = append(dst, x.entries...)
	}
	return append(dst, newest...)
}

// A Builder fills pages with histories that an image tells of. Its memory is used again.
type Builder struct{ buf []byte }

// Add gives a slot its history: the entries that Gathered has appended, which
// AreEntries.
func (b *Builder) Add(p *Page, slot int, h *Head, entries []byte) {
	n := int(h.Kept)
	if len(entries) > archiveAt {
		var l *archive
		l, entries, n = splitIntoParts(entries, n, h.Newest, h.Step, h.Callers)
		p.setArchive(slot, l)
	}
	p.runs[slot] = run{uint32(len(b.buf)), uint16(len(entries)), uint16(n)}
	b.buf = append(b.buf, entries...)
}

// Finish gives a page its memory, once every slot has its history.
func (b *Builder) Finish(p *Page) {
	p.setRuns(b.buf, len(b.buf), 0)
	b.buf = b.buf[:0]
}
