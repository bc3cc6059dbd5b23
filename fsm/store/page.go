package store

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// pageSize is the number of heartbeats that are kept together: they are copied
// together when one of them changes while a snapshot is being written, share the
// memory of their configs and histories, and are looked through together for the
// one that is due.
const pageSize = history.Slots

// page holds heartbeats in a few large pieces of memory. Bytes of text are never
// written again while a snapshot may see them: they are appended to, and replaced when
// full.
type page struct {
	text []byte // configs, in any order, some of them out of date

	extras *[pageSize]*extras // nil until one has any

	epoch  uint64
	live   int
	vitals [pageSize]vitals
	hist   history.Page
}

// record decodes the config of a heartbeat.
func (p *page) record(slot int, ord uint64) *record {
	r := &record{vitals: &p.vitals[slot], hist: p.hist.Head(slot), extras: p.extrasOf(slot), ord: ord}
	r.config.fill(r.vitals)
	if r.config.readText(p.textOf(slot)) != nil {
		panic("a heartbeat's config cannot be read")
	}
	return r
}

func (p *page) textOf(slot int) []byte {
	v := &p.vitals[slot]
	return p.text[v.textAt:][:v.textLen]
}

// setText gives a heartbeat another text.
func (p *page) setText(slot int, text []byte) {
	v := &p.vitals[slot]
	v.textLen = 0 // what it had is waste now
	if len(p.text)+len(text) > cap(p.text) {
		p.packText(len(text))
	}
	v.textAt, v.textLen = uint32(len(p.text)), uint16(len(text))
	p.text = append(p.text, text...)
}

// packText moves the texts that are in use to new memory, which has room for
// more. It grows by an eighth: a million heartbeats have little to spare.
func (p *page) packText(more int) {
	size := more
	for slot := range p.vitals {
		size += int(p.vitals[slot].textLen)
	}
	packed := slices.Grow[[]byte](nil, size+size/8)
	for slot := range p.vitals {
		v := &p.vitals[slot]
		at := len(packed)
		packed = append(packed, p.textOf(slot)...)
		v.textAt = uint32(at)
	}
	p.text = packed
}

// slug returns the slug of a heartbeat, as a part of the page's text; there must be
// one.
func (t *table) slug(ord uint64) []byte {
	p, slot := t.at(ord)
	r := wire.NewReader(p.textOf(slot))
	r.Take(uint64(len(fsm.HeartbeatID{})))
	r.Int()          // created
	r.Int()          // updated
	r.Uint()         // version
	r.Take(r.Uint()) // name
	return r.Take(r.Uint())
}
