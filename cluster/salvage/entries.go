package salvage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"maps"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"slices"

	"github.com/quorumbeat/quorumbeat/cluster/raftlog"

	"github.com/hashicorp/go-msgpack/v2/codec"
	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/identity"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/boltfile"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/journal"
)

// foundEntries are the entries of a damaged folder, all with their checksums.
//
// An entry is sure when it stands where a sound log keeps it. A file also holds stale
// ones, some of which were overwritten by a later leader's; such a one is used only
// where its term leaves no doubt.
type foundEntries struct {
	sure    map[uint64]*raft.Log
	damaged map[uint64]bool // the log has an entry here that cannot be read
	loose   map[uint64][]*raft.Log
}

// beyond returns how many entries were found behind last, the first and the last of
// them. Those of an earlier term than last's were overwritten.
func (f *foundEntries) beyond(last *raft.Log) (n int, first, end uint64) {
	first = math.MaxUint64
	count := func(e *raft.Log) {
		if e.Index > last.Index && e.Term >= last.Term {
			n, first, end = n+1, min(first, e.Index), max(end, e.Index)
		}
	}
	for _, e := range f.sure {
		count(e)
	}
	for i, all := range f.loose {
		if f.sure[i] == nil {
			count(all[len(all)-1])
		}
	}
	return n, first, end
}

// next returns the entry that comes after prev, nil if there is none without doubt.
func (f *foundEntries) next(prev *raft.Log) (e *raft.Log, sure bool) {
	i := prev.Index + 1
	if e := f.sure[i]; e != nil {
		if !follows(prev, e) {
			return nil, false
		}
		return e, true
	}
	for _, c := range f.loose[i] {
		switch {
		case c.Term < prev.Term || e != nil && c.Term == e.Term:
		case e != nil:
			return nil, false // one of the two was overwritten
		default:
			e = c
		}
	}
	if e == nil || !follows(prev, e) || f.damaged[i] && e.Term != prev.Term {
		return f.beginning(prev), true
	}
	return e, false
}

// beginning returns the entry that began a leader's term and cannot be read: it tells
// nothing, and the one behind it, which is of that term, proves that it was there.
func (f *foundEntries) beginning(prev *raft.Log) *raft.Log {
	behind := f.sure[prev.Index+2]
	if behind == nil || behind.Term <= prev.Term || behind.Type == raft.LogNoop {
		return nil
	}
	return &raft.Log{Index: prev.Index + 1, Term: behind.Term, Type: raft.LogNoop}
}

// follows reports whether e may come right after prev: a leader's term begins with an
// entry that is no command.
func follows(prev, e *raft.Log) bool {
	return e.Term == prev.Term || e.Term > prev.Term && e.Type == raft.LogNoop
}

// collect reads log and journal of a folder.
func (s *Found) collect(dir string) *foundEntries {
	f := &foundEntries{sure: map[uint64]*raft.Log{}, damaged: map[uint64]bool{}, loose: map[uint64][]*raft.Log{}}
	named := uint64(0)
	if b := s.read(filepath.Join(dir, raftlog.FileName)); len(b) > 0 {
		named = s.collectLog(f, b, identity.Owner(dir))
	}
	b := s.read(filepath.Join(dir, journal.FileName))
	if s.ofLog(b, named) {
		f.addJournal(b)
	}
	return f
}

// ofLog reports whether a journal may be that in which a log goes on, and tells if it is not
// whole.
func (s *Found) ofLog(b []byte, named uint64) bool {
	id, err := journal.ReadID(b)
	switch {
	case named == 0: // the log has all, or nobody knows
	case len(b) == 0:
		s.note("The log goes on in a journal, which is missing: the newest entries that the node acknowledged may have been in it.")
	case err != nil:
		s.note("The journal is damaged (%v): its entries were looked for block by block.", err)
	case bits.OnesCount64(id^named) > 4: // not one ID, damaged
		s.note("The journal is that of another log, and was left out: the newest entries that the node acknowledged may be in its own.")
		return false
	}
	return len(b) > 0
}

