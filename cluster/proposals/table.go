package proposals

import (
	"cmp"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	// MaxHeld is how many commands may wait at one node. More are refused.
	MaxHeld   = 65_536
	maxWindow = 1 << 17 // how far sequence numbers may run ahead of the oldest awaited; the FSM refuses twice that
)

// Table holds the commands that wait at this node, by sequence number. See the
// package's comment. Its methods may be called from any goroutine.
type Table struct {
	mu            sync.Mutex
	base          uint64      // sequence number of slots[0]: the oldest that is awaited
	slots         []*proposal // nil: somebody got its result
	held          int
	bytes         int        // of their commands
	limit         int        // for held
	queue         []uint64   // sequence numbers to be taken, in order
	consumer      *Consumer  // nil: nobody can commit anything now
	expiry        time.Time  // no deadline is before this one; zero: there is none
	onAdd         func()     // called for the next command; nil: the deadlines are looked after
	spareResolved []resolved // memory for the next Resolve
	closed        bool
	idle          chan struct{} // closed once closed and empty
}

// NewTable returns an empty table for at most limit commands, 65,536 if that is 0.
func NewTable(limit int) *Table {
	return &Table{base: 1, limit: cmp.Or(limit, MaxHeld), idle: make(chan struct{})}
}

// add gives p a sequence number and queues it; a code other than CodeNone refuses it.
func (t *Table) add(p *proposal) (uint64, fsm.Code) {
	t.mu.Lock()
	seq, refused := t.addLocked(p)
	t.mu.Unlock() // not deferred: it would cost half of what is done under it
	return seq, refused
}

func (t *Table) addLocked(p *proposal) (uint64, fsm.Code) {
	if t.closed {
		return 0, fsm.CodeShutdown
	}
	if t.held >= t.limit || len(t.slots) >= maxWindow {
		return 0, fsm.CodeOverloaded
	}
	seq := t.base + uint64(len(t.slots))
	t.slots = append(t.slots, p)
	t.held++
	t.bytes += len(p.cmd)
	if !p.deadline.IsZero() && (t.expiry.IsZero() || p.deadline.Before(t.expiry)) {
		t.expiry = p.deadline
	}
	t.enqueue(seq, p)
	if t.onAdd != nil {
		t.onAdd()
		t.onAdd = nil
	}
	return seq, fsm.CodeNone
}

// OnNextAdd registers f to run on the next add, with the table locked, and reports
// whether the table was empty. If it was not, f is not registered. Whoever calls
// Expire need not do so meanwhile.
func (t *Table) OnNextAdd(f func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held > 0 {
		return false
	}
	t.onAdd = f
	return true
}

// BytesHeld returns how many bytes the waiting commands have.
func (t *Table) BytesHeld() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes
}

func (t *Table) enqueue(seq uint64, p *proposal) {
	if p.queued {
		return
	}
	p.queued = true
	t.queue = append(t.queue, seq)
	if t.consumer != nil && len(t.queue) == t.consumer.wakeAt {
		t.consumer.Wake()
	}
}

// SetConsumer lets c take commands from now on, nobody if c is nil. Everything that
// waits is queued again, oldest first, because nobody knows what the last consumer
// did with it.
func (t *Table) SetConsumer(c *Consumer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.consumer == c {
		return
	}
	t.consumer = c
	t.queue = t.queue[:0]
	for i, p := range t.slots {
		if p != nil {
			p.queued = true
			t.queue = append(t.queue, t.base+uint64(i))
		}
	}
	if c != nil {
		c.Wake()
	}
}

// Close refuses new commands. Done closes once nobody waits any more.
func (t *Table) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		t.closeIfIdle()
	}
}

func (t *Table) closeIfIdle() {
	if t.closed && t.held == 0 {
		close(t.idle)
	}
}

// slot returns the command that waits under seq, nil if there is none.
func (t *Table) slot(seq uint64) *proposal {
	if seq < t.base || seq-t.base >= uint64(len(t.slots)) {
		return nil
	}
	return t.slots[seq-t.base]
}

// remove empties a slot. It moves base on to the next command that somebody waits
// for, so that slots[0] is never empty.
func (t *Table) remove(seq uint64) {
	t.bytes -= len(t.slots[seq-t.base].cmd)
	t.slots[seq-t.base] = nil
	t.held--
	n := 0
	for n < len(t.slots) && t.slots[n] == nil {
		n++
	}
	t.base += uint64(n)
	if t.slots = t.slots[n:]; len(t.slots) == 0 {
		t.slots = t.slots[:0]
	}
	t.closeIfIdle()
}

// Len returns how many commands wait.
func (t *Table) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held
}

// Done returns a channel that closes once the table is closed and nobody waits.
func (t *Table) Done() <-chan struct{} { return t.idle }

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

// Waiting returns how many commands c could take.
func (t *Table) Waiting(c *Consumer) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.consumer != c {
		return 0
	}
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
