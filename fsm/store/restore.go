package store

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/dedup"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
	"github.com/quorumbeat/quorumbeat/fsm/internal/index"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
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
	if newer == nil && (!st.table.HasIntervals() || !st.clock.IsRead() && (st.table.HasTimedPauses() || !st.windows.IsEmpty())) {
		r.Fail()
	}
	if r.OK() {
		st.completeIncidents()
		st.system.Complete(&st.incidents, st.serving)
		st.completeDependencies()
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

// completeDependencies tells the graph which of the heartbeats fail that something depends on by a tag.
func (st *state) completeDependencies() {
	if st.depends.Len() == 0 {
		return
	}
	for ord := range st.failing {
		st.depends.Fails(ord, st.table.Record(ord).Cold.Spec.Tags)
	}
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
	st.dedup.Read(r)
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
	isClock := st.horizon >= 0 && st.horizon <= st.serving && st.serving <= maxServing
	if r.OK() && (!isClock || st.settings.Validate() != nil || st.created > maxOrdinal) {
		r.Fail()
	}
}

// maxServing is more than a clock comes to in 100,000 years, and keeps deadlines from exceeding an int64.
const maxServing = 1 << 52

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
	st.dedup = dedup.New()
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
	for id := range s.st.dedup.Proposers {
		others[id] = true
	}
	delete(others, but)
	for id := range others {
		s.st.removeNode(fsm.RemoveNode{ID: id})
	}
}

// filler puts the heartbeats of an image into a state, in order of creation.
type filler struct {
	st *state
	table.Builder
}

// storedRecord is a heartbeat as an image tells of it, with its cold fields decoded.
type storedRecord struct {
	table.Stored
	cold table.Cold
}

// readHeartbeats reads what writeHeartbeats wrote.
func (st *state) readHeartbeats(r *image.Reader) {
	n := r.Count()
	f := newFiller(st, n)
	var block []byte
	for n > 0 && r.OK() {
		block = r.Block(block)
		in := wire.NewReader(block)
		for ; n > 0 && in.Len() > 0; n-- {
			var h storedRecord
			ord := f.Last + in.Uint()
			h.readFields(&in, st)
			h.readRunState(&in, st)
			if !in.OK() || !f.add(ord, &h) {
				r.Fail()
				return
			}
		}
		if len(block) == 0 || in.Len() > 0 {
			r.Fail()
		}
	}
	f.Finish()
}

func (h *storedRecord) readFields(r *wire.Reader, st *state) {
	r.Fill(h.Token[:])
	h.Flags = table.Flags(r.UpTo(uint64(table.ImageFlags)))
	h.IntervalSecs, h.GraceSecs = r.Uint32(), r.Uint32()
	h.Threshold = r.Byte()
	h.Anchor = st.serving - r.Int()
	h.AnchorWall = st.wall - r.Int()
	h.Carried, h.Misses = r.Int(), r.Int()
	h.Missed, h.Incident, h.LastAlert = r.Uint32(), r.Uint32(), r.Int()
	if h.Flaps = r.Uint32(); h.Flaps > 0 {
		h.FlapStart = st.serving - r.Int()
	}
	h.Pings = r.Uint()
	h.LastPing = h.AnchorWall - r.Int()
	h.readCallers(r)
	h.Head.Kept = r.Uint32()
	h.Head.Newest = h.LastPing - r.Int()
	h.Head.Step = r.Int()
	h.Text, h.Entries = r.Take(r.Uint()), r.Take(r.Uint())
	h.cold.FillFrom(&h.Hot)
	if h.cold.Decode(h.Text) != nil {
		r.Fail()
	}
}

func newFiller(st *state, heartbeats int) *filler {
	heartbeats = min(heartbeats, fsm.MaxHeartbeats)
	st.ids, st.tokens = index.New(heartbeats), index.New(heartbeats)
	return &filler{st: st, Builder: table.Builder{Table: &st.table}}
}

// readRunState reads what few heartbeats have; for the others it is empty.
func (h *storedRecord) readRunState(r *wire.Reader, st *state) {
	b := r.Take(r.Uint())
	if len(b) == 0 {
		return
	}
	if h.Runs = st.readRunState(b); h.Runs == nil {
		r.Fail()
	}
}

// add files a heartbeat, or reports that no such heartbeat could have been written
// by this program.
func (f *filler) add(ord uint64, h *storedRecord) bool {
	if ord <= f.Last || ord > f.st.created || !f.isPlausible(h) {
		return false
	}
	f.Builder.Add(ord, &h.Stored)
	f.indexRecord(ord, h)
	return true
}

// indexRecord files a heartbeat in what is derived of it.
func (f *filler) indexRecord(ord uint64, h *storedRecord) {
	st := f.st
	st.indexHeartbeat(ord, h.cold.ID, h.Token, h.cold.Spec.Slug)
	if h.Is(table.Failing) {
		st.failing[ord] = struct{}{}
	}
	if h.Is(table.Paused) {
		st.paused++
	}
	st.countMade(h.cold.Maker, 1)
}

// isPlausible reports whether a heartbeat could have been written by this program.
func (f *filler) isPlausible(h *storedRecord) bool {
	spec := h.cold.Spec
	if spec.Interval == 0 { // of one with a schedule, which comes later
		spec.Interval = fsm.MinInterval
	}
	return f.st.byID(h.cold.ID) == 0 && f.st.byToken(h.Token) == 0 && spec.Validate() == nil &&
		history.AreEntries(h.Entries, int(h.Head.Kept)) && uint64(h.Head.Kept) <= h.Pings &&
		h.Incident < fsm.MaxNumber && (h.Head.Kept > 0 || h.Head.Newest == 0 && h.Head.Step == 0) &&
		h.Carried >= 0 && h.Misses >= h.Carried && !(h.Is(table.Failing) && (h.Is(table.Paused) || h.Runs == nil))
}

// readCallers reads what an image has of the addresses.
func (h *storedRecord) readCallers(r *wire.Reader) {
	var last, other [16]byte
	if h.Is(table.HasCaller) {
		r.Fill(last[:])
	}
	if h.Is(table.HasOtherCaller) {
		r.Fill(other[:])
	}
	h.Head.Callers = history.CallersOf(last, other)
	if callerFlags(h.Head.Callers) != h.Hot.Flags&(table.HasCaller|table.HasOtherCaller) || last == other && h.Is(table.HasOtherCaller) {
		r.Fail() // no addresses that this program writes
	}
	h.Clear(table.HasCaller | table.HasOtherCaller)
}