// collectLog adds a log's entries, and returns the ID of the journal in which it goes on, or 0.
func (s *Found) collectLog(f *foundEntries, b []byte, owner string) (journalID uint64) {
	pairs, err := boltfile.Salvage(b)
	if has := string(pairs.Conf[string(raftlog.OwnerKey)]); otherNode(has, owner) {
		s.note("The log is that of node %s, and %s is of node %s: the log was left out.", has, identity.FileName, owner)
		return 0
	}
	if err != nil {
		s.note("The log is damaged (%v): its entries were looked for byte by byte.", err)
	}
	for _, k := range pairs.Logs {
		if e, err := decodeEntry(k.Value); err == nil {
			f.sure[e.Index] = e // its checksum is of its index, too
		} else {
			f.damaged[k.Index] = true
		}
	}
	if n := len(f.damaged); n > 0 {
		s.note("%d entries in the log are damaged, the first is %d.", n, slices.Min(slices.Collect(maps.Keys(f.damaged))))
	}
	f.search(b)
	if name := pairs.Conf[string(journal.StoreKey)]; len(name) == 8 {
		return binary.LittleEndian.Uint64(name)
	}
	return 0
}

// otherNode reports whether two IDs are those of two nodes, and not one ID, damaged.
func otherNode(a, b string) bool {
	if len(a) != len(b) || a == "" {
		return false
	}
	differ := 0
	for i := range len(a) {
		if a[i] != b[i] {
			differ++
		}
	}
	return differ > 4
}

// entryStart is what an entry in the log begins with.
var entryStart = []byte("\x86\xaaAppendedAt")

// search finds entries anywhere in a log's file, those that it deleted as well.
func (f *foundEntries) search(b []byte) {
	for at := 0; ; at++ {
		i := bytes.Index(b[at:], entryStart)
		if i < 0 {
			return
		}
		at += i
		if e, err := decodeEntry(b[at:]); err == nil {
			f.addLoose(e)
		}
	}
}

func (f *foundEntries) addLoose(e *raft.Log) { f.loose[e.Index] = append(f.loose[e.Index], e) }

// decodeEntry reads the entry that b begins with, as raft-boltdb has written it, and
// checks its checksum.
func decodeEntry(b []byte) (e *raft.Log, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("it is no entry")
		}
	}()
	e = new(raft.Log)
	if err := codec.NewDecoderBytes(b, &codec.MsgpackHandle{}).Decode(e); err != nil {
		return nil, err
	}
	return e, raftlog.Verify(e.Index, e)
}

// addJournal adds a journal's entries. The records that count come after what is in
// the log; whatever else can be read is loose.
func (f *foundEntries) addJournal(b []byte) {
	found := journal.Salvage(b, func(e *raft.Log) error { return raftlog.Verify(e.Index, e) })
	newest := map[uint64]*raft.Log{}
	for _, e := range found.Valid {
		newest[e.Index] = e
	}
	maps.Copy(newest, f.sure) // what is in the log was not deleted
	f.sure = newest
	for _, e := range found.Anywhere {
		f.addLoose(e)
	}
}

// read reads what can be read of a file: bytes on broken sectors are zero.
func (s *Found) read(path string) []byte {
	file, err := os.Open(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) || filepath.Base(path) == raftlog.FileName {
			s.note("%s cannot be read: %v.", filepath.Base(path), err)
		}
		return nil
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.Size() == 0 || info.Size() > math.MaxInt {
		s.note("%s is empty.", filepath.Base(path))
		return nil
	}
	b := make([]byte, info.Size())
	if bad := readSectors(file, b); bad > 0 {
		s.note("%d bytes of %s are on broken sectors.", bad, filepath.Base(path))
	}
	return b
}

// readSectors fills b with what is on file, and tells how many bytes could not be read.
func readSectors(file io.ReaderAt, b []byte) (bad int) {
	const most, least = 1 << 20, 4096
	for at := 0; at < len(b); {
		n := min(most, len(b)-at)
		if got, err := file.ReadAt(b[at:at+n], int64(at)); err != nil && got < n {
			n = min(least, len(b)-at)
			if got, err := file.ReadAt(b[at:at+n], int64(at)); err != nil && got < n {
				clear(b[at : at+n])
				bad += n
			}
		}
		at += n
	}
	return bad
}
