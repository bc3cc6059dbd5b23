package store

import (
	"encoding/binary"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/dependencies"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
	"github.com/quorumbeat/quorumbeat/fsm/internal/results"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// blockMost is how long a block of heartbeats is at most, in bytes, but for the last of
// them. A block ends with its page, or when it is this long.
const blockMost = 1 << 20

// writeHeartbeats writes the heartbeats in order of creation, and lets go of their
// pages.
func (st *state) writeHeartbeats(w *image.Writer, s *table.SnapshotRef) {
	w.Count(st.table.Live)
	var histories history.Gathered
	var told []byte
	last := uint64(0)
	st.table.Drain(s, func(first uint64, p *table.Page) bool {
		histories.Gather(&p.History, p)
		begin := w.BeginBlock()
		for slot := range table.PageSize {
			if !p.IsLive(slot) {
				continue
			}
			if len(w.Buf)-begin > blockMost {
				w.EndBlock(begin)
				begin = w.BeginBlock()
			}
			ord := first + uint64(slot)
			w.Uint(ord - last)
			last = ord
			w.Buf = st.appendHot(w.Buf, p.Hot(slot), p.Head(slot))
			w.Bytes(p.Text(slot))
			w.Buf = histories.Append(w.Buf, slot)
			told = told[:0]
			if x := p.Runs(slot); x != nil {
				told = st.appendRunState(told, x)
			}
			w.Bytes(told)
		}
		w.EndBlock(begin)
		return w.OK()
	})
}

// appendHot appends the hot fields in a form that is short for a heartbeat that is well:
// times as differences from times nearby.
func (st *state) appendHot(b []byte, v *table.Hot, h *history.Head) []byte {
	b = append(b, v.Token[:]...)
	b = binary.AppendUvarint(b, uint64(v.Flags&table.ImageFlags|callerFlags(h.Callers)))
	b = binary.AppendUvarint(b, uint64(v.IntervalSecs))
	b = binary.AppendUvarint(b, uint64(v.GraceSecs))
	b = append(b, v.Threshold)
	b = wire.AppendInt(b, st.serving-v.Anchor)
	b = wire.AppendInt(b, st.wall-v.AnchorWall)
	b = wire.AppendInt(b, v.Carried)
	b = wire.AppendInt(b, v.Misses)
	b = binary.AppendUvarint(b, uint64(v.Missed))
	b = binary.AppendUvarint(b, uint64(v.Incident))
	b = wire.AppendInt(b, v.LastAlert)
	b = binary.AppendUvarint(b, uint64(v.Flaps))
	if v.Flaps > 0 {
		b = wire.AppendInt(b, st.serving-v.FlapStart)
	}
	b = binary.AppendUvarint(b, v.Pings)
	b = wire.AppendInt(b, v.AnchorWall-v.LastPing)
	for _, from := range [...][16]byte{h.Callers.Last(), h.Callers.Other()} {
		if from != ([16]byte{}) {
			b = append(b, from[:]...)
		}
	}
	b = binary.AppendUvarint(b, uint64(h.Kept))
	b = wire.AppendInt(b, v.LastPing-h.Newest)
	return wire.AppendInt(b, h.Step)
}

// writeFields writes the tagged fields of the heartbeats that have any.
func (st *state) writeFields(s *image.Section) {
	var item []byte
	st.table.EachDrainedFields(func(ord uint64, encoded string) {
		item = append(binary.AppendUvarint(item[:0], ord), encoded...)
		s.Add(item)
	})
}

func (st *state) readFields(item *wire.Reader) error {
	ord := item.Uint()
	spec, err := st.table.RestoreFields(ord, item.Take(uint64(item.Len())))
	if err == nil && len(spec.DependsOn) > 0 {
		st.depends.Put(dependencies.Node{Ordinal: ord, ID: st.table.Record(ord).Cold.ID, Tags: spec.Tags, DependsOn: spec.DependsOn})
	}
	return err
}

// writeUptime writes how long heartbeats failed and were paused, of those that ever did
// and were.
func (st *state) writeUptime(s *image.Section) {
	var item []byte
	st.uptime.Each(func(ord uint64, encoded string) {
		item = append(binary.AppendUvarint(item[:0], ord), encoded...)
		s.Add(item)
	})
}

func (st *state) readUptime(item *wire.Reader) error {
	ord := item.Uint()
	if !st.table.Has(ord) {
		return fsm.ErrCorrupt
	}
	return st.uptime.Restore(ord, item.Take(uint64(item.Len())))
}

// writePausedTimes writes when heartbeats were paused, of those that ever were.
func (st *state) writePausedTimes(s *image.Section) {
	var item []byte
	st.uptime.EachPaused(func(ord uint64, encoded string) {
		item = append(binary.AppendUvarint(item[:0], ord), encoded...)
		s.Add(item)
	})
}

func (st *state) readPausedTimes(item *wire.Reader) error {
	ord := item.Uint()
	if !st.table.Has(ord) {
		return fsm.ErrCorrupt
	}
	return st.uptime.RestorePauses(ord, item.Take(uint64(item.Len())))
}

// callerFlags are those of an image that has the addresses.
func callerFlags(c history.Callers) (f table.Flags) {
	if c.Last() != ([16]byte{}) {
		f |= table.HasCaller
	}
	if c.Other() != ([16]byte{}) {
		f |= table.HasOtherCaller
	}
	return f
}

// appendRunState appends a run state: times as differences.
func (st *state) appendRunState(b []byte, x *table.RunState) []byte {
	b = binary.AppendUvarint(b, uint64(len(x.Open)))
	for _, o := range x.Open {
		b = wire.AppendBool(b, o.Named)
		if o.Named {
			b = append(b, o.ID[:]...)
		}
		b = wire.AppendInt(wire.AppendInt(b, st.serving-o.Start), st.wall-o.Wall)
		b = binary.AppendUvarint(b, uint64(o.Late))
		b = binary.AppendUvarint(b, uint64(o.Deadline))
	}
	b = binary.AppendUvarint(b, uint64(len(x.Bodies)))
	for _, y := range x.Bodies {
		b = binary.AppendUvarint(b, y.Number)
		b = append(binary.AppendUvarint(b, uint64(len(y.Text))), y.Text...)
	}
	b = binary.AppendUvarint(b, x.Ended)
	b = wire.AppendInt(wire.AppendInt(b, int64(x.Exit)), x.Took)
	b = wire.AppendInt(wire.AppendInt(b, x.Incident.Since), x.Incident.Silent)
	b = wire.AppendInt(wire.AppendInt(b, x.Incident.Misses), x.Incident.Failures)
	return wire.AppendInt(b, x.Resumed)
}

// readRunState is the inverse of appendExtras; nil if b is not what it writes.
func (st *state) readRunState(b []byte) *table.RunState {
	r := wire.NewReader(b)
	x := table.NewRunState(0)
	for n := r.Count(); n > 0 && r.OK(); n-- {
		o := table.OpenRun{Named: r.Bool()}
		if o.Named {
			r.Fill(o.ID[:])
		}
		o.Start, o.Wall = st.serving-r.Int(), st.wall-r.Int()
		o.Late, o.Deadline = r.Millis(), r.Millis()
		x.Open = append(x.Open, o)
	}
	for n, last := r.Count(), uint64(0); n > 0 && r.OK(); n-- {
		number := r.Uint()
		if number <= last {
			r.Fail()
		}
		last = number
		text := r.Take(r.Uint())
		if len(text) == 0 {
			r.Fail()
		}
		x.Bodies = append(x.Bodies, table.Body{Number: number, Text: slices.Clone(text)})
		x.Size += len(text) + table.BodyCost
	}
	x.Ended = r.Uint()
	x.Exit, x.Took = r.Int32(), r.Int()
	x.Incident = table.Incident{Since: r.Int(), Silent: r.Int(), Misses: r.Int(), Failures: r.Int()}
	x.Resumed = r.Int()
	if r.End() != nil || len(x.Open) > fsm.MaxOpenRuns || x.Size > fsm.MaxBodies || x.Exit < fsm.NotKnown || x.Exit > fsm.MaxExit || x.Took < fsm.NotKnown || x.Incident.Silent < fsm.NotKnown {
		return nil
	}
	return x
}

// writeResults writes the results of the heartbeats that have any.
func (st *state) writeResults(s *image.Section) {
	var item []byte
	st.table.EachDrainedResults(func(ord uint64, x *results.State) {
		item = x.Append(binary.AppendUvarint(item[:0], ord))
		s.Add(item)
	})
}

func (st *state) readResults(item *wire.Reader) error {
	ord := item.Uint()
	return st.table.RestoreResults(ord, results.Read(item))
}
