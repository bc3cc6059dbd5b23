package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"slices"
	"sync"
	"unsafe"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/raftlog/tail"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
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

// file is a file of a head and two halves, all of it written once, so that a
// write of entries changes nothing else.
type file struct {
	*os.File
	id   uint64
	half int  // bytes
	sync bool // writes are not durable by themselves
}

func (f *file) write(rec []byte, half, at int) error {
	if _, err := f.WriteAt(rec, int64(blockSize+half*f.half+at)); err != nil {
		return err
	}
	if f.sync {
		return f.Sync()
	}
	return nil
}

// A record is what one write to the journal appends: a head, then entries, filled up
// to whole blocks. The head, all little endian:
//
//	0  "QBJ1"
//	4  CRC-32C of what follows, without the filling
//	8  ID of the journal
//	16 generation
//	24 index of the entry before the first
//	32 bytes of entries
//	36 number of entries; 0: everything before this record is void
const (
	recordMagic    = "QBJ1"
	recordHeadSize = 40
	blockSize      = 4096 // writes begin and end on its multiples, as disks want it
)

// recordSize is at least what a record of entries takes, in whole blocks.
func recordSize(ls []*raft.Log) int {
	n := recordHeadSize
	for _, l := range ls {
		n += 5*binary.MaxVarintLen64 + 1 + len(l.Extensions) + len(l.Data)
	}
	return wholeBlocks(n, blockSize)
}

func wholeBlocks(n, block int) int { return (n + block - 1) / block * block }

// alignedBuffer returns memory that may be written to a disk as it is.
func alignedBuffer(size int) []byte {
	b := make([]byte, size+blockSize)
	past := int(uintptr(unsafe.Pointer(unsafe.SliceData(b))) % blockSize)
	return b[blockSize-past:][:0:size]
}

// appendRecord appends a record to b, which has the room.
func appendRecord(b []byte, id, gen, prev uint64, ls []*raft.Log) []byte {
	b = append(b, recordMagic...)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint64(b, id)
	b = binary.LittleEndian.AppendUint64(b, gen)
	b = binary.LittleEndian.AppendUint64(b, prev)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(ls)))
	for _, l := range ls {
		b = appendEntry(b, l)
	}
	binary.LittleEndian.PutUint32(b[32:], uint32(len(b)-recordHeadSize))
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:], wire.Castagnoli))
	n := len(b)
	b = b[:wholeBlocks(n, blockSize)]
	clear(b[n:])
	return b
}

func appendEntry(b []byte, l *raft.Log) []byte {
	b = binary.AppendUvarint(b, l.Index)
	b = binary.AppendUvarint(b, l.Term)
	b = append(b, byte(l.Type))
	at := int64(0)
	if !l.AppendedAt.IsZero() {
		at = l.AppendedAt.UnixNano()
	}
	b = binary.AppendUvarint(b, uint64(at))
	return wire.AppendBytes(wire.AppendBytes(b, l.Extensions), l.Data)
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
