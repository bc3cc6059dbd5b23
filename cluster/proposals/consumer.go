package proposals

import (
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// reportHeldAfter is how long a node may hold a signal without saying so.
const reportHeldAfter = time.Second

// Consumer may take commands from a table, if it is the one that the table was given
// last. Its wakeup tells it that there is something to take.
type Consumer struct {
	lifecycle.Wakeup
	wakeAt int // how many commands wake it; the table's lock guards it
}

// NewConsumer returns a consumer that is woken for every command.
func NewConsumer() *Consumer { return &Consumer{Wakeup: lifecycle.NewWakeup(), wakeAt: 1} }

// Chunk is what a consumer took at once. It holds copies, for the commands' own
// memory is used again as soon as nobody waits for them any more.
type Chunk struct {
	Items    []Item
	commands []byte // the memory of the items' commands
}

// Reset empties the chunk and keeps its memory.
func (h *Chunk) Reset() { h.Items, h.commands = h.Items[:0], h.commands[:0] }

// append copies p's command. A signal that was held for long is told as such.
func (h *Chunk) append(seq uint64, p *proposal) {
	at := len(h.commands)
	if held := p.heldFor(); held >= reportHeldAfter {
		h.commands = fsm.AppendHeld(h.commands, held.Milliseconds(), p.cmd)
	} else {
		h.commands = append(h.commands, p.cmd...)
	}
	h.Items = append(h.Items, Item{Seq: seq, Cmd: h.commands[at:len(h.commands):len(h.commands)]})
}

// Queued returns how many commands c could take. If these are fewer than enough, c is
// woken when they are that many.
func (t *Table) Queued(c *Consumer, enough int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.wakeAt = max(enough, 1)
	return len(t.queue)
}

// Take appends queued commands to chunk: at most n, and at most size bytes of them,
// but at least one if n allows it. It returns the oldest sequence number that
// somebody waits for. A consumer that the table was not given gets nothing.
func (t *Table) Take(c *Consumer, chunk *Chunk, n, size int) (floor uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.consumer != c {
		return t.base
	}
	taken, before := 0, len(chunk.Items)
	for _, seq := range t.queue {
		p := t.slot(seq)
		if p != nil {
			if n <= 0 || size < len(p.cmd) && len(chunk.Items) > before {
				break
			}
			n, size = n-1, size-len(p.cmd)
			p.queued = false
			p.copies++
			chunk.append(seq, p)
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
