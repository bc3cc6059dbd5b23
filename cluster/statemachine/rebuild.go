package statemachine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// A command that panics half-way is a mistake in this program. What it left behind is
// thrown away: the state before its entry is made anew from the newest snapshot and
// the log, and the entry is applied without it. It would panic on every replica and at
// each replay, so that they all come to the same state. This takes as long as a start
// and costs nothing before it is needed.

// rebuildTries is how often Raft may remove what is being read, for a newer snapshot.
const rebuildTries = 3

// Past is what a state can be made anew from.
type Past struct {
	Log       raft.LogStore
	Snapshots raft.SnapshotStore
	Logger    *slog.Logger
}

// RebuildFrom has the state made anew after a fault.
func (a *Adapter) RebuildFrom(p Past) {
	a.past = p
	a.store.RebuildOnFault(func(f store.Fault) (*store.Store, error) { return a.Rebuild(a.applying, f) })
}

// Rebuild returns the state before entry index, in which a command failed.
func (a *Adapter) Rebuild(index uint64, f store.Fault) (store *store.Store, err error) {
	a.past.Logger.Error("a command failed by a fault in this program: it is left out, and the state before it is made anew; please report this",
		"entry", index, "command", f.Item, "fault", f.Words)
	a.faulty[index] = append(a.faulty[index], f.Item)
	for range rebuildTries {
		if store, err = a.stateBefore(index); !errors.Is(err, raft.ErrLogNotFound) {
			break
		}
	}
	return store, err
}

// stateBefore applies everything before entry index to a new store, but what is known
// to be faulty.
func (a *Adapter) stateBefore(index uint64) (*store.Store, error) {
	s := store.New()
	at, err := a.past.restoreNewest(s)
	if err != nil {
		return nil, err
	}
	s.RebuildOnFault(func(f store.Fault) (*store.Store, error) { return a.Rebuild(at, f) })
	for at++; at < index; at++ {
		var e raft.Log
		if err := a.past.Log.GetLog(at, &e); err != nil {
			return nil, fmt.Errorf("entry %d: %w", at, err)
		}
		if e.Type != raft.LogCommand {
			continue
		}
		if _, err := s.ApplyWithout(e.Data, e.Term, a.faulty[at]); err != nil {
			return nil, fmt.Errorf("entry %d: %w", at, err)
		}
	}
	return s, nil
}

// restoreNewest fills a store from the newest snapshot, if there is one, and returns
// the index of the last entry in it.
func (p Past) restoreNewest(store *store.Store) (uint64, error) {
	list, err := p.Snapshots.List()
	if err != nil || len(list) == 0 {
		return 0, err
	}
	meta, from, err := p.Snapshots.Open(list[0].ID)
	if err != nil {
		return 0, err
	}
	defer from.Close()
	_, err = ReadSnapshot(from, store)
	return meta.Index, err
}

// ReadSnapshot fills a store from a snapshot, and returns the index of its last command.
func ReadSnapshot(from io.Reader, store *store.Store) (uint64, error) {
	head := make([]byte, len(Magic)+8)
	if _, err := io.ReadFull(from, head); err != nil {
		return 0, fmt.Errorf("the snapshot is cut short: %w", err)
	}
	if string(head[:len(Magic)]) != Magic {
		return 0, errors.New("the snapshot was not written by a version of quorumbeat that this one knows")
	}
	index := binary.BigEndian.Uint64(head[len(Magic):])
	if err := store.Restore(from); err != nil {
		return index, err
	}
	store.PlaceAt(index)
	return index, nil
}
