package journal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// memoryHome is a home that outlives its journals, and that may fail.
type memoryHome struct {
	*raft.InmemStore
	fail     error
	failOnce error
	hold     chan struct{} // until it is closed, nothing is stored
}

func (h *memoryHome) StoreLogs(ls []*raft.Log) error {
	if h.hold != nil {
		<-h.hold
	}
	if err := cmp.Or(h.failOnce, h.fail); err != nil {
		h.failOnce = nil
		return err
	}
	return h.InmemStore.StoreLogs(ls)
}

// Get tells a missing key as bbolt does.
func (h *memoryHome) Get(key []byte) ([]byte, error) {
	b, err := h.InmemStore.Get(key)
	if err != nil {
		return make([]byte, 8), nil
	}
	return b, err
}

// journalRig is a journal of small halves, and what should be in it.
type journalRig struct {
	t    *testing.T
	path string
	home *memoryHome
	j    *Journal
	want map[uint64]string
	last uint64
	term uint64
}

func newJournalRig(t *testing.T) *journalRig {
	r := &journalRig{
		t: t, path: filepath.Join(t.TempDir(), FileName), term: 1,
		home: &memoryHome{InmemStore: raft.NewInmemStore()}, want: make(map[uint64]string),
	}
	r.open()
	t.Cleanup(func() { r.j.Close() })
	return r
}

const smallHalf = 8 * blockSize

func (r *journalRig) open() {
	r.t.Helper()
	j, err := openFile(r.path, smallHalf, r.home, r.home)
	if err != nil {
		r.t.Fatal(err)
	}
	r.j = j
}

// crash ends the journal as a crash would: what is in memory is gone.
func (r *journalRig) crash() {
	r.j.tail.Wait() //nolint:errcheck // in memory, storing is done at once or not at all
	r.j.tail.Fail(errors.New("crashed"))
	r.j.Close() //nolint:errcheck // it has crashed
}

func (r *journalRig) store(n, size int) {
	r.t.Helper()
	var ls []*raft.Log
	for range n {
		r.last++
		data := fmt.Sprintf("%d in %d %s", r.last, r.term, strings.Repeat("x", size))
		ls = append(ls, &raft.Log{Index: r.last, Term: r.term, Type: raft.LogCommand, Data: []byte(data), Extensions: []byte("e"), AppendedAt: time.Unix(3, 4)})
		r.want[r.last] = data
	}
	if err := r.j.StoreLogs(ls); err != nil {
		r.t.Fatal(err)
	}
}

func (r *journalRig) del(first, last uint64) {
	r.t.Helper()
	if err := r.j.DeleteRange(first, last); err != nil {
		r.t.Fatal(err)
	}
	for i := first; i <= last; i++ {
		delete(r.want, i)
	}
	if last >= r.last {
		r.last = first - 1
	}
}

func (r *journalRig) check() {
	r.t.Helper()
	var low, high uint64
	for i := range r.want {
		if high = max(high, i); low == 0 || i < low {
			low = i
		}
	}
	first, err1 := r.j.FirstIndex()
	last, err2 := r.j.LastIndex()
	if err := errors.Join(err1, err2); err != nil || len(r.want) > 0 && (first != low || last != high) {
		r.t.Fatalf("entries %d to %d, %v; want %d to %d", first, last, err, low, high)
	}
	for i := max(1, low-min(low, 3)); i <= high+3; i++ {
		var l raft.Log
		err := r.j.GetLog(i, &l)
		want, ok := r.want[i]
		switch {
		case !ok && !errors.Is(err, raft.ErrLogNotFound):
			r.t.Fatalf("entry %d: %q, %v; want none", i, l.Data, err)
		case ok && (err != nil || string(l.Data) != want || l.Index != i || string(l.Extensions) != "e" || !l.AppendedAt.Equal(time.Unix(3, 4))):
			r.t.Fatalf("entry %d: %+v, %v; want %q", i, l, err, want)
		}
	}
}

// TestJournalKeepsWhatItTook does at random what Raft does with a log, and crashes
// between.
func TestJournalKeepsWhatItTook(t *testing.T) {
	for seed := range uint64(100) {
		r := newJournalRig(t)
		rnd := rand.New(rand.NewPCG(seed, 1))
		for range 60 {
			switch k := rnd.IntN(20); {
			case k < 12:
				r.store(1+rnd.IntN(4), rnd.IntN(3000))
			case k == 12:
				r.store(1+rnd.IntN(20), rnd.IntN(5000)) // it may be larger than a half
			case k == 13 && r.last > 0: // a new leader has other entries
				r.del(r.last-min(r.last-1, uint64(rnd.IntN(9))), r.last)
				r.term++
			case k == 14 && r.last > 2: // behind a snapshot
				first, _ := r.j.FirstIndex()
				if first > 0 && first < r.last {
					r.del(first, first+uint64(rnd.IntN(int(r.last-first))))
				}
			case k == 15: // from the leader's snapshot
				r.last += uint64(1 + rnd.IntN(50))
				r.store(1, 10)
				r.check()
				first, _ := r.j.FirstIndex()
				r.del(first, r.last-1)
			case k == 16:
				if err := r.j.Close(); err != nil {
					t.Fatal(err)
				}
				r.open()
			default:
				r.crash()
				r.open()
			}
			r.check()
		}
	}
}

