package cluster

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/statemachine"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// Recovery makes the only survivor of a cluster a cluster of its own.
type Recovery struct {
	NodeID    fsm.NodeID
	ClusterID fsm.NodeID
	LastIndex uint64 // of the newest entry that this node has; the survivor with the most should be chosen
	LastTerm  uint64

	folder *folder
	log    *slog.Logger
}

// OpenRecovery takes the data folder of a node that does not run. Before Run it
// changes no more than a start of the node would. Close it.
func OpenRecovery(dir string, log *slog.Logger) (*Recovery, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("%w: there is no data folder %s: see --data-dir", fsm.ErrConfig, dir)
	}
	f, err := openFolder(dir, log)
	if err != nil {
		return nil, err
	}
	r := &Recovery{NodeID: f.id.ID, ClusterID: f.id.Cluster(), folder: f, log: log}
	if err := r.look(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return r, nil
}

// look finds out how far the node's state reaches.
func (r *Recovery) look() error {
	s := r.folder.stores
	last, err1 := s.Log.LastIndex()
	list, err2 := s.Snapshots.List()
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("the state of this node cannot be read: %w", err)
	}
	if len(list) > 0 {
		r.LastIndex, r.LastTerm = list[0].Index, list[0].Term
	}
	if last > r.LastIndex {
		var e raft.Log
		if err := s.Log.GetLog(last, &e); err != nil {
			return fmt.Errorf("the log of this node cannot be read: %w", err)
		}
		r.LastIndex, r.LastTerm = e.Index, e.Term
	}
	if r.LastIndex == 0 {
		return fmt.Errorf("%w: this node never was in a cluster: there is nothing to recover", fsm.ErrConfig)
	}
	return nil
}

// Run makes this node the only voter, takes everything in its log for committed,
// and bars all other nodes from coming back as they were. It returns the state.
//
// What it changes is one new snapshot, which counts from the moment it has its name:
// an error or a crash before that leaves the node as it was, one after that leaves it
// recovered, with entries in its log that the snapshot holds already.
func (r *Recovery) Run() (*store.Store, error) {
	store := store.New()
	var broken error
	a := &soleSurvivor{statemachine.New(store, func(err error) { broken = err }), store, r.NodeID}
	s := r.folder.stores
	a.RebuildFrom(statemachine.Past{Log: s.Log, Snapshots: s.Snapshots, Logger: s.Logger})
	err := raft.RecoverCluster(r.folder.config, a, s.Log, s.Votes, wholeSnapshots{s.Snapshots, r.LastIndex}, offlineTransport(), r.folder.alone())
	if broken != nil {
		err = broken
	}
	if err != nil {
		return nil, fmt.Errorf("this node cannot be recovered: %w; try another survivor; if this is the only copy, 'quorumbeat salvage' saves what it holds", err)
	}
	return store, nil
}

// wholeSnapshots takes no snapshot that ends before the state which it replaces: Raft
// falls back to an older one when the newest is damaged, and then the log may not
// reach as far.
type wholeSnapshots struct {
	raft.SnapshotStore
	last uint64
}

func (w wholeSnapshots) Create(v raft.SnapshotVersion, index, term uint64, c raft.Configuration, at uint64, t raft.Transport) (raft.SnapshotSink, error) {
	if index < w.last {
		return nil, fmt.Errorf("its newest snapshot is damaged: what can be read ends at entry %d of %d", index, w.last)
	}
	return w.SnapshotStore.Create(v, index, term, c, at, t)
}

// Close frees the data folder.
func (r *Recovery) Close() error { return r.folder.close() }

// soleSurvivor is a state machine whose snapshot knows one node only.
type soleSurvivor struct {
	*statemachine.Adapter
	state *store.Store
	self  fsm.NodeID
}

func (f *soleSurvivor) Snapshot() (raft.FSMSnapshot, error) {
	f.state.RemoveOthers(f.self)
	return f.Adapter.Snapshot()
}
