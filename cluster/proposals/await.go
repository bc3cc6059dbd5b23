package proposals

import (
	"context"
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

// codeIfGivenUp is the code of a command that nobody waits for any more: unsent if no
// copy of it can take effect.
func (p *proposal) codeIfGivenUp(unsent fsm.Code) fsm.Code {
	if p.copies > 0 {
		return fsm.CodeUnknownOutcome
	}
	return unsent
}
