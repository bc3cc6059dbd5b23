package journal

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"
	"unsafe"

	"github.com/hashicorp/raft"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

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

// record is one that was read; its entries share memory with the file's.
type record struct {
	id   uint64 // of its journal
	gen  uint64
	prev uint64
	logs []*raft.Log
	size int // bytes without the filling
}

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
