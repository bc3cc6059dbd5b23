package dedup

import (
	"bytes"
	"maps"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
)

// Write writes the log to an image.
func (l *Log) Write(w *image.Writer) {
	w.Count(len(l.Proposers))
	for _, n := range sortedNodes(l.Proposers) {
		p := l.Proposers[n]
		w.Raw(n[:])
		w.Uint(p.boot)
		w.Uint(p.floor)
		w.Count(len(p.codes))
		for i, c := range p.codes {
			w.Byte(byte(c))
			w.Bytes(p.data[p.floor+uint64(i)])
			w.FlushIfFull()
		}
	}
	w.Count(len(l.removed))
	for _, n := range sortedNodes(l.removed) {
		w.Raw(n[:])
	}
}

// Read reads what Write wrote into an empty log. What is wrong the reader tells.
func (l *Log) Read(r *image.Reader) {
	for n := r.Count(); n > 0 && r.OK(); n-- {
		var id fsm.NodeID
		r.Raw(id[:])
		p := &Proposer{boot: r.Uint(), floor: r.Uint()}
		for m := r.Count(); m > 0 && r.OK(); m-- {
			p.KeepResult(p.floor+uint64(len(p.codes)), fsm.Result{Code: fsm.Code(r.Byte()), Data: r.Bytes()})
		}
		l.Proposers[id] = p
	}
	for n := r.Count(); n > 0 && r.OK(); n-- {
		var id fsm.NodeID
		r.Raw(id[:])
		l.removed[id] = true
	}
}

func sortedNodes[V any](m map[fsm.NodeID]V) []fsm.NodeID {
	return slices.SortedFunc(maps.Keys(m), func(a, b fsm.NodeID) int { return bytes.Compare(a[:], b[:]) })
}
