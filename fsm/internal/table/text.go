package table

import (
	"iter"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// ColdText is the text of cold fields in its parts.
type ColdText struct{ ID, Name, tags []byte }

// SplitText finds the parts of what AppendText wrote, without decoding them.
func SplitText(b []byte) (t ColdText) {
	r := wire.NewReader(b)
	t.ID = r.Take(uint64(len(fsm.HeartbeatID{})))
	r.Uint() // created
	r.Uint() // updated
	r.Uint() // version
	t.Name = r.Take(r.Uint())
	r.Take(r.Uint()) // slug
	t.tags = r.Rest()
	return t
}

func (t *ColdText) Tagged(tag string) bool {
	for one := range t.Tags() {
		if string(one) == tag {
			return true
		}
	}
	return false
}

// Tags passes the tags' bytes.
func (t *ColdText) Tags() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		r := wire.NewReader(t.tags)
		for n := r.Count(); n > 0 && yield(r.Take(r.Uint())); n-- {
		}
	}
}

// Slug returns the slug of a heartbeat, as a part of the page's text. The heartbeat must
// be there.
func (t *Table) Slug(ord uint64) []byte {
	p, slot := t.At(ord)
	r := wire.NewReader(p.Text(slot))
	r.Take(uint64(len(fsm.HeartbeatID{})))
	r.Int()          // created
	r.Int()          // updated
	r.Uint()         // version
	r.Take(r.Uint()) // name
	return r.Take(r.Uint())
}

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
