package incident

import (
	"maps"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Snapshot returns what an image needs: records never change.
func (l *Log) Snapshot() Log { return Log{records: maps.Clone(l.records)} }

// Write writes the incidents to an image, in their order.
func (l *Log) Write(s *image.Section) {
	var item []byte
	for _, x := range slices.SortedFunc(maps.Values(l.records), func(a, b *Record) int { return a.key().Compare(b.key()) }) {
		item = x.append(item[:0])
		s.Add(item)
	}
}

// Read reads an incident of an image. The error is ErrCorrupt.
func (l *Log) Read(item *wire.Reader) (*Record, error) {
	x := read(item)
	if !item.OK() || !x.isPlausible() || l.records[x.IncidentRef] != nil {
		return nil, fsm.ErrCorrupt
	}
	l.file(x)
	return x, nil
}
