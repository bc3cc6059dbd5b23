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
func (d *Log) ObserveOrigin(o logentry.Origin) {
	if d.removed[o.Node] {
		return
	}
	cur := d.Proposers[o.Node]
	switch {
	case cur == nil || o.Boot > cur.boot:
		d.Proposers[o.Node] = &Proposer{boot: o.Boot, floor: o.Floor}
	case o.Boot == cur.boot && o.Floor > cur.floor:
		cur.raiseFloor(o.Floor)
	}
}

// ProposerOf returns the proposer of an origin, nil if nothing of it may take effect any
// more.
func (d *Log) ProposerOf(o logentry.Origin) *Proposer {
	if cur := d.Proposers[o.Node]; cur != nil && cur.boot == o.Boot {
		return cur
	}
	return nil
}

func (o *Proposer) raiseFloor(floor uint64) {
	o.codes = o.codes[min(floor-o.floor, uint64(len(o.codes))):]
	o.floor = floor
	if len(o.data) > 0 {
		maps.DeleteFunc(o.data, func(seq uint64, _ []byte) bool { return seq < floor })
	}
}

// ResultOf returns the result of a command that was applied before. ok is false for a late
// copy, which must not take effect.
func (o *Proposer) ResultOf(seq uint64) (res fsm.Result, seen, ok bool) {
	if o == nil || seq < o.floor || seq-o.floor >= maxAheadOfFloor {
		return fsm.Result{}, false, false
	}
	i := seq - o.floor
	if i >= uint64(len(o.codes)) || o.codes[i] == fsm.CodeNone {
		return fsm.Result{}, false, true
	}
	return fsm.Result{Code: o.codes[i], Data: o.data[seq]}, true, true
}

// KeepResult keeps the result of a command that ResultOf had not seen.
func (o *Proposer) KeepResult(seq uint64, res fsm.Result) {
	if seq < o.floor {
		return // the command removed its own Proposer
	}
	i := seq - o.floor
	for uint64(len(o.codes)) <= i {
		o.codes = append(o.codes, fsm.CodeNone)
	}
	o.codes[i] = res.Code
	if res.Data != nil {
		if o.data == nil {
			o.data = map[uint64][]byte{}
		}
		o.data[seq] = res.Data
	}
}

// RemoveNode forgets a node's results and refuses everything that still comes from it,
// also in the rest of the batch.
func (d *Log) RemoveNode(n fsm.NodeID) {
	if o := d.Proposers[n]; o != nil {
		o.floor = math.MaxUint64
	}
	delete(d.Proposers, n)
	d.removed[n] = true
}

// Clone returns a copy that shares nothing that is written to.
func (d *Log) Clone() Log {
	c := Log{Proposers: make(map[fsm.NodeID]*Proposer, len(d.Proposers)), removed: maps.Clone(d.removed)}
	for n, o := range d.Proposers {
		c.Proposers[n] = &Proposer{boot: o.boot, floor: o.floor, codes: slices.Clone(o.codes), data: maps.Clone(o.data)}
	}
	return c
}

// Boot returns the highest number of a start under which a node proposed anything, 0 if it did not.
func (d *Log) Boot(n fsm.NodeID) uint64 {
	if o := d.Proposers[n]; o != nil {
		return o.boot
	}
	return 0
}

// WasRemoved reports whether a node was removed.
func (d *Log) WasRemoved(n fsm.NodeID) bool { return d.removed[n] }
