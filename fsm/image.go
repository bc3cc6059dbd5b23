package fsm

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"maps"
	"slices"
)

// imageMagic comes first in an image, its version next. A change of the format
// takes a new version, and Restore goes on reading the old ones. Version 3 added
// what signals leave, version 4 what bounds a flapping heartbeat, and quotas.
const (
	imageMagic   = "QBIMAGE\x00"
	imageVersion = 4
)

// Image is the state at one moment, to be written once. It shares memory with the
// store, which copies what it changes from then on, until it is written or
// released.
type Image struct {
	st    state
	share *share
}

// Snapshot captures the state. Its cost is a pointer for every page of heartbeats
// and every row of the ledger; encoding is left to WriteTo.
func (s *Store) Snapshot() *Image {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := *s.st
	c.passes = slices.Clone(c.passes)
	table, share := s.st.table.share()
	c.table = table
	c.keys = maps.Clone(c.keys)
	c.nodes = maps.Clone(c.nodes)
	c.dedup = s.st.dedup.clone()
	c.ledger = ledger{
		rows: maps.Clone(c.ledger.rows), windows: maps.Clone(c.ledger.windows), counts: maps.Clone(c.ledger.counts),
	}
	c.ids, c.tokens, c.slugs, c.byHash, c.made, c.failing, c.due = nil, nil, slugIndex{}, nil, nil, nil, due{}
	return &Image{st: c, share: share}
}

// Release tells that an image will not be written. WriteTo releases it, too.
func (i *Image) Release() { i.share.passed(everyPage) }

var errWritten = errors.New("an image can be written only once")

// WriteTo encodes the image. Two stores with the same state write the same bytes.
// It often gives way to others, for it has seconds of work.
func (i *Image) WriteTo(to io.Writer) (int64, error) {
	if i.share.done() {
		return 0, errWritten
	}
	defer i.Release()
	w := newImageWriter(to)
	st := &i.st
	w.raw([]byte(imageMagic))
	w.uint(imageVersion)
	st.writeHead(w)
	st.writeHeartbeats(w, i.share)
	st.writeKeys(w)
	st.writeNodes(w)
	st.dedup.write(w)
	st.ledger.write(w)
	return w.close()
}

func (st *state) writeHead(w *imageWriter) {
	w.int(st.wall)
	w.int(st.serving)
	w.int(st.horizon)
	w.count(len(st.passes))
	for _, p := range st.passes {
		w.int(p.horizon)
		w.int(p.wall)
	}
	w.int(st.gaps.total)
	w.count(len(st.gaps.list))
	for _, g := range st.gaps.list {
		w.int(g.serving)
		w.int(g.from)
		w.int(g.to)
	}
	w.raw(st.clusterID[:])
	w.count(st.settings.History)
	w.strs(st.settings.MailTo)
	w.count(st.settings.Burst)
	w.int(st.settings.GroupWait)
	w.int(st.settings.FlapWindow)
	w.count(st.settings.MaxHeartbeats)
	w.uint(st.created)
	w.uint(st.pings)
	w.uint(st.misses)
}

func (st *state) writeKeys(w *imageWriter) {
	keys := slices.SortedFunc(maps.Values(st.keys), func(a, b key) int { return bytes.Compare(a.id[:], b.id[:]) })
	w.count(len(keys))
	for _, k := range keys {
		w.raw(k.id[:])
		w.str(k.name)
		w.str(k.scope)
		w.raw(k.hash[:])
		w.int(k.created)
		w.count(k.max)
		w.flushed()
	}
}

func (st *state) writeNodes(w *imageWriter) {
	nodes := slices.SortedFunc(maps.Values(st.nodes), func(a, b NodeInfo) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	w.count(len(nodes))
	for _, n := range nodes {
		w.raw(n.ID[:])
		w.str(n.Name)
		w.str(n.HTTP)
		w.str(n.Cluster)
		w.str(n.Version)
	}
}

func sortedNodes[V any](m map[NodeID]V) []NodeID {
	return slices.SortedFunc(maps.Keys(m), func(a, b NodeID) int { return bytes.Compare(a[:], b[:]) })
}

func (d *dedup) write(w *imageWriter) {
	w.count(len(d.origins))
	for _, n := range sortedNodes(d.origins) {
		o := d.origins[n]
		w.raw(n[:])
		w.uint(o.boot)
		w.uint(o.floor)
		w.count(len(o.codes))
		for i, c := range o.codes {
			w.byte(byte(c))
			w.bytes(o.data[o.floor+uint64(i)])
			w.flushed()
		}
	}
	w.count(len(d.barred))
	for _, n := range sortedNodes(d.barred) {
		w.raw(n[:])
	}
}

func (l *ledger) write(w *imageWriter) {
	rows := slices.SortedFunc(maps.Values(l.rows), func(a, b *row) int { return compareKeys(a.key(), b.key()) })
	w.count(len(rows))
	for _, r := range rows {
		r.write(w)
		w.flushed()
	}
	w.count(len(l.windows))
	for _, to := range slices.Sorted(maps.Keys(l.windows)) {
		w.str(to)
		w.int(l.windows[to].start)
		w.count(l.windows[to].count)
	}
	w.count(len(l.counts))
	keys := slices.SortedFunc(maps.Keys(l.counts), func(a, b countKey) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.state, b.state))
	})
	for _, k := range keys {
		w.byte(byte(k.kind))
		w.byte(byte(k.state))
		w.uint(l.counts[k])
	}
}

func (r *row) write(w *imageWriter) {
	w.raw(r.id[:])
	w.uint(r.ord)
	w.raw(r.heartbeat[:])
	w.uint(uint64(r.incident))
	w.byte(byte(r.kind))
	w.str(r.recipient)
	w.byte(byte(r.state))
	w.uint(r.term)
	w.uint(uint64(r.attempt))
	w.byte(r.doubts)
	w.bool(r.counted)
	w.int(r.due)
	w.int(r.created)
	w.int(r.sent)
	w.int(r.notBefore)
	w.int(r.refused)
	w.str(r.err)
	w.raw(r.answers[:])
	w.raw(r.after[:])
	w.raw(r.digest[:])
	w.count(len(r.members))
	for _, m := range r.members {
		w.raw(m[:])
	}
	w.raw([]byte(r.evidence))
}
