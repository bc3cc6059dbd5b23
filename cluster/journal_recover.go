package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/hashicorp/raft"
)

// bringHome stores at home what the journal holds and home does not.
func bringHome(path string, half int, id uint64, home raft.LogStore) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("the journal of this node's log cannot be read: %w; it holds entries that the node has acknowledged: put it back, or, %s", err, wipeAdvice)
	}
	last, err := home.LastIndex()
	if err != nil {
		return fmt.Errorf("the log of this node cannot be read: %w; %s", err, wipeAdvice)
	}
	logs, err := recoverEntries(b, half, id, last)
	if err != nil {
		return fmt.Errorf("the journal %s is damaged: %w; %s", path, err, wipeAdvice)
	}
	if len(logs) == 0 {
		return nil
	}
	if err := home.StoreLogs(logs); err != nil {
		return fmt.Errorf("entries of the journal cannot be written to this node's log: %w; check that the disk is sound and not full, then start the node again", err)
	}
	return nil
}

// recoverEntries returns the entries in a journal's file that its home, which ends
// at index last, does not have.
//
// Only the newest two generations count: a half is written anew only when what it
// held is at home. In a crash the newest record may be cut off: then nobody was told
// that it is on disk. One that is missing elsewhere leaves a hole, which is damage.
func recoverEntries(b []byte, half int, id, last uint64) ([]*raft.Log, error) {
	if len(b) != 2*half {
		return nil, fmt.Errorf("it has %d bytes instead of %d", len(b), 2*half)
	}
	recs := slices.Concat(readHalf(b[:half], id), readHalf(b[half:], id))
	if len(recs) == 0 {
		return nil, errors.New("nothing in it can be read")
	}
	var out []*raft.Log
	var before uint64
	for _, r := range counting(recs) {
		if r.prev < before {
			return nil, fmt.Errorf("what voids entries %d to %d is missing", r.prev+1, before)
		}
		before = r.last()
		// Whether the log reaches back far enough at all is seen elsewhere.
		if have := max(last, lastOf(out)); have > 0 && r.prev > have {
			return nil, fmt.Errorf("entries %d to %d are missing", have+1, r.prev)
		}
		if r.last() > last {
			out = append(out, r.logs...)
		}
	}
	return out, nil
}

// counting returns, in their order, the records of the newest two generations that
// none voids.
func counting(recs []record) []record {
	slices.SortStableFunc(recs, func(a, b record) int { return cmp.Compare(a.gen, b.gen) })
	newest := recs[len(recs)-1].gen
	for i, r := range slices.Backward(recs) {
		if r.void() || r.gen+1 < newest {
			return recs[i+1:]
		}
	}
	return recs
}

func lastOf(ls []*raft.Log) uint64 {
	if len(ls) == 0 {
		return 0
	}
	return ls[len(ls)-1].Index
}

// readHalf finds the records in a half, those that an older generation left behind
// as well.
func readHalf(b []byte, id uint64) (recs []record) {
	for at := 0; at < len(b); {
		r, ok := readRecord(b[at:], id)
		if !ok {
			at += journalBlock
			continue
		}
		recs = append(recs, r)
		at += r.whole
	}
	return recs
}
