package rotation

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Write adds an item for each heartbeat that has old tokens: its ordinal, and each token with the time that is left at
// a serving time. Those that have ended by then are not written, whether they were taken out or not.
func (t *Table) Write(s *image.Section, serving int64) {
	for _, ordinal := range slices.Sorted(maps.Keys(t.old)) {
		if t.Len(ordinal, serving) == 0 {
			continue
		}
		item := binary.AppendUvarint(nil, ordinal)
		for _, x := range t.old[ordinal] {
			if x.end > serving {
				item = binary.AppendUvarint(append(item, x.token[:]...), uint64(x.end-serving))
			}
		}
		s.Add(item)
	}
}

// Read reads an item that Write wrote. isNew files a token under its heartbeat, or reports that there is no such
// heartbeat, or that the token leads to one already.
func (t *Table) Read(item *wire.Reader, serving int64, isNew func(ordinal uint64, token fsm.Token) bool) error {
	ordinal := item.Uint()
	var list []oldToken
	for item.OK() && item.Len() > 0 {
		var x oldToken
		item.Fill(x.token[:])
		left := item.UpTo(fsm.MaxOverlap)
		if x.end = serving + int64(left); !item.OK() || left == 0 || len(list) == fsm.MaxOldTokens || !isNew(ordinal, x.token) {
			return fsm.ErrCorrupt
		}
		list = append(list, x)
	}
	if !item.OK() || len(list) == 0 || t.old[ordinal] != nil {
		return fsm.ErrCorrupt
	}
	t.put(ordinal, list)
	return nil
}
