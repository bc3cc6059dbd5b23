package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/cluster/forward"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Propose has cmd committed, by this node or by the leader that it forwards to,
// and returns its result. It waits for a leader, and repeats the command under
// one identity, until ctx ends; give ctx a deadline. The error is that of the
// result's code, or [fsm.ErrNoLeader], [fsm.ErrOverloaded], [fsm.ErrDiskFull] and [fsm.ErrShutdown]
// when nothing was recorded, or [fsm.ErrUnknownOutcome].
func (n *Node) Propose(ctx context.Context, cmd fsm.Command) (fsm.Result, error) {
	if refused := n.refusal(); refused != fsm.CodeNone {
		return fsm.Result{Code: refused}, refused.Err()
	}
	var came time.Time
	if s, ok := commit.SignalOf(cmd); ok {
		cmd = n.spared(cmd, s)
		if s.Tells == fsm.SignalStart {
			came = n.router.ReceivedAt(time.Now())
		}
	}
	b, err := encodeCommand(cmd)
	if err != nil {
		return fsm.Result{Code: fsm.CodeInvalid}, err
	}
	out := n.pending.AwaitReceived(ctx, came, b)
	return fsm.Result{Code: out.Code, Data: out.Data}, out.Code.Err()
}

// Ping is Propose of a ping, at the least cost. It waits until deadline, which is
// kept within about 50 ms, and returns the result's code and its error.
func (n *Node) Ping(deadline time.Time, p fsm.Ping) (fsm.Code, error) {
	if refused := n.refusal(); refused != fsm.CodeNone {
		return refused, refused.Err()
	}
	code := n.pending.AwaitPing(deadline, p)
	return code, code.Err()
}

// PingThen is Ping without waiting: unless it returns an error, then is called with
// the outcome, once and maybe before PingThen returns. then must not block, for what
// it holds up is every other ping.
func (n *Node) PingThen(deadline time.Time, p fsm.Ping, then func(fsm.Code)) error {
	if refused := n.refusal(); refused != fsm.CodeNone {
		return refused.Err()
	}
	if refused := n.pending.SubmitPing(deadline, p, then); refused != fsm.CodeNone {
		return refused.Err()
	}
	return nil
}

// refusal is the code that refuses a command, CodeNone if it is taken.
func (n *Node) refusal() fsm.Code {
	if !n.full.Load() {
		return fsm.CodeNone
	}
	n.met.shedOne(commit.ShedRequest)
	return fsm.CodeDiskFull
}

// ProposeOnce has cmd committed by this node as the leader of term, or not at
// all: it is never repeated and never forwarded. [fsm.ErrNotLeader] means that
// nothing was recorded, [fsm.ErrUnknownOutcome] that nobody knows.
func (n *Node) ProposeOnce(ctx context.Context, term uint64, cmd fsm.Command) (fsm.Result, error) {
	b, err := encodeCommand(cmd)
	if err != nil {
		return fsm.Result{Code: fsm.CodeInvalid}, err
	}
	out := n.batcher.ProposeOnce(ctx, term, b)
	return fsm.Result{Code: out.Code, Data: out.Data}, out.Code.Err()
}

// Tick commits a batch that carries serving time, an empty one unless commands
// are waiting, and returns once it is applied here. On a node that does not
// lead, or whose serving clock does not run yet, it is [fsm.ErrNotLeader].
func (n *Node) Tick(ctx context.Context) error {
	return n.batcher.Tick(ctx).Code.Err()
}

func encodeCommand(cmd fsm.Command) ([]byte, error) {
	b := fsm.AppendCommand(make([]byte, 0, 64), cmd)
	if len(b) > forward.MaxCommand {
		return nil, fmt.Errorf("%w: the command is %d bytes long, at most %d are taken", fsm.ErrInvalid, len(b), forward.MaxCommand)
	}
	return b, nil
}

// ReadBarrier returns once this node has applied everything that any node had
// acknowledged before the call: then a read of the store is linearizable. It
// waits for a leader until ctx ends; the error is then [fsm.ErrNoLeader].
func (n *Node) ReadBarrier(ctx context.Context) error { return n.reads.Wait(ctx) }

// lookupEvery is the pace of PacedReadBarrier.
const lookupEvery = 50 * time.Millisecond

// PacedReadBarrier is ReadBarrier for requests that name what this node does not know,
// of which strangers may send any number: the leader is asked for them at most every
// 50 ms.
func (n *Node) PacedReadBarrier(ctx context.Context) error { return n.lookups.Wait(ctx) }

// barrier asks the leader for the index of a batch that it proposes from now on,
// and waits until this node has applied that.
func (n *Node) barrier(ctx context.Context) error {
	out := n.pending.Await(ctx, nil)
	if out.Code == fsm.CodeUnknownOutcome {
		return fsm.ErrNoLeader // a barrier changes nothing, so nothing is in doubt
	}
	if out.Code != fsm.CodeOK {
		return out.Code.Err()
	}
	reached, giveUp := n.fsm.Reached(out.Index)
	defer giveUp()
	select {
	case <-reached:
		return nil
	case <-ctx.Done():
		return fsm.ErrNoLeader
	}
}

// maxHeldBytes is how much the commands that wait at one node may take before bodies
// are left out of them: 65,536 pings with 10,000 bytes each would be 650 MB.
const maxHeldBytes = 32 << 20

// spared returns the command of a signal as this node passes it on: without a body
// while there is no room for that.
func (n *Node) spared(cmd fsm.Command, s fsm.Signal) fsm.Command {
	if len(s.Body) == 0 {
		return cmd
	}
	reason := n.shortOf()
	if n.bytesHeld() > maxHeldBytes {
		reason = commit.ShedMemory
	}
	if reason == "" {
		return cmd
	}
	n.met.shedOne(reason)
	return commit.WithoutBody(cmd)
}

// shortOf says what this node has too little of to record bodies, "" if of nothing.
func (n *Node) shortOf() string {
	if n.excess() >= shedExcess {
		return commit.ShedLog
	}
	if n.anyLow() {
		return commit.ShedDisk
	}
	return ""
}
