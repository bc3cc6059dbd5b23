package raftlog

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/raft"
)

// stoppedStore holds or fails writes.
type stoppedStore struct {
	*raft.InmemStore
	gate chan struct{} // each write takes one
	fail error

	mu     sync.Mutex
	writes [][]uint64
}

func (g *stoppedStore) StoreLogs(ls []*raft.Log) error {
	<-g.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fail != nil {
		return g.fail
	}
	var indexes []uint64
	for _, l := range ls {
		indexes = append(indexes, l.Index)
	}
	g.writes = append(g.writes, indexes)
	return g.InmemStore.StoreLogs(ls)
}

func newStoppedLog(t *testing.T, leading bool) (*EagerLog, *stoppedStore) {
	t.Helper()
	g := &stoppedStore{InmemStore: raft.NewInmemStore(), gate: make(chan struct{}, 100)}
	e, err := NewEagerLog(g)
	if err != nil {
		t.Fatal(err)
	}
	if leading {
		e.AskState(func() raft.RaftState { return raft.Leader })
	}
	return e, g
}

func commands(indexes ...uint64) (ls []*raft.Log) {
	for _, i := range indexes {
		ls = append(ls, &raft.Log{Index: i, Term: 1, Type: raft.LogCommand, Data: []byte{byte(i)}})
	}
	return ls
}

func TestALeadersCommandsAreThereBeforeTheyAreOnDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, g := newStoppedLog(t, true)
		for i := uint64(1); i <= 4; i++ {
			if err := e.StoreLogs(commands(i)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // the first is being written when the others come
		}
		var l raft.Log
		if err := e.GetLog(3, &l); err != nil || l.Data[0] != 3 {
			t.Errorf("%+v, %v", l, err)
		}
		if last, err := e.LastIndex(); last != 4 || err != nil {
			t.Errorf("last index %d, %v", last, err)
		}
		if e.Stored() != 0 {
			t.Errorf("%d is said to be on disk", e.Stored())
		}
		applied := false
		go func() { applied = e.WaitStored(2) }()
		synctest.Wait()
		if applied {
			t.Error("an entry that is not on disk was waited for")
		}
		g.gate <- struct{}{} // the first write
		synctest.Wait()
		if e.Stored() != 1 || applied {
			t.Errorf("%d on disk, applied: %v", e.Stored(), applied)
		}
		g.gate <- struct{}{} // all that queued meanwhile in one
		synctest.Wait()
		if e.Stored() != 4 || !applied || len(g.writes) != 2 {
			t.Errorf("%d on disk, applied: %v, writes %v", e.Stored(), applied, g.writes)
		}
		e.Close()
	})
}

func TestAFollowerAndAnythingButACommandWaitForTheDisk(t *testing.T) {
	for name, tc := range map[string]struct {
		leading bool
		kind    raft.LogType
	}{"a follower's command": {false, raft.LogCommand}, "a leader's configuration": {true, raft.LogConfiguration}, "a leader's first entry": {true, raft.LogNoop}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, g := newStoppedLog(t, tc.leading)
				stored := false
				go func() { stored = e.StoreLog(&raft.Log{Index: 1, Type: tc.kind}) == nil }()
				synctest.Wait()
				if stored {
					t.Error("stored before it was on disk")
				}
				g.gate <- struct{}{}
				synctest.Wait()
				if !stored || e.Stored() != 1 {
					t.Errorf("stored: %v, %d on disk", stored, e.Stored())
				}
				e.Close()
			})
		})
	}
}

func TestWhatIsQueuedIsWrittenFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, g := newStoppedLog(t, true)
		if err := e.StoreLogs(commands(1, 2)); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- e.StoreLog(&raft.Log{Index: 3, Type: raft.LogConfiguration}) }()
		synctest.Wait()
		g.gate <- struct{}{}
		g.gate <- struct{}{}
		if err := <-done; err != nil || len(g.writes) != 2 || g.writes[1][0] != 3 {
			t.Errorf("%v, writes %v", err, g.writes)
		}
		e.Close()
	})
}

func TestEntriesThatANewLeaderReplacedAreNoLongerOnDisk(t *testing.T) {
	e, g := newStoppedLog(t, false)
	g.gate <- struct{}{}
	if err := e.StoreLogs(commands(1, 2, 3, 4)); err != nil {
		t.Fatal(err)
	}
	if err := e.DeleteRange(1, 1); err != nil || e.Stored() != 4 { // behind a snapshot
		t.Errorf("%v, %d on disk", err, e.Stored())
	}
	if err := e.DeleteRange(3, 4); err != nil || e.Stored() != 2 {
		t.Errorf("%v, %d on disk", err, e.Stored())
	}
	e.Close()
}

func TestADiskThatFailsLetsNothingBeApplied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, g := newStoppedLog(t, true)
		g.fail = errors.New("broken")
		if err := e.StoreLogs(commands(1)); err != nil {
			t.Fatal(err)
		}
		g.gate <- struct{}{}
		if e.WaitStored(1) {
			t.Error("it was never written")
		}
		if err := e.StoreLogs(commands(2)); !errors.Is(err, g.fail) {
			t.Errorf("stored after that: %v", err)
		}
		e.Close()
	})
}

func TestRaftWaitsWhenTheDiskFallsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, g := newStoppedLog(t, true)
		stored := 0
		go func() {
			for i := uint64(1); i <= maxUnwritten+5; i++ {
				_ = e.StoreLogs(commands(i))
				stored++
			}
		}()
		synctest.Wait()
		if stored != maxUnwritten {
			t.Errorf("%d entries are not on disk", stored)
		}
		close(g.gate)
		synctest.Wait()
		if stored != maxUnwritten+5 || e.Stored() != maxUnwritten+5 {
			t.Errorf("%d stored, %d on disk", stored, e.Stored())
		}
		e.Close()
	})
}
