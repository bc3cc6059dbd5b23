package journal

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/hashicorp/raft"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// storeLeftovers stores what the journal holds and the store does not have.
func storeLeftovers(path string, id uint64, store raft.LogStore) error {
	last, err := store.LastIndex()
	if err != nil {
		return fmt.Errorf("the log of this node cannot be read: %w", err)
	}
	logs, err := read(path, id, last)
	if err != nil || len(logs) == 0 {
		return err
	}
	if err := store.StoreLogs(logs); err != nil {
		return fmt.Errorf("entries of the journal cannot be written to this node's log: %w; check that the disk is not full, then start the node again", err)
	}
	return nil
}

// read returns the entries of journal id that a store which ends at index last does not
// have.
func read(path string, id, last uint64) ([]*raft.Log, error) {
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

// recoverEntries returns the entries in a journal's file that its store, which ends at
// index last, does not have.
//
// Only the newest two generations count: a half is written anew only when what it held is
// stored. A crash may cut the newest record off: then nobody was told that it is on disk.
// A record that is missing elsewhere leaves a hole, which is damage.
func recoverEntries(b []byte, id, last uint64) ([]*raft.Log, error) {
	h, err := readHead(b)
	if err != nil {
		return nil, err
	}
	recs := readRecords(b, h.block)
	if len(recs) == 0 {
		return nil, errors.New("nothing in it can be read")
	}
	if h.id != id || slices.ContainsFunc(recs, func(r record) bool { return r.id != id }) {
		return nil, errors.New("it belongs to another log")
	}
	var out []*raft.Log
	var before uint64
	for _, r := range validRecords(recs) {
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

// validRecords returns, in their order, the records of the newest two generations that no
// later record voids.
func validRecords(recs []record) []record {
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

// Inspect makes sure that no entry is lost between the journal of the data folder dir and
// its store, which names the journal with this ID and ends at index last. It changes
// nothing. It returns the newest entry that the journal has and the store has not, nil if
// there is none.
func Inspect(dir string, id, last uint64) (newest *raft.Log, err error) {
	path := filepath.Join(dir, FileName)
	if id == 0 {
		return nil, checkForgotten(path, last)
	}
	logs, err := read(path, id, last)
	if err != nil || len(logs) == 0 {
		return nil, err
	}
	return logs[len(logs)-1], nil
}

// checkForgotten refuses a journal with entries that the store lacks, though the store
// names no journal: then the store is not the one that the journal belongs to. (A store
// names a journal until it has all that is in it.)
func checkForgotten(path string, last uint64) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the journal %s cannot be read: %w", path, err)
	}
	recs := readRecords(b, blockOf(b))
	if len(recs) == 0 {
		return nil
	}
	for _, r := range validRecords(recs) {
		if r.last() > last {
			return fmt.Errorf("the journal %s holds entries to %d, but the log knows no journal and ends at entry %d", path, r.last(), last)
		}
	}
	return nil
}

// blockOf returns the size of a file's blocks, as its head tells if that can be read.
func blockOf(b []byte) int {
	if h, err := readHead(b); err == nil {
		return h.block
	}
	return blockSize
}

// record is one that was read; its entries share memory with the file's.
type record struct {
	id   uint64 // of its journal
	gen  uint64
	prev uint64
	logs []*raft.Log
	size int // bytes without the filling
}

// readRecord reads the record that b begins with, if there is a whole one.
func readRecord(b []byte) (r record, ok bool) {
	if len(b) < recordHeadSize || string(b[:4]) != recordMagic {
		return r, false
	}
	n := int(binary.LittleEndian.Uint32(b[32:]))
	if n > len(b)-recordHeadSize {
		return r, false
	}
	b = b[:recordHeadSize+n]
	if crc32.Checksum(b[8:], wire.Castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return r, false
	}
	r = record{
		id: binary.LittleEndian.Uint64(b[8:]), gen: binary.LittleEndian.Uint64(b[16:]),
		prev: binary.LittleEndian.Uint64(b[24:]), size: len(b),
	}
	d := wire.NewReader(b[recordHeadSize:])
	for range binary.LittleEndian.Uint32(b[36:]) {
		if !d.OK() {
			break
		}
		r.logs = append(r.logs, readEntry(&d))
	}
	return r, d.End() == nil
}

func readEntry(r *wire.Reader) *raft.Log {
	l := &raft.Log{Index: r.Uint(), Term: r.Uint(), Type: raft.LogType(r.Byte())}
	if at := r.Uint(); at != 0 {
		l.AppendedAt = time.Unix(0, int64(at))
	}
	l.Extensions = r.Bytes(math.MaxUint32)
	l.Data = r.Bytes(math.MaxUint32)
	return l
}

func (r *record) void() bool { return len(r.logs) == 0 }

func (r *record) last() uint64 { return r.logs[len(r.logs)-1].Index }
