package table

import (
	"iter"

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
