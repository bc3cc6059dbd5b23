package proposals

import (
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

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
			t.enqueue(r.Seq, p)
			continue
		}
		t.remove(r.Seq)
		done = append(done, resolved{p, Result{Code: r.Code, Data: r.Data, Index: index}})
	}
	return done, again
}

// giveUp removes a command that nobody waits for any more, and returns the code that
// tells what is known of it; false if its result is on its way already.
func (t *Table) giveUp(seq uint64) (fsm.Code, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.slot(seq)
	if p == nil {
		return 0, false
	}
	t.remove(seq)
	return p.codeIfGivenUp(fsm.CodeNoLeader), true
}

// Expire gives up the commands whose deadline is not after now. It costs next to
// nothing before the first deadline.
func (t *Table) Expire(now time.Time) { finishAll(t.removeExpired(now)) }

func (t *Table) removeExpired(now time.Time) (done []resolved) {
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
		done = append(done, resolved{p, Result{Code: p.codeIfGivenUp(fsm.CodeNoLeader)}})
	}
	return done
}

// Abort closes the table and gives up everything that waits.
func (t *Table) Abort() {
	t.Close()
	finishAll(t.removeAll())
}

func (t *Table) removeAll() (done []resolved) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.held > 0 {
		p := t.slot(t.base)
		t.remove(t.base)
		done = append(done, resolved{p, Result{Code: p.codeIfGivenUp(fsm.CodeShutdown)}})
	}
	return done
}
