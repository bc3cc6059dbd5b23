package store

import (
	"maps"
	"math"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// maxAheadOfFloor bounds how far a proposer's sequence numbers may run ahead of its
// floor; no node holds nearly as many commands.
const maxAheadOfFloor = 1 << 18

// dedup keeps, for each node's newest start, the results that the node may still ask for
// again, and which nodes were removed.
type dedup struct {
	proposers map[fsm.NodeID]*proposer
	removed   map[fsm.NodeID]bool
}

// proposer keeps the results of one node's one start: codes[i] is that of sequence number
// floor+i, CodeNone if it was not seen. Few results have data; pings never do.
type proposer struct {
	boot  uint64
	floor uint64
	codes []fsm.Code
	data  map[uint64][]byte // by sequence
}

func newDedup() dedup {
	return dedup{proposers: map[fsm.NodeID]*proposer{}, removed: map[fsm.NodeID]bool{}}
}

// observeOrigin applies an origin of a batch's head: a newer start replaces an older one, a
// higher floor drops the results below.
func (d *dedup) observeOrigin(o fsm.Origin) {
	if d.removed[o.Node] {
		return
	}
	cur := d.proposers[o.Node]
	switch {
	case cur == nil || o.Boot > cur.boot:
		d.proposers[o.Node] = &proposer{boot: o.Boot, floor: o.Floor}
	case o.Boot == cur.boot && o.Floor > cur.floor:
		cur.raiseFloor(o.Floor)
	}
}

// proposerOf returns the proposer of an origin, nil if nothing of it may take effect any
// more.
func (d *dedup) proposerOf(o fsm.Origin) *proposer {
	if cur := d.proposers[o.Node]; cur != nil && cur.boot == o.Boot {
		return cur
	}
	return nil
}

func (o *proposer) raiseFloor(floor uint64) {
	o.codes = o.codes[min(floor-o.floor, uint64(len(o.codes))):]
	o.floor = floor
	if len(o.data) > 0 {
		maps.DeleteFunc(o.data, func(seq uint64, _ []byte) bool { return seq < floor })
	}
}

// resultOf returns the result of a command that was applied before. ok is false for a late
// copy, which must not take effect.
func (o *proposer) resultOf(seq uint64) (res fsm.Result, seen, ok bool) {
	if o == nil || seq < o.floor || seq-o.floor >= maxAheadOfFloor {
		return fsm.Result{}, false, false
	}
	i := seq - o.floor
	if i >= uint64(len(o.codes)) || o.codes[i] == fsm.CodeNone {
		return fsm.Result{}, false, true
	}
	return fsm.Result{Code: o.codes[i], Data: o.data[seq]}, true, true
}

// keepResult keeps the result of a command that resultOf had not seen.
func (o *proposer) keepResult(seq uint64, res fsm.Result) {
	if seq < o.floor {
		return // the command removed its own proposer
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

// removeNode forgets a node's results and refuses everything that still comes from it,
// also in the rest of the batch.
func (d *dedup) removeNode(n fsm.NodeID) {
	if o := d.proposers[n]; o != nil {
		o.floor = math.MaxUint64
	}
	delete(d.proposers, n)
	d.removed[n] = true
}

func (d *dedup) copyForImage() dedup {
	c := dedup{proposers: make(map[fsm.NodeID]*proposer, len(d.proposers)), removed: maps.Clone(d.removed)}
	for n, o := range d.proposers {
		c.proposers[n] = &proposer{boot: o.boot, floor: o.floor, codes: slices.Clone(o.codes), data: maps.Clone(o.data)}
	}
	return c
}
