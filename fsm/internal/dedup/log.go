package dedup

import (
	"maps"
	"math"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// maxAheadOfFloor bounds how far a Proposer's sequence numbers may run ahead of its
// floor; no node holds nearly as many commands.
const maxAheadOfFloor = 1 << 18

// Log keeps, for each node's newest start, the results that the node may still ask for
// again, and which nodes were removed.
type Log struct {
	Proposers map[fsm.NodeID]*Proposer
	removed   map[fsm.NodeID]bool
}

// Proposer keeps the results of one node's one start: codes[i] is that of sequence number
// floor+i, CodeNone if it was not seen. Few results have data; pings never do.
type Proposer struct {
	boot  uint64
	floor uint64
	codes []fsm.Code
	data  map[uint64][]byte // by sequence
}

// New returns an empty Log.
func New() Log {
	return Log{Proposers: map[fsm.NodeID]*Proposer{}, removed: map[fsm.NodeID]bool{}}
}

// ObserveOrigin applies an origin of a batch's head: a newer start replaces an older one, a
// higher floor drops the results below.
func (l *Log) ObserveOrigin(o logentry.Origin) {
	if l.removed[o.Node] {
		return
	}
	cur := l.Proposers[o.Node]
	switch {
	case cur == nil || o.Boot > cur.boot:
		l.Proposers[o.Node] = &Proposer{boot: o.Boot, floor: o.Floor}
	case o.Boot == cur.boot && o.Floor > cur.floor:
		cur.raiseFloor(o.Floor)
	}
}

// ProposerOf returns the proposer of an origin, nil if nothing of it may take effect any
// more.
func (l *Log) ProposerOf(o logentry.Origin) *Proposer {
	if cur := l.Proposers[o.Node]; cur != nil && cur.boot == o.Boot {
		return cur
	}
	return nil
}

func (p *Proposer) raiseFloor(floor uint64) {
	p.codes = p.codes[min(floor-p.floor, uint64(len(p.codes))):]
	p.floor = floor
	if len(p.data) > 0 {
		maps.DeleteFunc(p.data, func(seq uint64, _ []byte) bool { return seq < floor })
	}
}

// ResultOf returns the result of a command that was applied before. ok is false for a late
// copy, which must not take effect.
func (p *Proposer) ResultOf(seq uint64) (res fsm.Result, seen, ok bool) {
	if p == nil || seq < p.floor || seq-p.floor >= maxAheadOfFloor {
		return fsm.Result{}, false, false
	}
	i := seq - p.floor
	if i >= uint64(len(p.codes)) || p.codes[i] == fsm.CodeNone {
		return fsm.Result{}, false, true
	}
	return fsm.Result{Code: p.codes[i], Data: p.data[seq]}, true, true
}

// KeepResult keeps the result of a command that ResultOf had not seen.
func (p *Proposer) KeepResult(seq uint64, res fsm.Result) {
	if seq < p.floor {
		return // the command removed its own Proposer
	}
	i := seq - p.floor
	for uint64(len(p.codes)) <= i {
		p.codes = append(p.codes, fsm.CodeNone)
	}
	p.codes[i] = res.Code
	if res.Data != nil {
		if p.data == nil {
			p.data = map[uint64][]byte{}
		}
		p.data[seq] = res.Data
	}
}

// RemoveNode forgets a node's results and refuses everything that still comes from it,
// also in the rest of the batch.
func (l *Log) RemoveNode(n fsm.NodeID) {
	if p := l.Proposers[n]; p != nil {
		p.floor = math.MaxUint64
	}
	delete(l.Proposers, n)
	l.removed[n] = true
}

// Clone returns a copy that shares nothing that is written to.
func (l *Log) Clone() Log {
	c := Log{Proposers: make(map[fsm.NodeID]*Proposer, len(l.Proposers)), removed: maps.Clone(l.removed)}
	for n, p := range l.Proposers {
		c.Proposers[n] = &Proposer{boot: p.boot, floor: p.floor, codes: slices.Clone(p.codes), data: maps.Clone(p.data)}
	}
	return c
}

// Boot returns the highest number of a start under which a node proposed anything, 0 if it did not.
func (l *Log) Boot(n fsm.NodeID) uint64 {
	if p := l.Proposers[n]; p != nil {
		return p.boot
	}
	return 0
}

// WasRemoved reports whether a node was removed.
func (l *Log) WasRemoved(n fsm.NodeID) bool { return l.removed[n] }
