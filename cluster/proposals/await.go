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
