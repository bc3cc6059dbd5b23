package fsm

import (
	"fmt"
	"io"
	"time"
)

// Restore reads an image into a fresh state, and swaps it in only if it was whole
// and its checksum right. The error is ErrCorrupt or ErrVersion; the store is
// unchanged then.
func (s *Store) Restore(from io.Reader) error {
	r := newImageReader(from)
	magic := make([]byte, len(imageMagic))
	r.raw(magic)
	if r.err != nil || string(magic) != imageMagic {
		return fmt.Errorf("not a snapshot of quorumbeat: %w", ErrCorrupt)
	}
	version := r.uint()
	if r.err == nil && (version < 1 || version > imageVersion) {
		return fmt.Errorf("snapshot of version %d: %w", version, ErrVersion)
	}
	st := newState()
	st.read(r, version)
	if err := r.close(); err != nil {
		return fmt.Errorf("snapshot is damaged: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.adopt(st)
	return nil
}

// adopt makes st the store's state; the lock is held.
func (s *Store) adopt(st *state) {
	s.st = st
	s.tokens.Store(st.tokens)
	s.onlyPost.Store(st.table.onlyPost)
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (st *state) read(r *imageReader, version uint64) {
	st.readHead(r, version)
	if version == 1 {
		st.readHeartbeatsV1(r)
	} else {
		st.readHeartbeats(r, version)
	}
	st.readKeys(r, version)
	st.readNodes(r)
	st.dedup.read(r)
	st.readLedger(r, version)
}

func (st *state) readHead(r *imageReader, version uint64) {
	st.wall, st.serving, st.horizon = r.int(), r.int(), r.int()
	for n := r.count(); n > 0 && r.err == nil; n-- {
		st.passes = append(st.passes, pass{r.int(), r.int()})
	}
	st.gaps.total = r.int()
	for n := r.count(); n > 0 && r.err == nil; n-- {
		st.gaps.list = append(st.gaps.list, gap{r.int(), r.int(), r.int()})
	}
	r.raw(st.clusterID[:])
	st.settings = Settings{History: r.count(), MailTo: r.strs(), Burst: r.count(), GroupWait: r.int()}
	if st.settings.FlapWindow = DefaultSettings().FlapWindow; version >= 4 {
		st.settings.FlapWindow = r.int()
		st.settings.MaxHeartbeats = r.count()
	}
	st.created, st.pings, st.misses = r.uint(), r.uint(), r.uint()
	if r.err == nil && (st.settings.Validate() != nil || st.created > maxOrdinal) {
		r.fail()
	}
}

// maxOrdinal keeps a damaged image from asking for a table without end.
const maxOrdinal = 1<<32 - 1

func (st *state) readKeys(r *imageReader, version uint64) {
	for n := r.count(); n > 0 && r.err == nil; n-- {
		var k key
		r.raw(k.id[:])
		k.name, k.scope = r.str(), r.str()
		r.raw(k.hash[:])
		k.created = r.int()
		if version >= 4 {
			k.max = r.count()
		}
		st.keys[k.id] = k
		st.byHash[k.hash] = k.id
	}
}

func (st *state) readNodes(r *imageReader) {
	for n := r.count(); n > 0 && r.err == nil; n-- {
		var x NodeInfo
		r.raw(x.ID[:])
		x.Name, x.HTTP, x.Cluster, x.Version = r.str(), r.str(), r.str(), r.str()
		st.nodes[x.ID] = x
	}
}

func (d *dedup) read(r *imageReader) {
	for n := r.count(); n > 0 && r.err == nil; n-- {
		var id NodeID
		r.raw(id[:])
		o := &origin{boot: r.uint(), floor: r.uint()}
		for m := r.count(); m > 0 && r.err == nil; m-- {
			o.keep(o.floor+uint64(len(o.codes)), Result{Code: Code(r.byte()), Data: r.bytes()})
		}
		d.origins[id] = o
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		var id NodeID
		r.raw(id[:])
		d.barred[id] = true
	}
}

func (st *state) readLedger(r *imageReader, version uint64) {
	l := &st.ledger
	recipients := map[string]string{} // the same memory for all of one's rows
	for n := r.count(); n > 0 && r.err == nil; n-- {
		x := readRow(r, version)
		if _, known := recipients[x.recipient]; !known {
			recipients[x.recipient] = x.recipient
		}
		x.recipient = recipients[x.recipient]
		if r.err == nil && l.rows[x.id] != nil {
			r.fail()
		}
		if r.err == nil {
			l.file(x)
		}
	}
	for k := range l.order.all() { // now, for a place may depend on other rows
		l.enter(l.rows[k.id])
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		l.windows[r.str()] = window{r.int(), r.count()}
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		l.counts[countKey{AlertKind(r.byte()), AlertState(r.byte())}] = r.uint()
	}
}

func readRow(r *imageReader, version uint64) *row {
	x := &row{}
	r.raw(x.id[:])
	x.ord = r.uint()
	r.raw(x.heartbeat[:])
	x.incident, x.kind, x.recipient = r.uint32(), AlertKind(r.byte()), r.str()
	x.state, x.term, x.attempt = AlertState(r.byte()), r.uint(), r.uint32()
	x.doubts, x.counted = r.byte(), r.bool()
	x.due, x.created, x.sent, x.notBefore, x.refused = r.int(), r.int(), r.int(), r.int(), r.int()
	x.err = r.str()
	r.raw(x.answers[:])
	if x.after = x.answers; version >= 4 {
		r.raw(x.after[:])
	}
	r.raw(x.digest[:])
	for n := r.count(); n > 0 && r.err == nil; n-- {
		var m AlertID
		r.raw(m[:])
		x.members = append(x.members, m)
	}
	x.evidence = packEvidence(readEvidence(r, version))
	if x.kind.String() == "unknown" || x.state.String() == "unknown" || x.doubts > MaxDoubts {
		r.fail()
	}
	return x
}

func readEvidence(r *imageReader, version uint64) Evidence {
	e := Evidence{
		Name: r.str(), LastPing: wallTime(r.int()), LastFrom: r.str(), Interval: r.int(), Grace: r.int(),
		Threshold: r.count(), Misses: r.int(), Pings: r.uint(), Due: wallTime(r.int()),
		Silent: time.Duration(r.int()) * time.Millisecond,
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		e.Gaps = append(e.Gaps, Gap{wallTime(r.int()), wallTime(r.int())})
	}
	if version >= 3 {
		e.Failed, e.Exit, e.Started, e.Output = r.bool(), r.count(), wallTime(r.int()), r.str()
	}
	if version >= 4 {
		e.Flaps, e.Within = r.int(), time.Duration(r.int())*time.Millisecond
		e.Since, e.Down = wallTime(r.int()), time.Duration(r.int())*time.Millisecond
		e.Failures, e.Clean, e.Rule, e.Resumed = r.int(), r.bool(), Rule(r.byte()), wallTime(r.int())
	}
	return e
}
