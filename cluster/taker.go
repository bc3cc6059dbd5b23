package cluster

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// tellHeld is how long a node may hold a signal without saying so.
const tellHeld = time.Second

// taker is who may take commands from the table, at most one at a time.
type taker struct {
	wake   chan struct{}
	enough int // what the table holds when it wakes the taker; the table's lock guards it
}

func newTaker() *taker { return &taker{wake: make(chan struct{}, 1), enough: 1} }

// poke wakes the taker; it never blocks.
func (t *taker) poke() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// haul is what a taker took: copies, for the commands' own memory is used again as
// soon as nobody waits for them any more.
type haul struct {
	items []item
	cmds  []byte // what the items' commands are parts of
}

func (h *haul) reset() { h.items, h.cmds = h.items[:0], h.cmds[:0] }

// add appends p's command. What was held long enough to matter says so.
func (h *haul) add(seq uint64, p *pending) {
	at := len(h.cmds)
	if held := p.held(); held >= tellHeld {
		h.cmds = fsm.AppendHeld(h.cmds, held.Milliseconds(), p.cmd)
	} else {
		h.cmds = append(h.cmds, p.cmd...)
	}
	h.items = append(h.items, item{seq: seq, cmd: h.cmds[at:len(h.cmds):len(h.cmds)]})
}

// waiting returns how many commands w could take, and has it woken when there are
// enough, unless there are.
func (t *pendingTable) waiting(w *taker, enough int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	w.enough = max(enough, 1)
	return len(t.queue)
}

// take adds queued items to h, at most n and size bytes, but at least one if n
// allows, and returns the oldest sequence number awaited. It gives nothing to any
// but the taker.
func (t *pendingTable) take(w *taker, h *haul, n, size int) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taker != w {
		return t.base
	}
	taken, got := 0, len(h.items)
	for _, seq := range t.queue {
		p := t.slot(seq)
		if p != nil {
			if n <= 0 || size < len(p.cmd) && len(h.items) > got {
				break
			}
			n, size = n-1, size-len(p.cmd)
			p.queued = false
			p.copies++
			h.add(seq, p)
		}
		taken++
	}
	if taken == len(t.queue) {
		t.queue = t.queue[:0]
	} else {
		t.queue = t.queue[taken:]
	}
	return t.base
}
