package fsm

// maxAwaited bounds how far a proposer's sequence numbers may run ahead of its
// floor; no node holds nearly as many commands.
const maxAwaited = 1 << 18

// dedup remembers, for each node's newest start, the results that its proposer
// may still ask for again.
type dedup struct {
	origins map[NodeID]*origin
	barred  map[NodeID]bool
}

// origin keeps results from the floor on; results[i] answers sequence floor+i,
// CodeNone if that was not seen.
type origin struct {
	boot    uint64
	floor   uint64
	results []Result
}

func newDedup() dedup {
	return dedup{origins: map[NodeID]*origin{}, barred: map[NodeID]bool{}}
}

// observe takes note of an origin in a batch's head: a newer start replaces an
// older one, a higher floor drops what is below.
func (d *dedup) observe(o Origin) {
	if d.barred[o.Node] {
		return
	}
	cur := d.origins[o.Node]
	switch {
	case cur == nil || o.Boot > cur.boot:
		d.origins[o.Node] = &origin{boot: o.Boot, floor: o.Floor}
	case o.Boot == cur.boot && o.Floor > cur.floor:
		drop := min(o.Floor-cur.floor, uint64(len(cur.results)))
		cur.results = cur.results[drop:]
		cur.floor = o.Floor
	}
}

// slot returns where the result of a command is kept, and whether it is known
// already; nil for a late copy that must not take effect.
func (d *dedup) slot(o Origin, seq uint64) (*Result, bool) {
	cur := d.origins[o.Node]
	if cur == nil || o.Boot != cur.boot || seq < cur.floor || seq-cur.floor >= maxAwaited {
		return nil, false
	}
	i := seq - cur.floor
	for uint64(len(cur.results)) <= i {
		cur.results = append(cur.results, Result{})
	}
	return &cur.results[i], cur.results[i].Code != CodeNone
}

// bar forgets a node and refuses everything that still comes from it.
func (d *dedup) bar(n NodeID) {
	delete(d.origins, n)
	d.barred[n] = true
}
