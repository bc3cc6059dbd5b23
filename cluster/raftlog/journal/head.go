package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// head is the first block of a journal's file. It tells the sizes that the file
// was made with, so that a version with others can read it. All little endian:
//
//	0  "QBJF"
//	4  CRC-32C of what follows
//	8  ID of the journal
//	16 bytes of a block: records and halves begin on its multiples, and the head takes one
//	20 bytes of each half
type head struct {
	id    uint64
	block int
	half  int
}

const (
	fileMagic = "QBJF"
	headSize  = 24
)

// newFile returns an empty journal.
func (h head) newFile() []byte {
	b := append(make([]byte, 0, h.size()), fileMagic...)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint64(b, h.id)
	b = binary.LittleEndian.AppendUint32(b, uint32(h.block))
	b = binary.LittleEndian.AppendUint32(b, uint32(h.half))
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:], wire.Castagnoli))
	return b[:h.size()]
}

func (h head) size() int { return h.block + 2*h.half }

// readHead reads the head of a journal's file, and makes sure that the file has
// the size that it tells.
func readHead(b []byte) (h head, err error) {
	if len(b) < headSize || string(b[:4]) != fileMagic {
		return h, errors.New("it does not begin as a journal does")
	}
	if crc32.Checksum(b[8:headSize], wire.Castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return h, errors.New("its first block is damaged")
	}
	h = head{
		id:    binary.LittleEndian.Uint64(b[8:]),
		block: int(binary.LittleEndian.Uint32(b[16:])),
		half:  int(binary.LittleEndian.Uint32(b[20:])),
	}
	if h.block < recordHeadSize || h.half < h.block || h.half%h.block != 0 {
		return h, fmt.Errorf("it tells impossible sizes: blocks of %d bytes, halves of %d", h.block, h.half)
	}
	if len(b) != h.size() {
		return h, fmt.Errorf("it has %d bytes instead of %d", len(b), h.size())
	}
	return h, nil
}
