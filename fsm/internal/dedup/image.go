package dedup

import (
	"bytes"
	"maps"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
)

// Write writes the log to an image.
func (d *Log) Write(w *image.Writer) {
	w.Count(len(d.Proposers))
	for _, n := range sortedNodes(d.Proposers) {
		o := d.Proposers[n]
		w.Raw(n[:])
		w.Uint(o.boot)
		w.Uint(o.floor)
		w.Count(len(o.codes))
		for i, c := range o.codes {
			w.Byte(byte(c))
			w.Bytes(o.data[o.floor+uint64(i)])
			w.FlushIfFull()
		}
	}
	w.Count(len(d.removed))
	for _, n := range sortedNodes(d.removed) {
		w.Raw(n[:])
	}
}

// Read reads what Write wrote into an empty log. What is wrong the reader tells.
func (d *Log) Read(r *image.Reader) {
	for n := r.Count(); n > 0 && r.OK(); n-- {
		var id fsm.NodeID
		r.Raw(id[:])
		o := &Proposer{boot: r.Uint(), floor: r.Uint()}
		for m := r.Count(); m > 0 && r.OK(); m-- {
			o.KeepResult(o.floor+uint64(len(o.codes)), fsm.Result{Code: fsm.Code(r.Byte()), Data: r.Bytes()})
		}
		d.Proposers[id] = o
	}
	for n := r.Count(); n > 0 && r.OK(); n-- {
		var id fsm.NodeID
		r.Raw(id[:])
		d.removed[id] = true
	}
}

func sortedNodes[V any](m map[fsm.NodeID]V) []fsm.NodeID {
	return slices.SortedFunc(maps.Keys(m), func(a, b fsm.NodeID) int { return bytes.Compare(a[:], b[:]) })
}
