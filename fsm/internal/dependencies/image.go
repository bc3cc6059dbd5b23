package dependencies

import (
	"encoding/binary"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Snapshot returns a graph for an image: what is not derived from heartbeats.
func (g *Graph) Snapshot() *Graph {
	c := &Graph{}
	for r := range g.oldest.All() {
		c.oldest.Add(r)
	}
	return c
}

// Write writes the recoveries to an image.
func (g *Graph) Write(w *image.Section) {
	for r := range g.oldest.All() {
		w.Add(wire.AppendInt(binary.AppendUvarint(nil, r.ord), r.at))
	}
}

// Read reads one of them; has finds the tags of a heartbeat, false if it is not there.
func (g *Graph) Read(item *wire.Reader, tagsOf func(ord uint64) (tags []string, ok bool)) error {
	ord, at := item.Uint(), item.Int()
	tags, ok := tagsOf(ord)
	if _, again := g.recent[ord]; !item.OK() || !ok || again || len(g.recent) == MaxRecoveries {
		return fsm.ErrCorrupt
	}
	g.Recovers(ord, slices.Clone(tags), at)
	return nil
}
