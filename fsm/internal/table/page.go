package table

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
)

// PageSize is the number of heartbeats on a page. They are copied together when one of
// them changes while a snapshot is being written, share the memory of their texts and
// histories, and are looked through together for the one that is due.
const PageSize = history.Slots

// Page holds heartbeats in a few large pieces of memory. Bytes of text that a snapshot may
// see are never written again: the text is appended to, and replaced when full.
type Page struct {
	// What every ping needs comes first, in one cache line.
	epoch   uint64
	live    int
	History history.Page

	fields *pageFields // nil until one has any

	text  []byte               // cold fields, in any order, some of them out of date
	runs  *[PageSize]*RunState // nil until one has any
	times *pageTimes           // nil until one has a schedule
	hots  [PageSize]Hot
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

// Hot returns the hot fields of a slot.
func (p *Page) Hot(slot int) *Hot { return &p.hots[slot] }

// Head returns the head of a slot's history; it makes a Page history.Heads.
func (p *Page) Head(slot int) *history.Head { return &p.hots[slot].Head }

// IsLive reports whether a slot has a heartbeat.
func (p *Page) IsLive(slot int) bool { return p.hots[slot].Is(Live) }

func (p *Page) Text(slot int) []byte {
	v := &p.hots[slot]
	return p.text[v.textAt:][:v.textLen]
}

// setText gives a heartbeat another text.
func (p *Page) setText(slot int, text []byte) {
	v := &p.hots[slot]
	v.textLen = 0 // the old text is not copied when the page is packed
	if len(p.text)+len(text) > cap(p.text) {
		p.packText(len(text))
	}
	v.textAt, v.textLen = uint32(len(p.text)), uint16(len(text))
	p.text = append(p.text, text...)
}

// packText moves the texts that are in use to new memory with room for more. It leaves an
// eighth of room: a million heartbeats have little to spare.
func (p *Page) packText(more int) {
	size := more
	for slot := range p.hots {
		size += int(p.hots[slot].textLen)
	}
	packed := slices.Grow[[]byte](nil, size+size/8)
	for slot := range p.hots {
		v := &p.hots[slot]
		at := len(packed)
		packed = append(packed, p.Text(slot)...)
		v.textAt = uint32(at)
	}
	p.text = packed
}
