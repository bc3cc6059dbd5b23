package raftlog

import (
	"io"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	"github.com/quorumbeat/quorumbeat/cluster/durable"
)

// retained is how many snapshots are kept.
const retained = 2

// SnapshotStore is Raft's store of snapshots, which knows where they are and
// whether one is being read.
type SnapshotStore struct {
	*raft.FileSnapshotStore
	dir     string
	readers atomic.Int32
	opened  atomic.Uint64          // index of the snapshot that was opened last
	admits  func(size int64) error // whether there is room for a snapshot; nil: always
}

func newSnapshotStore(dataDir string, log hclog.Logger) (*SnapshotStore, error) {
	dir := filepath.Join(dataDir, "snapshots")
	if err := durable.MkdirAll(dir); err != nil {
		return nil, err
	}
	files, err := raft.NewFileSnapshotStoreWithLogger(dataDir, retained, log)
	return &SnapshotStore{FileSnapshotStore: files, dir: dir}, err
}

// StateFile is the file of a snapshot's state, as Raft names it.
func (s *SnapshotStore) StateFile(name string) string {
	return filepath.Join(s.dir, name, "state.bin")
}

// Create begins a snapshot, which will be about as large as the newest one. It refuses
// if the disk has no room for that beside the log.
func (s *SnapshotStore) Create(v raft.SnapshotVersion, index, term uint64, c raft.Configuration, at uint64, t raft.Transport) (raft.SnapshotSink, error) {
	if s.admits != nil {
		size := int64(0)
		if list, err := s.List(); err == nil && len(list) > 0 {
			size = list[0].Size
		}
		if err := s.admits(size); err != nil {
			return nil, err
		}
	}
	sink, err := s.FileSnapshotStore.Create(v, index, term, c, at, t)
	if err != nil {
		return nil, err
	}
	return durableSink{sink, filepath.Join(s.dir, sink.ID()), durable.Sync}, nil
}

// durableSink is a snapshot whose files are found again after a power cut: Raft syncs
// them and the folder above theirs, but not their own.
type durableSink struct {
	raft.SnapshotSink
	dir  string
	sync func(path string) error // durable.Sync
}

func (s durableSink) Close() error {
	if err := s.SnapshotSink.Close(); err != nil {
		return err
	}
	return s.sync(s.dir)
}

// Open opens a snapshot for reading.
func (s *SnapshotStore) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	s.readers.Add(1) // first: letGo must not overlook who has opened the file just now
	meta, r, err := s.FileSnapshotStore.Open(id)
	if err != nil {
		s.readers.Add(-1)
		return nil, nil, err
	}
	s.opened.Store(meta.Index)
	return meta, &countedReader{ReadCloser: r, store: s}, nil
}

// countedReader is one of a store's readers until it is closed.
type countedReader struct {
	io.ReadCloser
	store  *SnapshotStore
	closed atomic.Bool
}

func (r *countedReader) Close() error {
	if !r.closed.Swap(true) {
		r.store.readers.Add(-1)
	}
	return r.ReadCloser.Close()
}

// reapStep is how many bytes of a file go at once.
const reapStep = 8 << 20

// hold opens the snapshots that there are, so that the file of one that Raft removes
// stays, without a name, until letGo: to free hundreds of megabytes at once would
// make the log wait. When the process ends, the kernel lets go of it.
func (s *SnapshotStore) hold() (held []*os.File) {
	if !seesUnlinked {
		return nil
	}
	files, _ := filepath.Glob(s.StateFile("*"))
	for _, name := range files {
		if f, err := os.OpenFile(name, os.O_WRONLY, 0); err == nil {
			held = append(held, f)
		}
	}
	return held
}

// letGo frees the files that were removed, step by step. One that has another name,
// or that somebody may be reading, is not touched.
func (s *SnapshotStore) letGo(held []*os.File, p *pacer) {
	for _, f := range held {
		if info, err := f.Stat(); err == nil && unlinked(info) && s.readers.Load() == 0 {
			for left := info.Size() - reapStep; left > 0 && f.Truncate(left) == nil; left -= reapStep {
				p.pause()
			}
		}
		_ = f.Close()
	}
}
