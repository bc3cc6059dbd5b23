package cluster

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/quorumbeat/quorumbeat/cluster/raftlog"
	"github.com/quorumbeat/quorumbeat/cluster/statemachine"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/identity"
	"github.com/quorumbeat/quorumbeat/cluster/members"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/journal"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// Restore makes a data folder in dir, which must be empty or missing, that starts
// as a new cluster of one node with the state of a backup. Other nodes join it as
// they join any cluster. It returns the new cluster's ID.
func Restore(dir string, image io.Reader, log *slog.Logger) (cluster fsm.NodeID, err error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return cluster, fmt.Errorf("%w: the data folder %s is not empty: choose another, for a backup never replaces what a node has", fsm.ErrConfig, dir)
	}
	store := store.New()
	if err := store.Restore(image); err != nil {
		return cluster, fmt.Errorf("the backup cannot be used: %w", err)
	}
	cluster = identity.NewID()
	store.BeginAnew(cluster)

	f, err := openFolder(dir, log)
	if err != nil {
		return cluster, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	a := statemachine.New(store, func(error) {})
	a.BeginAt(1)
	if err := f.writeSnapshot(a); err != nil {
		return cluster, fmt.Errorf("the restored state cannot be written to %s: %w", dir, err)
	}
	return cluster, f.id.SetClusterID(cluster) // last: without it the folder is not a member's
}

// folder is the data folder of a node that does not run.
type folder struct {
	id     *identity.Identity
	stores *raftlog.Stores
	config *raft.Config
}

// openIdentity takes a data folder for this process, unless inspect refuses it.
func openIdentity(dir string, inspect func(dir string, k identity.Content) error) (*identity.Identity, error) {
	return identity.Open(dir, identity.Options{Inspect: inspect, DataFiles: []string{raftlog.FileName, journal.FileName, "snapshots"}, Advice: raftlog.KeepAdvice})
}

func openFolder(dir string, log *slog.Logger) (f *folder, err error) {
	f = &folder{}
	if err := raftlog.MakePrivate(dir, log); err != nil {
		return nil, err
	}
	if f.id, err = openIdentity(dir, raftlog.Inspect); err != nil {
		return nil, err
	}
	if f.stores, err = raftlog.Open(dir, Faults{}.logOptions(log, func(error) {})); err != nil {
		return nil, errors.Join(err, f.id.Close())
	}
	if err := f.stores.ClaimFor(f.id); err != nil {
		return nil, errors.Join(err, f.close())
	}
	f.config = raftConfig(raft.ServerID(f.id.ID.String()), nil, log, Faults{})
	return f, nil
}

func (f *folder) close() error { return errors.Join(f.stores.Close(), f.id.Close()) }

// alone is the configuration in which this node is the only one. Where it listens
// is seen when it starts, and the configuration follows.
func (f *folder) alone() raft.Configuration {
	return raft.Configuration{Servers: []raft.Server{{
		Suffrage: raft.Voter, ID: f.config.LocalID, Address: raft.ServerAddress(members.NoAddress(f.id.ID)),
	}}}
}

// offlineTransport is one that raft demands for encoding addresses, and never uses.
func offlineTransport() raft.Transport {
	_, t := raft.NewInmemTransport("")
	return t
}

// writeSnapshot writes the first snapshot of a folder, as if the first entry of the
// first term had made its state.
func (f *folder) writeSnapshot(a *statemachine.Adapter) error {
	const version = 1                                                    // of raft's snapshots
	if err := f.stores.Votes.SetUint64(raftlog.TermKey, 1); err != nil { // before the snapshot, which is of that term
		return err
	}
	sink, err := f.stores.Snapshots.Create(version, 1, 1, f.alone(), 1, offlineTransport())
	if err != nil {
		return err
	}
	s, err := a.Snapshot()
	if err != nil {
		return errors.Join(err, sink.Cancel())
	}
	return s.Persist(sink)
}
