package tail

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/raft"
)

// heldStore takes a value from the gate for each write.
type heldStore struct {
	*raft.InmemStore
	gate chan error

	mu     sync.Mutex
	writes []int // entries of each
}

func (s *heldStore) StoreLogs(ls []*raft.Log) error {
	if err := <-s.gate; err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = append(s.writes, len(ls))
	return s.InmemStore.StoreLogs(ls)
}

func newHeld(t *testing.T) (*Tail, *heldStore) {
	t.Helper()
	s := &heldStore{InmemStore: raft.NewInmemStore(), gate: make(chan error, 100)}
	tl, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return tl, s
}

func entries(indexes ...uint64) (ls []*raft.Log) {
	for _, i := range indexes {
		ls = append(ls, &raft.Log{Index: i, Data: []byte{byte(i)}})
	}
	return ls
}

func TestEntriesAreReadBeforeTheyAreStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tl, s := newHeld(t)
		tl.Append(entries(1, 2, 3))
		tl.Store()
		synctest.Wait()
		tl.Append(entries(4))
		first, err1 := tl.FirstIndex()
		last, err2 := tl.LastIndex()
		if err := errors.Join(err1, err2); err != nil || first != 1 || last != 4 || tl.Stored() != 0 {
			t.Errorf("entries %d to %d, stored to %d, %v", first, last, tl.Stored(), err)
		}
		s.gate <- nil
		if err := tl.Wait(); err != nil || tl.Stored() != 3 {
			t.Errorf("stored to %d, %v: what was not due was stored too", tl.Stored(), err)
		}
		for i := uint64(1); i <= 4; i++ {
			var l raft.Log
			if err := tl.GetLog(i, &l); err != nil || l.Index != i {
				t.Errorf("entry %d: %+v, %v", i, l, err)
			}
		}
		s.gate <- nil
		if err := tl.Flush(); err != nil || !tl.WaitStored(4) {
			t.Errorf("entry 4 is not stored: %v", err)
		}
		tl.Close()
	})
}

func TestWhatIsDueIsStoredBeforeWhatGoesThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tl, s := newHeld(t)
		tl.Append(entries(1, 2))
		s.gate <- nil
		s.gate <- nil
		if err := tl.StoreThrough(entries(3)); err != nil || len(s.writes) != 2 || s.writes[0] != 2 || tl.Stored() != 3 {
			t.Errorf("writes of %v entries, stored to %d, %v", s.writes, tl.Stored(), err)
		}
		tl.Close()
	})
}

func TestAStoreThatFailedIsGivenNothingMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tl, s := newHeld(t)
		broken := errors.New("broken")
		tl.Append(entries(1))
		s.gate <- broken
		if err := tl.Flush(); !errors.Is(err, broken) {
			t.Errorf("the flush returned %v", err)
		}
		if err := tl.AppendAndStore(entries(2), 10); !errors.Is(err, broken) {
			t.Errorf("an entry was taken: %v", err)
		}
		if err := tl.StoreThrough(entries(2)); !errors.Is(err, broken) || tl.WaitStored(1) {
			t.Errorf("an entry went through: %v", err)
		}
		tl.Close()
	})
}

func TestDeletedEntriesAreNoLongerStored(t *testing.T) {
	tl, s := newHeld(t)
	defer tl.Close()
	s.gate <- nil
	if err := tl.AppendAndStore(entries(1, 2, 3, 4), 10); err != nil {
		t.Fatal(err)
	}
	if err := tl.DeleteRange(3, 4); err != nil || tl.Stored() != 2 {
		t.Errorf("stored to %d, %v", tl.Stored(), err)
	}
	if last, err := tl.LastIndex(); err != nil || last != 2 {
		t.Errorf("the log ends at %d, %v", last, err)
	}
}