// TestJournalSurvivesAWriteThatWasCutOff cuts the newest record at each block.
func TestJournalSurvivesAWriteThatWasCutOff(t *testing.T) {
	for stored := range 12 {
		for cut := range 2 {
			r := newJournalRig(t)
			for range stored {
				r.store(1, blockSize) // two blocks each
			}
			last := r.last
			half, at, gen := r.j.half, r.j.end, r.j.gen
			r.store(1, blockSize)
			if r.j.gen != gen {
				half, at = r.j.half, 0
			}
			r.crash()
			b, err := os.ReadFile(r.path)
			testkit.Must(t, err)
			clear(b[blockSize+half*smallHalf+at+cut*blockSize:][:blockSize])
			testkit.Must(t, os.WriteFile(r.path, b, 0o600))
			if got, _ := r.home.LastIndex(); got <= last {
				delete(r.want, r.last)
				r.last = last
			}
			r.open()
			r.check()
		}
	}
}

// TestJournalRefusesDamage: an entry that was acknowledged is missing, and none may be.
func TestJournalRefusesDamage(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(b []byte) []byte
		words  string
	}{
		{"a bit in an entry", func(b []byte) []byte { b[3*blockSize+recordHeadSize+5] ^= 1; return b }, "entries 2 to 2 are missing"},
		{"a record that is gone", func(b []byte) []byte { clear(b[4*blockSize:][:blockSize]); return b }, "entries 3 to 3 are missing"},
		{"nothing left", func(b []byte) []byte { clear(b); return b }, "does not begin as a journal"},
		{"no records left", func(b []byte) []byte { clear(b[blockSize:]); return b }, "nothing in it can be read"},
		{"a bit in the head", func(b []byte) []byte { b[20] ^= 1; return b }, "its first block is damaged"},
		{"cut off", func(b []byte) []byte { return b[:blockSize*5] }, "it has 20480 bytes instead of 69632"},
		{"another journal's", func(b []byte) []byte { return head{7, blockSize, smallHalf}.newFile() }, "nothing in it can be read"},
		{"gone", func([]byte) []byte { return nil }, "put it back"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newJournalRig(t)
			for range 5 {
				r.store(1, 10)
			}
			r.crash()
			b, err := os.ReadFile(r.path)
			testkit.Must(t, err)
			testkit.Must(t, os.Remove(r.path))
			if b = c.damage(b); b != nil {
				testkit.Must(t, os.WriteFile(r.path, b, 0o600))
			}
			_, err = openFile(r.path, smallHalf, r.home, r.home)
			if err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("got %v; want %q", err, c.words)
			}
		})
	}
}

// TestJournalTakesNothingOnceItsHomeFails: it would have no room for it in the end.
func TestJournalTakesNothingOnceItsHomeFails(t *testing.T) {
	r := newJournalRig(t)
	r.home.fail = errors.New("the disk is full")
	var err error
	taken := uint64(0)
	for taken < 100 {
		if err = r.j.StoreLogs([]*raft.Log{{Index: taken + 1, Data: make([]byte, 100)}}); err != nil {
			break
		}
		taken++
	}
	if !errors.Is(err, r.home.fail) {
		t.Errorf("got %v", err)
	}
	if err := r.j.StoreLogs([]*raft.Log{{Index: 100}}); !errors.Is(err, r.home.fail) {
		t.Errorf("then %v", err)
	}
	r.home.fail = nil
	r.crash()
	r.open()
	if last, _ := r.j.LastIndex(); last != taken {
		t.Errorf("%d entries came back, of %d", last, taken)
	}
}

// TestJournalWaitsForASlowHome: what is not there yet must not be written over.
func TestJournalWaitsForASlowHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newJournalRig(t)
		r.home.hold = make(chan struct{})
		var taken uint64
		go func() {
			for taken < 1000 && r.j.StoreLogs([]*raft.Log{{Index: taken + 1, Data: make([]byte, 100)}}) == nil {
				taken++
			}
		}()
		synctest.Wait()
		if full := uint64(2*smallHalf/blockSize - 1); taken != full {
			t.Errorf("it took %d entries and has room for %d", taken, full)
		}
		r.home.fail = errors.New("crashed")
		close(r.home.hold)
		synctest.Wait()
		r.home.fail = nil
		r.crash()
		r.open()
		if last, _ := r.j.LastIndex(); last != taken {
			t.Errorf("%d entries came back, of %d", last, taken)
		}
	})
}

