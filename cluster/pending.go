package cluster

import (
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	maxHeld   = 65_536  // commands that wait at one node; more are refused
	maxWindow = 1 << 17 // how far sequence numbers may run ahead of the oldest awaited; the FSM refuses twice that
)

// outcome is what a waiting caller gets.
type outcome struct {
	code  fsm.Code
	data  []byte
	index uint64 // of the batch
}

// pending is one command that somebody waits for. The table's lock guards it
// while it is in the table; done gets exactly one outcome, or then is called with
// it once.
type pending struct {
	cmd      []byte    // none: a read barrier
	deadline time.Time // zero: none
	came     time.Time // of a signal of which it matters; else zero
	copies   int       // sent, and not known to have come to nothing
	queued   bool      // waits to be taken
	done     chan outcome
	then     func(fsm.Code) // nil: somebody waits at done
}

// give hands p, which is in the table no more, its outcome.
func (p *pending) give(out outcome) {
	if p.then == nil {
		p.done <- out
		return
	}
	then := p.then
	p.free()
	then(out.code)
}

// pendingTable holds the commands that this node was asked to have committed, by
// sequence number, until their outcome is known or nobody waits any more. It is
// what makes a command survive elections: a new taker gets all of them again.
type pendingTable struct {
	mu     sync.Mutex
	base   uint64     // sequence number of slots[0]: the oldest that is awaited
	slots  []*pending // nil: answered
	held   int
	bytes  int      // of their commands
	limit  int      // for held
	queue  []uint64 // to be taken, in order
	taker  *taker   // nil: nobody can commit anything now
	expiry time.Time
	attend func()   // called for the next command; nil: somebody looks after the table
	woken  []wakeup // of the last settle, for the next
	closed bool
	idle   chan struct{} // closed once closed and empty
}

func newPendingTable() *pendingTable {
	return &pendingTable{base: 1, limit: maxHeld, idle: make(chan struct{})}
}

// add gives p a sequence number and queues it; a code other than CodeNone refuses it.
func (t *pendingTable) add(p *pending) (uint64, fsm.Code) {
	t.mu.Lock()
	seq, refused := t.added(p)
	t.mu.Unlock() // not deferred: it would cost half of what is done under it
	return seq, refused
}

func (t *pendingTable) added(p *pending) (uint64, fsm.Code) {
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
	if t.attend != nil {
		t.attend()
		t.attend = nil
	}
	return seq, fsm.CodeNone
}

// rest lets whoever keeps the deadlines look elsewhere until a command comes, for
// which attend is called, with the table locked; false if some wait already.
func (t *pendingTable) rest(attend func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held > 0 {
		return false
	}
	t.attend = attend
	return true
}

// bytesHeld is how much the commands take that wait.
func (t *pendingTable) bytesHeld() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes
}

func (t *pendingTable) enqueue(seq uint64, p *pending) {
	if p.queued {
		return
	}
	p.queued = true
	t.queue = append(t.queue, seq)
	if t.taker != nil && len(t.queue) == t.taker.enough {
		t.taker.poke()
	}
}

// setTaker lets w take from now on, nobody if nil. Everything pending is queued
// again, oldest first: what the last taker did with it is not known.
func (t *pendingTable) setTaker(w *taker) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taker == w {
		return
	}
	t.taker = w
	t.queue = t.queue[:0]
	for i, p := range t.slots {
		if p != nil {
			p.queued = true
			t.queue = append(t.queue, t.base+uint64(i))
		}
	}
	if w != nil {
		w.poke()
	}
}

// wakeup is an outcome on its way to who waits for it.
type wakeup struct {
	p   *pending
	out outcome
}

// atOnce is how many outcomes one goroutine hands out: what it calls may write to a
// socket each time.
const atOnce = 64

// wake hands out outcomes, many of them on several goroutines.
func wake(all []wakeup) {
	var others sync.WaitGroup
	for ; len(all) > atOnce; all = all[atOnce:] {
		part := all[:atOnce]
		others.Go(func() { giveAll(part) })
	}
	giveAll(all)
	others.Wait()
}

func giveAll(some []wakeup) {
	for _, w := range some {
		w.p.give(w.out)
	}
}

