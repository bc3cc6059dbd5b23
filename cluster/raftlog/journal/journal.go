package journal

import (
	"errors"
	"slices"
	"sync"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/raftlog/tail"
)

// Journal is a log that makes entries durable by one small write each, and stores them in
// the log behind it, a bbolt one, many at a time. Its methods may be called by several
// goroutines, but only one at a time may store, as Raft does.
//
// Its file has two halves of fixed size. Entries are appended to one half. When that is
// full they go to the other half, while the tail stores those of the first half in one
// transaction. What is not stored yet is in memory as well, and is found again in the file
// after a crash (see recoverEntries).
type Journal struct {
	tail *tail.Tail // of the log behind; it stores a half at a time
	file *file

	writing sync.Mutex // held by who writes to the file
	half    int        // that is written to now
	end     int        // of what is written in it
	gen     uint64     // rises with each turn to the other half
	lowest  [2]uint64  // lowest index that a crash would bring back from each half; 0: none
	buf     []byte
}

func newJournal(store raft.LogStore, f *file) (*Journal, error) {
	t, err := tail.New(store)
	return &Journal{tail: t, file: f, gen: 1}, err
}

// StoreLog is StoreLogs with one entry.
func (j *Journal) StoreLog(l *raft.Log) error { return j.StoreLogs([]*raft.Log{l}) }

// StoreLogs returns when the entries are on disk. It keeps them: nobody may change them
// afterwards.
func (j *Journal) StoreLogs(ls []*raft.Log) error {
	if len(ls) == 0 {
		return nil
	}
	j.writing.Lock()
	defer j.writing.Unlock()
	if err := j.tail.Err(); err != nil {
		return err
	}
	last, err := j.tail.LastIndex()
	if err != nil {
		return err
	}
	if ls[0].Index != last+1 { // as behind a snapshot that the leader sent
		if err := j.tail.Flush(); err != nil {
			return err
		}
	}
	if recordSize(ls) > j.file.half {
		return j.tail.StoreThrough(ls)
	}
	if err := j.append(last, ls); err != nil {
		return err
	}
	j.tail.Append(ls)
	return nil
}

// append writes a record of entries. Without entries the record voids all records before
// it. last is the index before the entries.
func (j *Journal) append(last uint64, ls []*raft.Log) error {
	size := recordSize(ls)
	if j.end+size > j.file.half {
		if err := j.turn(); err != nil {
			return err
		}
	}
	if cap(j.buf) < size {
		j.buf = alignedBuffer(2 * size)
	}
	rec := appendRecord(j.buf[:0], j.file.id, j.gen, last, ls)
	if err := j.file.write(rec, j.half, j.end); err != nil {
		j.tail.Fail(err)
		return err
	}
	j.end += len(rec)
	if len(ls) > 0 && j.lowest[j.half] == 0 {
		j.lowest[j.half] = ls[0].Index
	}
	return nil
}

// turn goes on in the other half once what that held is stored, and has the entries of
// this half stored.
func (j *Journal) turn() error {
	if err := j.tail.Wait(); err != nil {
		return err
	}
	j.tail.Store()
	j.half, j.end, j.gen = 1-j.half, 0, j.gen+1
	j.lowest[j.half] = 0
	return nil
}

// DeleteRange deletes from the log behind. If a crash would bring any of the entries back
// from the file, they are stored and voided first.
func (j *Journal) DeleteRange(first, last uint64) error {
	if err := j.void(last); err != nil {
		return err
	}
	return j.tail.DeleteRange(first, last)
}

// void makes sure that no entry up to last comes back from the file.
func (j *Journal) void(last uint64) error {
	j.writing.Lock()
	defer j.writing.Unlock()
	holds := func(lowest uint64) bool { return lowest != 0 && lowest <= last }
	if !slices.ContainsFunc(j.lowest[:], holds) {
		return nil
	}
	if err := j.tail.Flush(); err != nil {
		return err
	}
	if err := j.turn(); err != nil {
		return err
	}
	if err := j.append(0, nil); err != nil {
		return err
	}
	j.lowest = [2]uint64{}
	return nil
}

// Flush stores everything in the log behind.
func (j *Journal) Flush() error {
	j.writing.Lock()
	defer j.writing.Unlock()
	return j.tail.Flush()
}

// FirstIndex implements [raft.LogStore].
func (j *Journal) FirstIndex() (uint64, error) { return j.tail.FirstIndex() }

// LastIndex implements [raft.LogStore].
func (j *Journal) LastIndex() (uint64, error) { return j.tail.LastIndex() }

// GetLog implements [raft.LogStore].
func (j *Journal) GetLog(index uint64, l *raft.Log) error { return j.tail.GetLog(index, l) }

// Close stores everything in the log behind, and ends the journal. After an error its file
// must be kept; without one, see Forget.
func (j *Journal) Close() error {
	j.writing.Lock()
	defer j.writing.Unlock()
	err := j.tail.Flush()
	j.tail.Close()
	return errors.Join(err, j.file.Close())
}
