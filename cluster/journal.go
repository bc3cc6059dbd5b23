package cluster

import (
	"cmp"
	"errors"
	"slices"
	"sync"

	"github.com/hashicorp/raft"
)

// journal is a log that makes entries durable by one small write each, and brings
// them to their home, a bbolt log, many at a time. bbolt alone writes and syncs
// twice for each batch, which cost more than all else that is done for it.
//
// Its file has two halves of fixed size. Entries are appended to one; when that is
// full they go to the other, while a goroutine moves those of the first to the home
// in one transaction. What is not there yet is held in memory as well, and found
// again in the file after a crash (see recoverEntries).
type journal struct {
	home raft.LogStore
	file *journalFile

	writing sync.Mutex // held by who writes to the file
	half    int        // written to now
	end     int        // of what is written in it
	gen     uint64     // rises with each turn to the other half
	lowest  [2]uint64  // index that a crash would bring back from each half; 0: none
	buf     []byte

	mu      sync.Mutex
	changed *sync.Cond
	live    []*raft.Log // not known to be at home, in order and without gaps
	moving  int         // of them, from the front, are on their way
	err     error       // of the disk; nothing is taken after it
	closed  bool
	mover   sync.WaitGroup
}

func newJournal(home raft.LogStore, file *journalFile) *journal {
	j := &journal{home: home, file: file, gen: 1}
	j.changed = sync.NewCond(&j.mu)
	j.mover.Go(j.move)
	return j
}

func (j *journal) StoreLog(l *raft.Log) error { return j.StoreLogs([]*raft.Log{l}) }

// StoreLogs returns when the entries are on disk. It keeps them: nobody may change
// them afterwards.
func (j *journal) StoreLogs(ls []*raft.Log) error {
	if len(ls) == 0 {
		return nil
	}
	j.writing.Lock()
	defer j.writing.Unlock()
	last, err := j.takes()
	if err != nil {
		return err
	}
	if ls[0].Index != last+1 { // as behind a snapshot that the leader sent
		if err := j.moveAll(); err != nil {
			return err
		}
	}
	if recordSize(ls) > j.file.half {
		if err := j.moveAll(); err != nil {
			return err
		}
		return j.home.StoreLogs(ls)
	}
	if err := j.append(last, ls); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.live = append(j.live, ls...)
	return nil
}

// takes returns the index that entries are to follow, and an error once one has
// failed to reach the disk.
func (j *journal) takes() (last uint64, err error) {
	j.mu.Lock()
	err = j.err
	j.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return j.LastIndex()
}

// append writes a record of entries, or the one that voids all before it if there
// are none. last is the index before them.
func (j *journal) append(last uint64, ls []*raft.Log) error {
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
		return j.fail(err)
	}
	j.end += len(rec)
	if len(ls) > 0 && j.lowest[j.half] == 0 {
		j.lowest[j.half] = ls[0].Index
	}
	return nil
}

// turn goes on in the other half, once that is at home, and sends this one there.
func (j *journal) turn() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.moved(); err != nil {
		return err
	}
	j.moving = len(j.live)
	j.changed.Broadcast()
	j.half, j.end, j.gen = 1-j.half, 0, j.gen+1
	j.lowest[j.half] = 0
	return nil
}

// moveAll returns when everything is at home.
func (j *journal) moveAll() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.moved(); err != nil {
		return err
	}
	j.moving = len(j.live)
	j.changed.Broadcast()
	return j.moved()
}

// moved waits until nothing is on its way; the lock is held.
func (j *journal) moved() error {
	for j.moving > 0 && j.err == nil {
		j.changed.Wait()
	}
	return j.err
}

// move brings entries home until close, or until the disk fails.
func (j *journal) move() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for {
		for j.moving == 0 && !j.closed {
			j.changed.Wait()
		}
		if j.moving == 0 {
			return
		}
		batch := slices.Clone(j.live[:j.moving])
		j.mu.Unlock()
		err := j.home.StoreLogs(batch)
		j.mu.Lock()
		if j.err = cmp.Or(j.err, err); err == nil {
			j.live = slices.Clone(j.live[j.moving:])
			j.moving = 0
		}
		j.changed.Broadcast()
		if err != nil {
			return
		}
	}
}

func (j *journal) fail(err error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.err = err
	j.changed.Broadcast()
	return err
}

// DeleteRange deletes at home. What a crash would bring back from the file is
// brought there and voided first.
func (j *journal) DeleteRange(first, last uint64) error {
	if err := j.void(last); err != nil {
		return err
	}
	return j.home.DeleteRange(first, last)
}

// void makes sure that no entry up to last comes back from the file.
func (j *journal) void(last uint64) error {
	j.writing.Lock()
	defer j.writing.Unlock()
	holds := func(lowest uint64) bool { return lowest != 0 && lowest <= last }
	if !slices.ContainsFunc(j.lowest[:], holds) {
		return nil
	}
	if err := j.moveAll(); err != nil {
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

func (j *journal) FirstIndex() (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	first, err := j.home.FirstIndex()
	if first == 0 && err == nil && len(j.live) > 0 {
		first = j.live[0].Index
	}
	return first, err
}

func (j *journal) LastIndex() (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n := len(j.live); n > 0 {
		return j.live[n-1].Index, nil
	}
	return j.home.LastIndex()
}

func (j *journal) GetLog(index uint64, l *raft.Log) error {
	j.mu.Lock()
	if n := len(j.live); n > 0 && index >= j.live[0].Index && index <= j.live[n-1].Index {
		*l = *j.live[index-j.live[0].Index]
		j.mu.Unlock()
		return nil
	}
	j.mu.Unlock()
	return j.home.GetLog(index, l)
}

// close brings everything home and ends. After an error the file must be kept.
func (j *journal) close() error {
	j.writing.Lock()
	defer j.writing.Unlock()
	err := j.moveAll()
	j.mu.Lock()
	j.closed = true
	j.changed.Broadcast()
	j.mu.Unlock()
	j.mover.Wait()
	return errors.Join(err, j.file.Close())
}
