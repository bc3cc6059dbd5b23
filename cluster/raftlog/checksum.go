package raftlog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/hashicorp/raft"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Checksummed keeps a checksum with each entry. Neither bbolt nor Raft has one, so
// a flipped bit in a command would make this node's state another than the
// others', unnoticed.
type Checksummed struct{ raft.LogStore }

// checksumSize is the length of the checksum, at the end of an entry's extensions.
const checksumSize = 4

func (s Checksummed) StoreLog(l *raft.Log) error { return s.StoreLogs([]*raft.Log{l}) }

// StoreLogs seals copies: Raft goes on using the entries.
func (s Checksummed) StoreLogs(ls []*raft.Log) error {
	copies := make([]raft.Log, len(ls))
	summed := make([]*raft.Log, len(ls))
	for i, l := range ls {
		copies[i] = *l
		ext := append(make([]byte, 0, len(l.Extensions)+checksumSize), l.Extensions...)
		copies[i].Extensions = binary.BigEndian.AppendUint32(ext, entrySum(l))
		summed[i] = &copies[i]
	}
	return s.LogStore.StoreLogs(summed)
}

// GetLog gives the entry as it was stored, or an error.
func (s Checksummed) GetLog(index uint64, l *raft.Log) error {
	if err := s.LogStore.GetLog(index, l); err != nil {
		return err
	}
	return Verify(index, l)
}

// Verify takes the checksum off an entry, and checks it.
func Verify(index uint64, l *raft.Log) error {
	n := len(l.Extensions) - checksumSize
	if n < 0 || l.Index != index {
		return fmt.Errorf("entry %d is not what was written", index)
	}
	want := binary.BigEndian.Uint32(l.Extensions[n:])
	if l.Extensions = l.Extensions[:n]; n == 0 {
		l.Extensions = nil
	}
	if sum := entrySum(l); sum != want {
		return fmt.Errorf("entry %d is not what was written: its checksum is %08x, not %08x", index, sum, want)
	}
	return nil
}

// entrySum covers all of an entry that replication depends on.
func entrySum(l *raft.Log) uint32 {
	var head [17]byte
	binary.BigEndian.PutUint64(head[:], l.Index)
	binary.BigEndian.PutUint64(head[8:], l.Term)
	head[16] = byte(l.Type)
	sum := crc32.Update(0, wire.Castagnoli, head[:])
	return crc32.Update(crc32.Update(sum, wire.Castagnoli, l.Data), wire.Castagnoli, l.Extensions)
}
