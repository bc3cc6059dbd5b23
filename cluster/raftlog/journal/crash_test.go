package journal

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// sector is what a disk writes whole or not at all, in bytes.
const sector = 512

// crashPoint is a write to the journal that a power cut may hit.
type crashPoint struct {
	id            uint64
	before, after []byte   // the file
	from, to      int      // bytes that the write covers
	homes         []uint64 // where the home may end then
	had, has      map[uint64]string
}

// recoverer is what brings a journal's entries back after a crash.
type recoverer func(b []byte, id, last uint64) ([]*raft.Log, error)

// TestJournalCrashesAtEverySector cuts writes to a journal in every way that matters: a
// sector missing, one alone, the beginning, the end, some at random, with the rest as it
// was or garbage. What was acknowledged must come back, and nothing else but the whole
// of what was being written.
func TestJournalCrashesAtEverySector(t *testing.T) {
	t.Parallel()
	states := 0
	for seed := range uint64(soakCount("QUORUMBEAT_SOAK_CRASHES", 2)) {
		for _, p := range crashPoints(t, seed) {
			n, err := p.enumerate(seed, recoverEntries)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			states += n
		}
	}
	t.Logf("%d crash states", states)
}

// TestJournalCrashesFindMistakes: with each of these mistakes something is lost, comes
// back though it was deleted, or a sound journal is refused.
func TestJournalCrashesFindMistakes(t *testing.T) {
	for name, wrong := range map[string]recoverer{
		"checksums are not checked":       mistaken(unsummed, validRecords),
		"voids are not seen":              mistaken(readRecords, withoutVoids),
		"the newest record is left out":   mistaken(readRecords, func(r []record) []record { r = validRecords(r); return r[:max(0, len(r)-1)] }),
		"records are taken as they stand": mistaken(readRecords, inPlace),
		"reading ends at the first gap":   mistaken(upToAGap, validRecords),
		"a record that is cut off is refused": func(b []byte, id, last uint64) ([]*raft.Log, error) {
			if torn(b) {
				return nil, errors.New("a record is cut off")
			}
			return recoverEntries(b, id, last)
		},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(10) {
				for _, p := range crashPoints(t, seed) {
					if _, err := p.enumerate(seed, wrong); err != nil {
						return
					}
				}
			}
			t.Error("nothing was found")
		})
	}
}

// crashPoints runs a journal and stops at each of its writes.
func crashPoints(t *testing.T, seed uint64) (points []crashPoint) {
	t.Helper()
	r, rnd := newJournalRig(t), rand.New(rand.NewPCG(seed, 9))
	settle := func() uint64 {
		testkit.Must(t, r.j.tail.Wait())
		last, err := r.home.LastIndex()
		testkit.Must(t, err)
		return last
	}
	least := uint64(0) // where the home ends if nothing of the newest move has reached it
	for range 30 {
		home, gen := settle(), r.j.gen
		p := crashPoint{id: r.j.file.id, had: maps.Clone(r.want), before: r.read()}
		if k := rnd.IntN(10); k < 9 || r.last < 3 {
			r.store(1+rnd.IntN(3), rnd.IntN(4000))
		} else {
			r.del(r.last-uint64(rnd.IntN(3)), r.last)
			r.term++
		}
		if p.has, p.after = maps.Clone(r.want), r.read(); len(p.has) < len(p.had) {
			home = lastKey(p.had) // a deletion brings everything home first
			p.has, least = p.had, home
		} else if r.j.gen > gen {
			least = home
		}
		p.homes = slices.Compact([]uint64{min(least, home), home})
		if p.bounds() {
			points = append(points, p)
		}
		least = min(least, settle())
	}
	return points
}

func (r *journalRig) read() []byte {
	b, err := os.ReadFile(r.path)
	testkit.Must(r.t, err)
	return b
}

func lastKey(m map[uint64]string) (last uint64) {
	for i := range m {
		last = max(last, i)
	}
	return last
}

// bounds finds the sectors that the write has changed.
func (p *crashPoint) bounds() bool {
	p.from = -1
	for at := 0; at < len(p.before); at += sector {
		if !slices.Equal(p.before[at:at+sector], p.after[at:at+sector]) {
			if p.from < 0 {
				p.from = at
			}
			p.to = at + sector
		}
	}
	return p.from >= 0
}

