package cluster

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Restore makes a data folder in dir, which must be empty or missing, that starts
// as a new cluster of one node with the state of a backup. Other nodes join it as
// they join any cluster. It returns the new cluster's ID.
func Restore(dir string, image io.Reader, log *slog.Logger) (cluster fsm.NodeID, err error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return cluster, fmt.Errorf("%w: the data folder %s is not empty: choose another, for a backup never replaces what a node has", ErrConfig, dir)
	}
	store := fsm.NewStore()
	if err := store.Restore(image); err != nil {
		return cluster, fmt.Errorf("the backup cannot be used: %w", err)
	}
	rand.Read(cluster[:])
	cluster[6], cluster[8] = cluster[6]&0x0f|0x40, cluster[8]&0x3f|0x80
	store.BeginAnew(cluster)

	f, err := openFolder(dir, log)
	if err != nil {
		return cluster, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	a := newFSMAdapter(store, func(error) {})
	a.advance(1)
	if err := f.writeSnapshot(a); err != nil {
		return cluster, fmt.Errorf("the restored state cannot be written to %s: %w", dir, err)
	}
	return cluster, f.id.setClusterID(cluster) // last: without it the folder is not a member's
}

// folder is the data folder of a node that does not run.
type folder struct {
	id     *identity
	stores *raftStores
	config *raft.Config
}

func openFolder(dir string, log *slog.Logger) (f *folder, err error) {
	f = &folder{}
	if err := makePrivate(dir, log); err != nil {
		return nil, err
	}
	if f.id, err = openIdentity(dir, inspectFolder); err != nil {
		return nil, err
	}
	if f.stores, err = openStores(dir, log, func(error) {}, Faults{}); err != nil {
		return nil, errors.Join(err, f.id.close())
	}
	if err := f.stores.claimFor(f.id); err != nil {
		return nil, errors.Join(err, f.close())
	}
	f.config = raftConfig(raft.ServerID(f.id.ID.String()), nil, log, Faults{})
	return f, nil
}

func (f *folder) close() error { return errors.Join(f.stores.close(), f.id.close()) }

// alone is the configuration in which this node is the only one. Where it listens
// is seen when it starts, and the configuration follows.
func (f *folder) alone() raft.Configuration {
	return raft.Configuration{Servers: []raft.Server{{
		Suffrage: raft.Voter, ID: f.config.LocalID, Address: raft.ServerAddress(nowhere(f.id.ID)),
	}}}
}

// offlineTransport is one that raft demands for encoding addresses, and never uses.
func offlineTransport() raft.Transport {
	_, t := raft.NewInmemTransport("")
	return t
}

// writeSnapshot writes the first snapshot of a folder, as if the first entry of the
// first term had made its state.
func (f *folder) writeSnapshot(a *fsmAdapter) error {
	const version = 1 // of raft's snapshots
	sink, err := f.stores.snapshots.Create(version, 1, 1, f.alone(), 1, offlineTransport())
	if err != nil {
		return err
	}
	s, err := a.Snapshot()
	if err != nil {
		return errors.Join(err, sink.Cancel())
	}
	if err := s.Persist(sink); err != nil {
		return err
	}
	return f.stores.votes.SetUint64([]byte("CurrentTerm"), 1) // as raft names it
}

// Recovery makes the only survivor of a cluster a cluster of its own.
type Recovery struct {
	NodeID    fsm.NodeID
	ClusterID fsm.NodeID
	LastIndex uint64 // of the newest entry that this node has; the survivor with the most should be chosen
	LastTerm  uint64

	folder *folder
	log    *slog.Logger
}

// OpenRecovery takes the data folder of a node that does not run. It changes
// nothing before Run. Close it.
func OpenRecovery(dir string, log *slog.Logger) (*Recovery, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("%w: there is no data folder %s: see --data-dir", ErrConfig, dir)
	}
	f, err := openFolder(dir, log)
	if err != nil {
		return nil, err
	}
	r := &Recovery{NodeID: f.id.ID, ClusterID: f.id.cluster(), folder: f, log: log}
	if err := r.look(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return r, nil
}

// look finds out how far the node's state reaches.
func (r *Recovery) look() error {
	s := r.folder.stores
	last, err1 := s.logs.LastIndex()
	list, err2 := s.snapshots.List()
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("the state of this node cannot be read: %w", err)
	}
	if len(list) > 0 {
		r.LastIndex, r.LastTerm = list[0].Index, list[0].Term
	}
	if last > r.LastIndex {
		var e raft.Log
		if err := s.logs.GetLog(last, &e); err != nil {
			return fmt.Errorf("the log of this node cannot be read: %w", err)
		}
		r.LastIndex, r.LastTerm = e.Index, e.Term
	}
	if r.LastIndex == 0 {
		return fmt.Errorf("%w: this node never was in a cluster: there is nothing to recover", ErrConfig)
	}
	return nil
}

// Run makes this node the only voter, takes everything in its log for committed,
// and bars all other nodes from coming back as they were. It returns the state.
func (r *Recovery) Run() (*fsm.Store, error) {
	store := fsm.NewStore()
	var broken error
	a := &forsaking{newFSMAdapter(store, func(err error) { broken = err }), r.NodeID}
	s := r.folder.stores
	err := raft.RecoverCluster(r.folder.config, a, s.logs, s.votes, s.snapshots, offlineTransport(), r.folder.alone())
	if broken != nil {
		err = broken
	}
	if err != nil {
		return nil, fmt.Errorf("this node cannot be recovered: %w; try another survivor, or restore a backup", err)
	}
	return store, nil
}

// Close frees the data folder.
func (r *Recovery) Close() error { return r.folder.close() }

// forsaking is a state machine whose snapshot knows one node only.
type forsaking struct {
	*fsmAdapter
	self fsm.NodeID
}

func (f *forsaking) Snapshot() (raft.FSMSnapshot, error) {
	f.store.Forsake(f.self)
	return f.fsmAdapter.Snapshot()
}