// TestJournalStoresNothingBehindWhatDidNotGetHome: that would be a hole that no
// restart could see.
func TestJournalStoresNothingBehindWhatDidNotGetHome(t *testing.T) {
	r := newJournalRig(t)
	r.store(5, 10)
	r.home.failOnce = errors.New("the disk is full")
	err := r.j.StoreLogs([]*raft.Log{{Index: 6, Data: make([]byte, 2*smallHalf)}})
	if err == nil {
		t.Error("a batch was taken whose forerunners were not stored")
	}
	r.crash()
	r.open()
	r.check()
}

// TestJournalStaysFailed also when something else succeeds afterwards.
func TestJournalStaysFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newJournalRig(t)
		r.home.hold = make(chan struct{})
		for r.j.gen == 1 {
			r.store(1, 3000)
		}
		synctest.Wait() // those of the first half are on their way
		testkit.Must(t, r.j.file.Close())
		next := []*raft.Log{{Index: r.last + 1}}
		if r.j.StoreLogs(next) == nil {
			t.Fatal("a write to a closed file succeeded")
		}
		close(r.home.hold)
		synctest.Wait()
		if r.j.tail.Err() == nil {
			t.Error("it takes entries again")
		}
	})
}

// TestJournalRefusesToBringBackWhatWasDeleted: what says so is damaged.
func TestJournalRefusesToBringBackWhatWasDeleted(t *testing.T) {
	r := newJournalRig(t)
	r.store(6, 10)
	r.del(3, 6)
	r.term = 2
	half := r.j.half
	r.store(1, 10)
	r.crash()
	b, err := os.ReadFile(r.path)
	testkit.Must(t, err)
	b[blockSize+half*smallHalf+20] ^= 1 // the voiding record
	testkit.Must(t, os.WriteFile(r.path, b, 0o600))
	_, err = openFile(r.path, smallHalf, r.home, r.home)
	if err == nil || !strings.Contains(err.Error(), "what voids entries 3 to 6 is missing") {
		t.Errorf("got %v", err)
	}
}

func FuzzReadRecord(f *testing.F) {
	logs := []*raft.Log{{Index: 5, Term: 2, Type: raft.LogNoop, Data: []byte("data"), Extensions: []byte("ext"), AppendedAt: time.Unix(1, 2)}}
	whole := appendRecord(alignedBuffer(2*blockSize), 7, 8, 4, logs)
	f.Add(whole)
	f.Add(whole[:50])
	f.Add([]byte(recordMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, ok := readRecord(b)
		if !ok {
			return
		}
		again := appendRecord(alignedBuffer(recordSize(r.logs)), r.id, r.gen, r.prev, r.logs)
		back, ok := readRecord(again)
		if !ok || back.id != r.id || len(back.logs) != len(r.logs) || back.gen != r.gen || back.prev != r.prev {
			t.Errorf("%+v came back as %+v", r, back)
		}
		if !slices.EqualFunc(back.logs, r.logs, func(a, b *raft.Log) bool {
			return a.Index == b.Index && a.Term == b.Term && a.Type == b.Type && bytes.Equal(a.Data, b.Data) && bytes.Equal(a.Extensions, b.Extensions) && a.AppendedAt.Equal(b.AppendedAt)
		}) {
			t.Errorf("%+v came back as %+v", r.logs, back.logs)
		}
	})
}

// TestJournalOfAnotherSizeIsRead: a version with other sizes takes over what this one
// has left, and this one what that has.
func TestJournalOfAnotherSizeIsRead(t *testing.T) {
	for _, half := range []int{2 * smallHalf, smallHalf / 2} {
		r := newJournalRig(t)
		for range 9 {
			r.store(2, 2000)
		}
		r.crash()
		j, err := openFile(r.path, half, r.home, r.home)
		testkit.Must(t, err)
		r.j = j
		r.check()
		r.store(3, 100)
		r.crash()
		r.open()
		r.check()
	}
}

// TestRecordsAreFoundByTheBlocksThatTheFileTells, not by those of this version.
func TestRecordsAreFoundByTheBlocksThatTheFileTells(t *testing.T) {
	const block = 2 * blockSize
	h := head{id: 7, block: block, half: 4 * block}
	b := h.newFile()
	for i := range uint64(3) {
		rec := appendRecord(alignedBuffer(blockSize), 7, 1, i, []*raft.Log{{Index: i + 1, Data: []byte("data")}})
		copy(b[(1+int(i))*block:], rec)
	}
	logs, err := recoverEntries(b, 7, 0)
	if err != nil || len(logs) != 3 || logs[2].Index != 3 {
		t.Errorf("%d entries, %v", len(logs), err)
	}
	clear(b[2*block:][:block])
	if _, err := recoverEntries(b, 7, 0); err == nil {
		t.Error("a hole was not seen")
	}
}