// enumerate goes through the crash states of one write, and returns how many there are
// and the first thing that is wrong.
func (p *crashPoint) enumerate(seed uint64, recover recoverer) (states int, err error) {
	n, rnd := (p.to-p.from)/sector, rand.New(rand.NewPCG(seed, 10))
	kinds := map[string]func(i, k int) bool{
		"the first %d":  func(i, k int) bool { return i < k },
		"the last %d":   func(i, k int) bool { return i >= n-k },
		"all but no %d": func(i, k int) bool { return i != k },
		"only no %d":    func(i, k int) bool { return i == k },
		"some (%d)":     func(int, int) bool { return rnd.IntN(2) == 0 },
	}
	for kind, written := range kinds {
		for k := range n + 1 {
			for _, garbage := range []bool{false, true} {
				b, whole := p.cut(rnd, func(i int) bool { return written(i, k) }, garbage)
				for _, home := range p.homes {
					states++
					if err := p.check(b, home, whole, recover); err != nil {
						return states, fmt.Errorf("of %d sectors at %d, written are %s, garbage for the rest %v, the home ends at %d: %w",
							n, p.from, fmt.Sprintf(kind, k), garbage, home, err)
					}
				}
			}
		}
	}
	return states, nil
}

// cut returns the file after a crash, and whether all of the write is in it.
func (p *crashPoint) cut(rnd *rand.Rand, written func(i int) bool, garbage bool) (b []byte, whole bool) {
	b, whole = slices.Clone(p.before), true
	for i := range (p.to - p.from) / sector {
		at := p.from + i*sector
		switch {
		case written(i):
			copy(b[at:at+sector], p.after[at:])
		case garbage:
			whole = false
			for j := range sector {
				b[at+j] = byte(rnd.Uint32())
			}
		default:
			whole = whole && slices.Equal(b[at:at+sector], p.after[at:at+sector])
		}
	}
	return b, whole
}

// check recovers a file, with a home that has everything up to an index.
func (p *crashPoint) check(b []byte, home uint64, whole bool, recover recoverer) error {
	logs, err := recover(b, p.id, home)
	if err != nil {
		return err
	}
	got := map[uint64]string{}
	for i, data := range p.had {
		if i <= home {
			got[i] = data
		}
	}
	for _, l := range logs {
		got[l.Index] = string(l.Data)
	}
	if maps.Equal(got, p.has) || !whole && maps.Equal(got, p.had) {
		return nil
	}
	return fmt.Errorf("entries to %d came back, %d of them; it had %d to %d, and %d with what was being written",
		lastKey(got), len(got), len(p.had), lastKey(p.had), len(p.has))
}

// mistaken is [recoverEntries] with its parts in other hands.
func mistaken(read func([]byte, int) []record, count func([]record) []record) recoverer {
	return func(b []byte, id, last uint64) (out []*raft.Log, err error) {
		recs := read(b, blockSize)
		if len(recs) == 0 {
			return nil, errors.New("nothing in it can be read")
		}
		for _, r := range count(recs) {
			if have := max(last, lastOf(out)); have > 0 && r.prev > have {
				return nil, errors.New("entries are missing")
			}
			if len(r.logs) > 0 && r.last() > last {
				out = append(out, r.logs...)
			}
		}
		return out, nil
	}
}

// withoutVoids overlooks the records that void others.
func withoutVoids(recs []record) []record {
	slices.SortStableFunc(recs, func(a, b record) int { return cmp.Compare(a.gen, b.gen) })
	return inPlace(recs)
}

// inPlace leaves records in the order in which they stand in the file.
func inPlace(recs []record) []record {
	return slices.DeleteFunc(recs, func(r record) bool { return r.void() })
}

// upToAGap reads the records of the file up to the first block that begins none.
func upToAGap(b []byte, block int) (recs []record) {
	for at := block; at < len(b); {
		r, ok := readRecord(b[at:])
		if !ok {
			return recs
		}
		recs = append(recs, r)
		at += wholeBlocks(r.size, block)
	}
	return recs
}

// torn reports whether the file has the beginning of a record that is not whole.
func torn(b []byte) bool {
	for at := blockSize; at < len(b); at += blockSize {
		if _, ok := readRecord(b[at:]); !ok && string(b[at:at+4]) == recordMagic {
			return true
		}
	}
	return false
}

// unsummed reads records whatever their checksums are.
func unsummed(b []byte, block int) []record {
	b = slices.Clone(b)
	for at := block; at < len(b); at += block {
		n := int(binary.LittleEndian.Uint32(b[at+32:]))
		if string(b[at:at+4]) == recordMagic && n <= len(b)-at-recordHeadSize {
			binary.LittleEndian.PutUint32(b[at+4:], crc32.Checksum(b[at+8:at+recordHeadSize+n], wire.Castagnoli))
		}
	}
	return readRecords(b, block)
}

// soakCount is a number that a longer run sets.
func soakCount(name string, usual int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return usual
}
