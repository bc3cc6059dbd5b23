package store

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Restore reads an image into a fresh state, and swaps it in only if it was whole
// and its checksum right. The error is ErrCorrupt or ErrVersion; the store is
// unchanged then.
func (s *Store) Restore(from io.Reader) error {
	r := image.NewReader(from)
	magic := make([]byte, len(imageMagic))
	r.Raw(magic)
	if !r.OK() || string(magic) != imageMagic {
		return fmt.Errorf("not a snapshot of quorumbeat: %w", fsm.ErrCorrupt)
	}
	version := r.Uint()
	if r.OK() && (version < imageOldest || version > imageVersion) {
		return fmt.Errorf("snapshot of version %d: %w", version, fsm.ErrVersion)
	}
	st := newState()
	st.readImage(r)
	var newer error
	if version > 4 {
		newer = st.readSections(r)
	}
	if newer == nil && (!st.table.HasIntervals() || !st.clock.IsRead() && st.table.HasTimedPauses()) {
		r.Fail()
	}
	if r.OK() {
		st.completeIncidents()
	}
	if err := r.Close(); err != nil {
		return fmt.Errorf("snapshot is damaged: %w", err)
	}
	if newer != nil {
		return fmt.Errorf("snapshot: %w", newer)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replaceState(st)
	return nil
}

// replaceState makes st the store's state; the lock is held.
func (s *Store) replaceState(st *state) {
	s.st = st
	s.tokens.Store(st.tokens)
	s.onlyPost.Store(st.table.OnlyPost)
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (st *state) readImage(r *image.Reader) {
	st.readHead(r)
	st.readHeartbeats(r)
	st.readKeys(r)
	st.readNodes(r)
	st.dedup.read(r)
	st.ledger.Read(r)
}

// readSections reads the optional parts. What this version does not know is passed over,
// so that the checksum is looked at first: newer says what it was.
func (st *state) readSections(r *image.Reader) (newer error) {
	r.Sections(func(tag uint64, item *wire.Reader) bool {
		i := slices.IndexFunc(sections, func(x section) bool { return x.tag == tag })
		if i < 0 {
			newer = fmt.Errorf("a section of tag %d, which this version does not know: %w", tag, fsm.ErrVersion)
			return true
		}
		err := sections[i].read(st, item)
		if errors.Is(err, fsm.ErrVersion) {
			newer = err
			return true
		}
		return err == nil && item.End() == nil
	})
	return newer
}

func (st *state) readHead(r *image.Reader) {
	st.wall, st.serving, st.horizon = r.Int(), r.Int(), r.Int()
	for n := r.Count(); n > 0 && r.OK(); n-- {
		st.horizonLog = append(st.horizonLog, horizonMove{r.Int(), r.Int()})
	}
	st.gaps.total = r.Int()
	for n := r.Count(); n > 0 && r.OK(); n-- {
		st.gaps.list = append(st.gaps.list, gap{r.Int(), r.Int(), r.Int()})
	}
	r.Raw(st.clusterID[:])
	st.settings = fsm.Settings{
		History: r.Count(), MailTo: r.Strings(), Burst: r.Count(), GroupWait: r.Int(),
		FlapWindow: r.Int(), MaxHeartbeats: r.Count(),
	}
	st.created, st.pings, st.misses = r.Uint(), r.Uint(), r.Uint()
	if r.OK() && (st.settings.Validate() != nil || st.created > maxOrdinal) {
		r.Fail()
	}
}

// maxOrdinal keeps a damaged image from asking for a table without end.
const maxOrdinal = 1<<32 - 1

func (st *state) readKeys(r *image.Reader) {
	for n := r.Count(); n > 0 && r.OK(); n-- {
		var k apiKey
		r.Raw(k.id[:])
		k.name, k.scope = r.String(), r.String()
		r.Raw(k.hash[:])
		k.created = r.Int()
		k.max = r.Count()
		st.keys[k.id] = k
		st.keyByHash[k.hash] = k.id
	}
}

func (st *state) readNodes(r *image.Reader) {
	for n := r.Count(); n > 0 && r.OK(); n-- {
		var x fsm.NodeInfo
		r.Raw(x.ID[:])
		x.Name, x.HTTP, x.Cluster, x.Version = r.String(), r.String(), r.String(), r.String()
		st.nodes[x.ID] = x
	}
}

func (d *dedup) read(r *image.Reader) {
	for n := r.Count(); n > 0 && r.OK(); n-- {
		var id fsm.NodeID
		r.Raw(id[:])
		o := &proposer{boot: r.Uint(), floor: r.Uint()}
		for m := r.Count(); m > 0 && r.OK(); m-- {
			o.keepResult(o.floor+uint64(len(o.codes)), fsm.Result{Code: fsm.Code(r.Byte()), Data: r.Bytes()})
		}
		d.proposers[id] = o
	}
	for n := r.Count(); n > 0 && r.OK(); n-- {
		var id fsm.NodeID
		r.Raw(id[:])
		d.removed[id] = true
	}
}

// BeginAnew changes the state outside of any log, for a node that is not running. It
// makes it that of a new cluster of this name, which has no nodes
// yet and starts its terms from the beginning. Heartbeats with their tokens and
// histories, keys, settings and the ledger stay. What was being sent when the image
// was taken counts as sent by a leader that was lost.
func (s *Store) BeginAnew(cluster fsm.NodeID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.st
	st.clusterID = cluster
	st.nodes = map[fsm.NodeID]fsm.NodeInfo{}
	st.dedup = newDedup()
	st.ledger.ForgetTerms()
}

// RemoveOthers changes the state outside of any log, for a node that is not running. It
// removes every node but one, so that the others cannot come back under their IDs.
func (s *Store) RemoveOthers(but fsm.NodeID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	others := map[fsm.NodeID]bool{}
	for id := range s.st.nodes {
		others[id] = true
	}
	for id := range s.st.dedup.proposers {
		others[id] = true
	}
	delete(others, but)
	for id := range others {
		s.st.removeNode(fsm.RemoveNode{ID: id})
	}
}
