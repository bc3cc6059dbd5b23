package proposals

import (
	"context"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Await puts a command into the table, none for a read barrier, and waits for its
// result until ctx ends. A ctx without a Done channel costs least; its deadline is
// kept within about 50 ms.
func (t *Table) Await(ctx context.Context, cmd []byte) Result {
	return t.AwaitReceived(ctx, time.Time{}, cmd)
}

// AwaitReceived is Await for a signal that the node received at a time. If it is then
// held for long, the command that is committed says for how long.
func (t *Table) AwaitReceived(ctx context.Context, received time.Time, cmd []byte) Result {
	if ctx.Err() != nil {
		return Result{Code: fsm.CodeNoLeader}
	}
	deadline, _ := ctx.Deadline()
	p := newProposal(deadline)
	p.cmd, p.received = cmd, received
	return t.awaitResult(p, ctx.Done())
}

// AwaitPing is Await for a ping, without a context and without allocating.
func (t *Table) AwaitPing(deadline time.Time, ping fsm.Ping) fsm.Code {
	p := newProposal(deadline)
	p.cmd = fsm.AppendPing(p.cmd, ping)
	return t.awaitResult(p, nil).Code
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

func (t *Table) awaitResult(p *proposal, done <-chan struct{}) (out Result) {
	seq, refused := t.add(p)
	switch {
	case refused != fsm.CodeNone:
		out.Code = refused
	case done == nil:
		out = <-p.done
	default:
		out = t.awaitOrGiveUp(p, seq, done)
	}
	p.free()
	return out
}

func (t *Table) awaitOrGiveUp(p *proposal, seq uint64, done <-chan struct{}) Result {
	select {
	case out := <-p.done:
		return out
	case <-done:
	}
	if code, given := t.giveUp(seq); given {
		return Result{Code: code}
	}
	return <-p.done
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
