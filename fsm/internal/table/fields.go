package table

import (
	"github.com/quorumbeat/quorumbeat/fsm"
)

// pageFields are the tagged fields of a page's heartbeats, encoded; "" for those that have
// none. They are never changed: a write puts others in their place, so that a snapshot
// need not copy them.
type pageFields [PageSize]string

// Fields returns the tagged fields of a slot, encoded; "" if it has none.
func (p *Page) Fields(slot int) string {
	if p.fields == nil {
		return ""
	}
	return p.fields[slot]
}

// setFields gives a slot of a page other tagged fields.
func (p *Page) setFields(slot int, encoded []byte) {
	if p.Fields(slot) == string(encoded) {
		return
	}
	changed := new(pageFields)
	if p.fields != nil {
		*changed = *p.fields
	}
	changed[slot] = string(encoded)
	if p.fields = changed; *changed == (pageFields{}) {
		p.fields = nil
	}
}

// RestoreFields gives a heartbeat the tagged fields of an image, whose other settings are valid, and returns
// its spec. No snapshot shares the page yet. The error is ErrCorrupt, ErrVersion or ErrInvalid.
func (t *Table) RestoreFields(ord uint64, encoded []byte) (*fsm.Spec, error) {
	p, slot := t.At(ord)
	if p == nil || len(encoded) == 0 || p.Fields(slot) != "" {
		return nil, fsm.ErrCorrupt
	}
	r := p.Record(slot, ord)
	spec := &r.Cold.Spec
	if err := fsm.ReadFields(encoded, spec); err != nil {
		return nil, err
	}
	if p.fields == nil {
		p.fields = new(pageFields)
	}
	p.fields[slot] = string(encoded)
	r.setCold(&r.Cold)
	return spec, spec.ValidateFields()
}

// drainedFields are the tagged fields of a page that a snapshot has let go of.
type drainedFields struct {
	first uint64
	*pageFields
}

// EachDrainedFields passes the tagged fields of the heartbeats that Drain has passed, in the
// order of their ordinals.
func (t *Table) EachDrainedFields(f func(ord uint64, encoded string)) {
	for _, d := range t.drained {
		for slot, encoded := range d.pageFields {
			if encoded != "" {
				f(d.first+uint64(slot), encoded)
			}
		}
	}
}
