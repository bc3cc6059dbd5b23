package raftlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"github.com/quorumbeat/quorumbeat/cluster/identity"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/boltfile"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/journal"
)

// Inspect refuses a data folder that has lost what its node promised with: its
// log, its votes or its owner's mark. Such a node would vote twice, or go on without
// pings that it acknowledged. It changes nothing.
//
// A folder that was never claimed has promised nothing, and may lack all of that.
func Inspect(dir string, k identity.Content) error {
	err := boltfile.CatchPanic(func() error { return inspectLog(dir, k) })
	if err != nil {
		return fmt.Errorf("this node does not start, and nothing in %s was changed: %w; %s", dir, err, KeepAdvice)
	}
	return nil
}

func inspectLog(dir string, k identity.Content) error {
	path := filepath.Join(dir, FileName)
	snapshots, err := SnapshotNames(dir)
	if err != nil {
		return err
	}
	found := loggedState{}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0:
		if k.Claimed || len(snapshots) > 0 {
			return fmt.Errorf("its log %s is missing or empty", path)
		}
	case err != nil:
		return fmt.Errorf("its log cannot be read: %w", err)
	default:
		if found, err = readLogState(path); err != nil {
			return err
		}
	}
	if err := found.ownedBy(k, len(snapshots) > 0); err != nil {
		return err
	}
	journalLast, err := journal.Inspect(dir, found.journal, found.last)
	if err != nil {
		return err
	}
	return found.reaches(k, snapshots, journalLast)
}

// loggedState is what a log says of itself.
type loggedState struct {
	owner       string
	journal     uint64 // ID of the journal that may hold entries of it
	term        uint64 // that the node has voted in
	first, last uint64 // index
	lastTerm    uint64 // of the last entry
}

// readLogState reads a log without changing it.
func readLogState(path string) (s loggedState, err error) {
	store, err := boltfile.OpenReadOnly(path)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	owner, err1 := ignoreMissing(store.Get(OwnerKey))
	term, err2 := ignoreMissing(store.Get(TermKey))
	if err := errors.Join(err1, err2); err != nil {
		return s, err
	}
	if s.owner = string(owner); len(term) == 8 {
		s.term = binary.BigEndian.Uint64(term)
	}
	if s.journal, err = journal.IDOf(store); err != nil {
		return s, err
	}
	if s.first, err = store.FirstIndex(); err != nil {
		return s, err
	}
	if s.last, err = store.LastIndex(); err != nil || s.last == 0 {
		return s, err
	}
	var e raft.Log
	if err := (Checksummed{store}).GetLog(s.last, &e); err != nil {
		return s, err
	}
	s.lastTerm = e.Term
	return s, nil
}

// TermKey is where Raft keeps the term that a node votes in.
var TermKey = []byte("CurrentTerm")

func ignoreMissing(b []byte, err error) ([]byte, error) {
	if errors.Is(err, raftboltdb.ErrKeyNotFound) {
		return nil, nil
	}
	return b, err
}

// ownedBy makes sure that a log belongs to the node that the folder belongs to.
func (s loggedState) ownedBy(k identity.Content, hasSnapshots bool) error {
	switch {
	case s.owner == k.ID:
		return nil
	case s.owner != "":
		return fmt.Errorf("its log is that of node %s, but %s says that this is node %s: put back the file that belongs to the other",
			s.owner, identity.FileName, k.ID)
	case k.Claimed || hasSnapshots:
		return errors.New("its log lacks the mark of its owner, so it is not the log that this node voted with")
	}
	return nil
}

// reaches makes sure that nothing which this node has promised with is missing.
// Raft raises the term on disk before it takes any entry or snapshot of it.
func (s loggedState) reaches(k identity.Content, snapshots []SnapshotName, journalLast *raft.Log) error {
	last, term := s.last, s.lastTerm
	if journalLast != nil {
		last, term = journalLast.Index, max(term, journalLast.Term)
	}
	var newest uint64
	for _, n := range snapshots {
		newest, term = max(newest, n.Index), max(term, n.Term)
	}
	switch {
	case s.term < term:
		return fmt.Errorf("its votes are lost: its log says that it voted in term %d at last, but it has entries of term %d", s.term, term)
	case k.ClusterID != "" && last == 0 && newest == 0:
		return errors.New("its log has no entries, though it is a member of a cluster")
	case s.first > newest+1:
		return fmt.Errorf("its log begins at entry %d, and the snapshot that ends before it is missing", s.first)
	}
	return nil
}

// SnapshotName is the name of a snapshot's folder, as Raft makes it.
type SnapshotName struct {
	Dir         string
	Term, Index uint64
}

// SnapshotNames lists the snapshots of a data folder that are complete by their name.
func SnapshotNames(dir string) (names []SnapshotName, err error) {
	entries, err := os.ReadDir(filepath.Join(dir, "snapshots"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("its snapshots cannot be listed: %w", err)
	}
	for _, e := range entries {
		n := SnapshotName{Dir: filepath.Join(dir, "snapshots", e.Name())}
		var made uint64
		if k, _ := fmt.Sscanf(e.Name(), "%d-%d-%d", &n.Term, &n.Index, &made); k == 3 && filepath.Ext(e.Name()) == "" {
			names = append(names, n)
		}
	}
	return names, nil
}

// ClaimFor makes sure that the log is this node's own, and has the identity file
// remember that there is one. With another's identity file, one node would vote under
// two names, and two under one.
func (s *Stores) ClaimFor(id *identity.Identity) error {
	owner, err := ignoreMissing(s.bolt.Get(OwnerKey))
	if err == nil && owner == nil && !id.LogClaimed() {
		owner = []byte(id.ID.String())
		err = s.bolt.Set(OwnerKey, owner)
	}
	if err == nil && string(owner) != id.ID.String() {
		err = fmt.Errorf("it is that of node %q, and this is node %s", owner, id.ID)
	}
	if err != nil {
		return fmt.Errorf("the log of this node cannot be used: %w; %s", err, KeepAdvice)
	}
	return id.SetLogClaimed()
}

// OwnerKey is where the log names the node whose votes it keeps.
var OwnerKey = []byte("quorumbeat-node")
