package proposals

import (
	"cmp"
	"sync"
	"time"

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

// proposal is one command that somebody waits for. The table's lock guards it while
// it is in the table. Its result comes once: it is sent to done, or onDone is called
// with its code.
type proposal struct {
	cmd      []byte    // none: a read barrier
	deadline time.Time // zero: none
	received time.Time // when a signal of which that matters was received; else zero
	copies   int       // that were taken, and may still take effect
	queued   bool      // in the table's queue
	done     chan Result
	onDone   func(fsm.Code) // nil: somebody waits at done
}

// maxKeptCommand is the longest command whose memory is kept for the next one. A ping
// is shorter.
const maxKeptCommand = 64

var proposalPool = sync.Pool{New: func() any { return &proposal{done: make(chan Result, 1)} }}

func newProposal(deadline time.Time) *proposal {
	p := proposalPool.Get().(*proposal)
	*p = proposal{cmd: p.cmd[:0], deadline: deadline, done: p.done}
	return p
}

// free keeps p's memory for another command. No table may hold p.
func (p *proposal) free() {
	if cap(p.cmd) > maxKeptCommand {
		p.cmd = nil
	}
	p.onDone = nil
	proposalPool.Put(p)
}

// Item is a command under its sequence number. Without a command it is a read
// barrier: it asks for the index of a batch that is proposed from now on.
type Item struct {
	Seq uint64
	Cmd []byte
}

// ItemResult is the result of one item.
type ItemResult struct {
	Seq  uint64
	Code fsm.Code
	Data []byte
}

// Result is what whoever waits for a command gets.
type Result struct {
	Code  fsm.Code
	Data  []byte
	Index uint64 // of the log entry that holds the command's batch, 0 if there is none
}

// SubmitPing is AwaitPing without the wait: it calls onDone once with the ping's code,
// perhaps before it returns. A code other than CodeNone means that it refuses the
// ping; then onDone is not called.
func (t *Table) SubmitPing(deadline time.Time, ping fsm.Ping, onDone func(fsm.Code)) (refused fsm.Code) {
	p := newProposal(deadline)
	p.cmd, p.onDone = fsm.AppendPing(p.cmd, ping), onDone
	if _, refused = t.add(p); refused != fsm.CodeNone {
		p.free()
	}
	return refused
}

// add gives p a sequence number and queues it; a code other than CodeNone refuses it.
func (t *Table) add(p *proposal) (uint64, fsm.Code) {
	t.mu.Lock()
	seq, refused, told := t.addLocked(p)
	t.mu.Unlock() // not deferred: it would cost half of what is done under it
	told.tell()
	return seq, refused
}

func (t *Table) addLocked(p *proposal) (seq uint64, refused fsm.Code, told *Consumer) {
	if t.closed {
		return 0, fsm.CodeShutdown, nil
	}
	if t.held >= t.limit || len(t.slots) >= maxWindow {
		return 0, fsm.CodeOverloaded, nil
	}
	seq = t.base + uint64(len(t.slots))
	t.slots = append(t.slots, p)
	t.held++
	t.bytes += len(p.cmd)
	if !p.deadline.IsZero() && (t.expiry.IsZero() || p.deadline.Before(t.expiry)) {
		t.expiry = p.deadline
	}
	told = t.enqueue(seq, p)
	if t.onAdd != nil {
		t.onAdd()
		t.onAdd = nil
	}
	return seq, fsm.CodeNone, told
}

// BytesHeld returns how many bytes the waiting commands have.
func (t *Table) BytesHeld() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes
}

// enqueue queues p. It returns the consumer if that is to be told.
func (t *Table) enqueue(seq uint64, p *proposal) (told *Consumer) {
	if p.queued {
		return nil
	}
	p.queued = true
	t.queue = append(t.queue, seq)
	if t.consumer != nil && len(t.queue) == t.consumer.wakeAt {
		return t.consumer
	}
	return nil
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

// Chunk is what a consumer took at once. It holds copies, for the commands' own
// memory is used again as soon as nobody waits for them any more.
type Chunk struct {
	Items    []Item
	commands []byte // the memory of the items' commands
}

// Reset empties the chunk and keeps its memory.
func (h *Chunk) Reset() { h.Items, h.commands = h.Items[:0], h.commands[:0] }

// reportHeldAfter is how long a node may hold a signal without saying so.
const reportHeldAfter = time.Second

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

// Resolve gives each result to whoever waits for it. A command whose code says that it
// must be repeated is queued again instead; Resolve reports whether there was one. The
// consumer via, which brought the results, then takes nothing more; nil: it goes on.
func (t *Table) Resolve(via *Consumer, index uint64, results []ItemResult) (again bool) {
	done, again := t.removeResolved(via, index, results)
	finishAll(done) // without the lock: those who get a result often propose again at once
	clear(done)
	t.mu.Lock()
	t.spareResolved = done[:0]
	t.mu.Unlock()
	return again
}

func (t *Table) removeResolved(via *Consumer, index uint64, results []ItemResult) (done []resolved, again bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	done, t.spareResolved = t.spareResolved, nil
	for _, r := range results {
		p := t.slot(r.Seq)
		if p == nil {
			continue
		}
		if MustRepeat(r.Code) {
			if r.Code != fsm.CodeUnknownOutcome {
				p.copies--
			}
			if again = true; via != nil && t.consumer == via {
				t.consumer = nil
			}
			if c := t.enqueue(r.Seq, p); c != nil {
				c.Wake()
			}
			continue
		}
		t.remove(r.Seq)
		done = append(done, resolved{p, Result{Code: r.Code, Data: r.Data, Index: index}})
	}
	return done, again
}

// MustRepeat reports whether a code means that the command is to be proposed again,
// rather than being its result.
func MustRepeat(c fsm.Code) bool {
	switch c {
	case fsm.CodeNotLeader, fsm.CodeStaleTerm, fsm.CodeUnknownOutcome:
		return true
	}
	return false
}

// resolved is a proposal that left the table, with its result.
type resolved struct {
	p      *proposal
	result Result
}

// finishPerGoroutine is how many results one goroutine gives out, because each may
// cost a write to a socket.
const finishPerGoroutine = 64

// finishAll gives all proposals their results, on several goroutines if they are
// many, and returns when it is done.
func finishAll(all []resolved) {
	var others sync.WaitGroup
	for ; len(all) > finishPerGoroutine; all = all[finishPerGoroutine:] {
		part := all[:finishPerGoroutine]
		others.Go(func() { finishSome(part) })
	}
	finishSome(all)
	others.Wait()
}

func finishSome(some []resolved) {
	for _, r := range some {
		r.p.finish(r.result)
	}
}

// finish gives p, which the table no longer holds, its result.
func (p *proposal) finish(r Result) {
	if p.onDone == nil {
		p.done <- r
		return
	}
	onDone := p.onDone
	p.free()
	onDone(r.Code)
}

// heldFor returns how long ago the command was received, 0 if that does not matter.
func (p *proposal) heldFor() time.Duration {
	if p.received.IsZero() {
		return 0
	}
	return time.Since(p.received)
}