// settle hands each answer to the one who waits for it. Those that leave a
// command undone are queued again instead; settle reports whether there were any.
// Then through, the taker that brought the answers, takes no more, unless nil.
func (t *pendingTable) settle(through *taker, index uint64, answers []answer) (again bool) {
	woken, again := t.settled(through, index, answers)
	wake(woken) // without the lock, which those who wake need at once
	clear(woken)
	t.mu.Lock()
	t.woken = woken[:0]
	t.mu.Unlock()
	return again
}

func (t *pendingTable) settled(through *taker, index uint64, answers []answer) (woken []wakeup, again bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	woken, t.woken = t.woken, nil
	for _, a := range answers {
		p := t.slot(a.seq)
		if p == nil {
			continue
		}
		if undone(a.code) {
			if a.code != fsm.CodeUnknownOutcome {
				p.copies--
			}
			if again = true; through != nil && t.taker == through {
				t.taker = nil
			}
			t.enqueue(a.seq, p)
			continue
		}
		t.remove(a.seq)
		woken = append(woken, wakeup{p, outcome{code: a.code, data: a.data, index: index}})
	}
	return woken, again
}

// undone reports whether a code means "try again" rather than a result.
func undone(c fsm.Code) bool {
	switch c {
	case fsm.CodeNotLeader, fsm.CodeStaleTerm, fsm.CodeUnknownOutcome:
		return true
	}
	return false
}

// forget gives a command up. It returns what is known of its outcome, false if
// that is on its way to done already.
func (t *pendingTable) forget(seq uint64) (fsm.Code, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.slot(seq)
	if p == nil {
		return 0, false
	}
	t.remove(seq)
	return p.givenUp(fsm.CodeNoLeader), true
}

// held is how long ago it came, 0 if that does not matter.
func (p *pending) held() time.Duration {
	if p.came.IsZero() {
		return 0
	}
	return time.Since(p.came)
}

// givenUp is the code of a command that nobody waits for any more: unsent if no
// copy of it can take effect.
func (p *pending) givenUp(unsent fsm.Code) fsm.Code {
	if p.copies > 0 {
		return fsm.CodeUnknownOutcome
	}
	return unsent
}

// expire gives up what is past its deadline. It looks at nothing before the
// first of these.
func (t *pendingTable) expire(now time.Time) { wake(t.expired(now)) }

func (t *pendingTable) expired(now time.Time) (woken []wakeup) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.expiry.IsZero() || now.Before(t.expiry) {
		return nil
	}
	t.expiry = time.Time{}
	var due []uint64
	for i, p := range t.slots {
		switch {
		case p == nil || p.deadline.IsZero():
		case !now.Before(p.deadline):
			due = append(due, t.base+uint64(i))
		case t.expiry.IsZero() || p.deadline.Before(t.expiry):
			t.expiry = p.deadline
		}
	}
	for _, seq := range due {
		p := t.slot(seq)
		t.remove(seq)
		woken = append(woken, wakeup{p, outcome{code: p.givenUp(fsm.CodeNoLeader)}})
	}
	return woken
}

// close refuses new commands; idle closes when the last pending one is answered.
func (t *pendingTable) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		t.checkIdle()
	}
}

// abort closes the table and answers everything that is left.
func (t *pendingTable) abort() {
	t.close()
	wake(t.aborted())
}

func (t *pendingTable) aborted() (woken []wakeup) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.held > 0 {
		p := t.slot(t.base)
		t.remove(t.base)
		woken = append(woken, wakeup{p, outcome{code: p.givenUp(fsm.CodeShutdown)}})
	}
	return woken
}

func (t *pendingTable) checkIdle() {
	if t.closed && t.held == 0 {
		close(t.idle)
	}
}

// slot returns the command that waits under seq, nil if there is none.
func (t *pendingTable) slot(seq uint64) *pending {
	if seq < t.base || seq-t.base >= uint64(len(t.slots)) {
		return nil
	}
	return t.slots[seq-t.base]
}

// remove empties a slot; base moves on to the next command that is awaited, so
// that slots[0] is never empty.
func (t *pendingTable) remove(seq uint64) {
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
	t.checkIdle()
}
