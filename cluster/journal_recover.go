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
func bringHome(path string, id uint64, home raft.LogStore) error {
	last, err := home.LastIndex()
	if err != nil {
		return fmt.Errorf("the log of this node cannot be read: %w", err)
	}
	logs, err := readJournal(path, id, last)
	if err != nil || len(logs) == 0 {
		return err
	}
	if err := home.StoreLogs(logs); err != nil {
		return fmt.Errorf("entries of the journal cannot be written to this node's log: %w; check that the disk is not full, then start the node again", err)
	}
	return nil
}

// readJournal returns the entries of journal id that a home which ends at index last
// does not have.
func readJournal(path string, id, last uint64) ([]*raft.Log, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the journal of this node's log cannot be read: %w; it holds entries that the node has acknowledged: put it back", err)
	}
	logs, err := recoverEntries(b, id, last)
	if err != nil {
		return nil, fmt.Errorf("the journal %s is damaged: %w", path, err)
	}
	return logs, nil
}

// recoverEntries returns the entries in a journal's file that its home, which ends
// at index last, does not have.
//
// Only the newest two generations count: a half is written anew only when what it
// held is at home. In a crash the newest record may be cut off: then nobody was told
// that it is on disk. One that is missing elsewhere leaves a hole, which is damage.
func recoverEntries(b []byte, id, last uint64) ([]*raft.Log, error) {
	head, err := readJournalHead(b)
	if err != nil {
		return nil, err
	}
	recs := readRecords(b, head.block)
	if len(recs) == 0 {
		return nil, errors.New("nothing in it can be read")
	}
	if head.id != id || slices.ContainsFunc(recs, func(r record) bool { return r.id != id }) {
		return nil, errors.New("it belongs to another log")
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

// readRecords finds the records in a journal's file, those that an older generation
// left behind as well.
func readRecords(b []byte, block int) (recs []record) {
	for at := 0; at < len(b); {
		r, ok := readRecord(b[at:])
		if !ok {
			at += block
			continue
		}
		recs = append(recs, r)
		at += wholeBlocks(r.size, block)
	}
	return recs
}
