package table

import (
	"iter"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// ColdText is the config's text in its parts.
type ColdText struct{ Id, Name, tags []byte }

// SplitText finds the parts of what appendText wrote, without decoding it.
func SplitText(b []byte) (t ColdText) {
	r := wire.NewReader(b)
	t.Id = r.Take(uint64(len(fsm.HeartbeatID{})))
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

// Slug returns the slug of a heartbeat, as a part of the page's text; there must be
// one.
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
