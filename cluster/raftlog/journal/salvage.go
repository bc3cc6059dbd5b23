package journal

import (
	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// ReadID returns the ID that the head of a journal's file tells. The error says why the
// head cannot be read.
func ReadID(b []byte) (uint64, error) {
	h, err := readHead(b)
	return h.id, err
}

// Salvaged is what can be read of a journal's file that may be damaged.
type Salvaged struct {
	Valid    []*raft.Log // the entries of whole records that still count, in order
	Anywhere []*raft.Log // all that can be found block by block, in damaged records and void ones too
	Settled  uint64      // index before the newest record, which a crash may have cut off without leaving a hole
}

// Salvage finds entries in a journal's file, and takes those that accept returns nil for;
// accept may change its entry.
func Salvage(b []byte, accept func(*raft.Log) error) (out Salvaged) {
	block := blockOf(b)
	if recs := readRecords(b, block); len(recs) > 0 {
		recs = validRecords(recs)
		for _, r := range recs {
			for _, l := range r.logs {
				if own := *l; accept(&own) == nil {
					out.Valid = append(out.Valid, &own)
				}
			}
			out.Settled = r.prev
		}
	}
	for at := 0; at+recordHeadSize < len(b); at += block {
		r := wire.NewReader(b[at+recordHeadSize:])
		for {
			l := readEntry(&r)
			if !r.OK() || accept(l) != nil {
				break
			}
			out.Anywhere = append(out.Anywhere, l)
		}
	}
	return out
}
