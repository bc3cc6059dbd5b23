package raftlog

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"
)

// slowStore is a log whose writes take a while, or fail.
type slowStore struct {
	raft.LogStore
	takes time.Duration
	err   error
}

func (s *slowStore) StoreLogs([]*raft.Log) error {
	time.Sleep(s.takes)
	return s.err
}

func (s *slowStore) DeleteRange(uint64, uint64) error { return s.StoreLogs(nil) }
func (s *slowStore) GetLog(uint64, *raft.Log) error   { return s.err }

func TestWatchdog(t *testing.T) {
	broken := errors.New("input/output error")
	tests := []struct {
		name  string
		store slowStore
		use   func(*Watchdog) error
		words string // "": no complaint
	}{
		{"a slow write is borne", slowStore{takes: 4 * time.Second}, func(w *Watchdog) error { return w.StoreLog(&raft.Log{}) }, ""},
		{"a write that hangs ends the node", slowStore{takes: 6 * time.Second}, func(w *Watchdog) error { return w.StoreLogs(nil) }, "hangs for 5s"},
		{"a truncation that hangs ends the node", slowStore{takes: 6 * time.Second}, func(w *Watchdog) error { return w.DeleteRange(1, 2) }, "hangs"},
		{"a write that fails ends the node", slowStore{err: broken}, func(w *Watchdog) error { return w.StoreLogs(nil) }, "cannot be written: input/output error"},
		{"an entry that cannot be read ends the node", slowStore{err: broken}, func(w *Watchdog) error { return w.GetLog(7, nil) }, "entry 7"},
		{"an entry that is not there is no fault", slowStore{err: raft.ErrLogNotFound}, func(w *Watchdog) error { return w.GetLog(7, nil) }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var said []string
				w := newWatchdog(&tt.store, hangLimit, func(err error) { said = append(said, err.Error()) })
				if err := tt.use(w); !errors.Is(err, tt.store.err) {
					t.Errorf("the store's error became %v", err)
				}
				synctest.Wait()
				got := strings.Join(said, "\n")
				if tt.words == "" && got != "" || !strings.Contains(got, tt.words) {
					t.Errorf("said %q, want %q", got, tt.words)
				}
			})
		})
	}
}

type brokenVotes struct{ raft.StableStore }

func (brokenVotes) SetUint64([]byte, uint64) error { return errors.New("input/output error") }

// TestAFailedVoteIsToldBeforeRaftPanics leaves a node the time to end in words.
func TestAFailedVoteIsToldBeforeRaftPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan time.Time, 1)
		w := newWatchdog(&slowStore{}, hangLimit, func(error) { told <- time.Now() })
		_ = watchedVotes{brokenVotes{}, w}.SetUint64(nil, 1)
		if between := time.Since(<-told); between < 3*time.Second {
			t.Errorf("raft hears of it %s after the words; a node that gives up needs 2 s", between)
		}
	})
}
