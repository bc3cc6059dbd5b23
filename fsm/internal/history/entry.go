package history

import (
	"encoding/binary"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// An entry is a uvarint, zigzag(change of pace) << 1; the low bit says that something
// comes with it, a Detail: a uvarint of its length, and its bytes. The pace is the time
// since the ping before, and its change is what an entry keeps: so a job that runs on
// time costs two bytes a run, whatever its interval is.

// maxExtra is how many bytes may come with an entry.
const maxExtra = 255

// maxPace bounds a change of pace to what an entry can hold.
const maxPace = 1 << 60

func appendEntry(dst []byte, change int64, extra []byte) []byte {
	e := wire.Zigzag(min(max(change, -maxPace), maxPace)) << 1
	if len(extra) == 0 {
		return binary.AppendUvarint(dst, e)
	}
	dst = binary.AppendUvarint(dst, e|1)
	return append(binary.AppendUvarint(dst, uint64(len(extra))), extra...)
}

// readEntry reads the entry that b begins with; size is 0 if there is none.
func readEntry(b []byte) (change int64, extra []byte, size int) {
	e, size := binary.Uvarint(b)
	if size <= 0 {
		return 0, nil, 0
	}
	if e&1 != 0 {
		n, more := binary.Uvarint(b[size:])
		if size += more; more <= 0 || n == 0 || n > maxExtra || n > uint64(len(b)-size) {
			return 0, nil, 0
		}
		extra = b[size:][:n]
		size += int(n)
	}
	return wire.Unzigzag(e >> 1), extra, size
}

// entrySize returns the size of the entry that b begins with. It decodes no short entry.
func entrySize(b []byte) int {
	for i, c := range b {
		if c < 0x80 {
			if b[0]&1 == 0 {
				return i + 1
			}
			break
		}
	}
	_, _, size := readEntry(b)
	return size
}

// AreEntries reports whether b holds exactly n entries, each with a Detail that can be
// read.
func AreEntries(b []byte, n int) bool {
	for ; n > 0; n-- {
		size, extra := 0, []byte(nil)
		switch {
		case len(b) > 0 && b[0] < 0x80 && b[0]&1 == 0:
			size = 1
		case len(b) > 1 && b[1] < 0x80 && b[1] > 0 && b[0]&1 == 0:
			size = 2
		default:
			if _, extra, size = readEntry(b); size == 0 {
				return false
			}
		}
		if _, ok := ReadDetail(extra); !ok {
			return false
		}
		b = b[size:]
	}
	return len(b) == 0
}
