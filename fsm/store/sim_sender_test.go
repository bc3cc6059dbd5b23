package store

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// What package alerting does, in ms.
const (
	dotWindowMs   = 2000   // no dot later than this after its fence was proposed
	doubtWaitMs   = 10_000 // for the word of an ex-leader
	maxTasks      = 6
	maxRetryInSim = 3000
)

// task is one attempt to send a row. It belongs to a node and a term, and outlives
// the term if it is past its fence.
type task struct {
	n        *simNode
	row      fsm.AlertID
	term     uint64
	attempt  uint32
	stage    stage
	fencedAt int64 // when the fence was proposed
}

type stage int

const (
	stageAsked       stage = iota // the claim or the fence is proposed
	stageClaimed                  //
	stageTransferred              // all but the dot
	stageFenced                   // the dot may go out
	stageAnswered                 // the server took the message
	stageOver
)

// mailServer counts what it was told to deliver.
type mailServer struct {
	delivered map[fsm.AlertID]int
	refused   map[fsm.AlertID]bool // for good, at least once
	out       bool                 // out of reach
}

func newMailServer() mailServer {
	return mailServer{delivered: map[fsm.AlertID]int{}, refused: map[fsm.AlertID]bool{}}
}

// direct proposes a command in the term of a task, or not at all. One may stray
// into the batch of a later leader: that is no sender's doing, but it must change
// nothing either.
func (w *world) direct(t *task, cmd fsm.Command, done func(c fsm.Code)) {
	ours := w.leader != nil && w.leader.n == t.n && w.leader.term == t.term
	if w.leader == nil || !ours && w.now%2 == 0 {
		done(fsm.CodeNotLeader)
		return
	}
	w.leader.open = append(w.leader.open, simItem{cmd: cmd, done: done})
}

// look is one round of a leader's dispatcher, or of one whose term is over and
// who does not know it yet.
func (w *world) look(e event) {
	if n := w.node(e.b); e.b%32 < 3 && n.up && n.led > 0 {
		w.claimReady(n, n.led, e.a)
	}
	l := w.leader
	if l == nil || !l.clockRuns(w.now) {
		return
	}
	for _, lane := range append(l.n.store.Lanes(), "") {
		w.lookAt(l, l.n.store.LaneWork(l.term, lane, 64))
	}
	w.claimReady(l.n, l.term, e.a)
}

func (w *world) lookAt(l *simLeader, work fsm.Work) {
	for _, f := range work.Digests {
		w.addOnce(l.n, f, f.ID)
	}
	for _, a := range work.Doubt {
		since, known := l.seen[a.ID]
		if !known {
			l.seen[a.ID] = w.now
		} else if w.now-since >= doubtWaitMs {
			w.addOnce(l.n, fsm.ResolveDoubt{Alert: a.ID, Term: a.Term, Attempt: a.Attempt, Resend: w.setup.resend}, a.ID)
		}
	}
}

// claimReady begins an attempt at some row of each lane.
func (w *world) claimReady(n *simNode, term uint64, pick uint32) {
	for _, lane := range append(n.store.Lanes(), "") {
		if ready := n.store.LaneWork(term, lane, 64).Ready; len(ready) > 0 {
			w.claim(n, term, ready[int(pick)%len(ready)])
		}
	}
}

// addOnce proposes a step of the ledger unless it is proposed already.
func (w *world) addOnce(n *simNode, cmd fsm.Command, id fsm.AlertID) {
	if !slices.ContainsFunc(n.waiting, func(x *waiting) bool { return x.cmd.Kind() == cmd.Kind() && alertOf(x.cmd) == id }) {
		w.add(n, cmd)
	}
}

func alertOf(cmd fsm.Command) fsm.AlertID {
	switch c := cmd.(type) {
	case fsm.FormDigest:
		return c.ID
	case fsm.ResolveDoubt:
		return c.Alert
	case fsm.Settle:
		return c.Alert
	}
	return fsm.AlertID{}
}

func (w *world) claim(n *simNode, term uint64, id fsm.AlertID) {
	mine := 0
	for _, t := range w.tasks {
		if t.n == n && t.term == term {
			if t.row == id {
				return
			}
			mine++
		}
	}
	a, err := n.store.Alert(id)
	if mine >= maxTasks || err != nil {
		return
	}
	t := &task{n: n, row: id, term: term, attempt: a.Attempt + 1}
	w.tasks = append(w.tasks, t)
	w.direct(t, fsm.Claim{Alert: id, Term: t.term, Attempt: t.attempt}, func(c fsm.Code) {
		switch c {
		case fsm.CodeOK:
			t.stage = stageClaimed
		case fsm.CodeUnknownOutcome:
			w.settle(t, fsm.Settle{Outcome: fsm.OutcomeRetry})
		default:
			w.over(t)
		}
	})
}

func (w *world) over(t *task) {
	t.stage = stageOver
	w.tasks = slices.DeleteFunc(w.tasks, func(x *task) bool { return x == t })
}

// dropTasks ends the senders of a node that crashes, wherever they are.
func (w *world) dropTasks(n *simNode) {
	w.tasks = slices.DeleteFunc(w.tasks, func(t *task) bool {
		if t.n == n {
			t.stage = stageOver
		}
		return t.n == n
	})
}

// settle records an outcome; an ex-leader does so too.
func (w *world) settle(t *task, s fsm.Settle) {
	if t.stage == stageOver {
		return
	}
	s.Alert, s.Term, s.Attempt = t.row, t.term, t.attempt
	w.add(t.n, s)
	w.over(t)
}

// step takes one attempt one step further.
func (w *world) step(e event) {
	if len(w.tasks) == 0 {
		return
	}
	w.advance(w.tasks[int(e.a)%len(w.tasks)], e.b%20, int64(e.c%maxRetryInSim))
}

// advance takes an attempt one step further; luck decides what the server does.
func (w *world) advance(t *task, luck uint32, retryIn int64) {
	switch t.stage {
	case stageClaimed:
		w.transfer(t, luck, retryIn)
	case stageTransferred:
		w.fence(t, retryIn)
	case stageFenced:
		w.dot(t, luck, retryIn)
	case stageAnswered:
		w.settle(t, fsm.Settle{Outcome: fsm.OutcomeSent})
	}
}

func (w *world) transfer(t *task, luck uint32, retryIn int64) {
	if w.mail.out {
		luck = 2
	}
	if w.isGone(t) {
		w.mail.refused[t.row] = true
		w.settle(t, fsm.Settle{Outcome: fsm.OutcomeFailed, Error: "its channel was deleted"})
		return
	}
	switch luck {
	case 0:
		w.settle(t, fsm.Settle{Outcome: fsm.OutcomeRetry, Refused: true, RetryIn: retryIn, Error: "451 at RCPT"})
	case 1:
		w.mail.refused[t.row] = true
		w.settle(t, fsm.Settle{Outcome: fsm.OutcomeFailed, Error: "550 at RCPT"})
	case 2:
		w.settle(t, fsm.Settle{Outcome: fsm.OutcomeRetry, RetryIn: retryIn, Error: "no connection"})
	default:
		t.stage = stageTransferred
	}
}

func (w *world) fence(t *task, retryIn int64) {
	t.stage, t.fencedAt = stageAsked, w.now
	w.direct(t, fsm.Fence{Alert: t.row, Term: t.term, Attempt: t.attempt}, func(c fsm.Code) {
		late := w.now-t.fencedAt > dotWindowMs
		switch {
		case t.stage == stageOver:
		case c == fsm.CodeOK && !late:
			t.stage = stageFenced
		case c == fsm.CodeOK || c == fsm.CodeUnknownOutcome:
			w.settle(t, fsm.Settle{Outcome: fsm.OutcomeRetry, RetryIn: retryIn, Error: "the fence was not confirmed"})
		default:
			w.over(t)
		}
	})
}

func (w *world) dot(t *task, luck uint32, retryIn int64) {
	if w.now-t.fencedAt > dotWindowMs {
		w.settle(t, fsm.Settle{Outcome: fsm.OutcomeRetry, RetryIn: retryIn, Error: "too late for the dot"})
		return
	}
	doubtful := fsm.Settle{Outcome: fsm.OutcomeInDoubt, RetryIn: retryIn, Resend: w.setup.resend, Error: "connection lost"}
	if w.mail.out {
		luck = 2
	}
	switch luck {
	case 0:
		w.settle(t, fsm.Settle{Outcome: fsm.OutcomeRetry, Refused: true, RetryIn: retryIn, Error: "451 at the dot"})
	case 1:
		w.mail.refused[t.row] = true
		w.settle(t, fsm.Settle{Outcome: fsm.OutcomeFailed, Error: "550 at the dot"})
	case 2:
		w.say("%v: the connection is lost with the dot of %x", t.n, t.row[:3])
		w.settle(t, doubtful)
	case 3, 4:
		w.take(t)
		w.settle(t, doubtful)
	default:
		w.take(t)
		t.stage = stageAnswered
	}
}

// take is the mail server accepting a message.
func (w *world) take(t *task) {
	w.mail.delivered[t.row]++
	if a, err := w.observer.Alert(t.row); err == nil {
		_, is := fsm.ChannelOf(a.Recipient)
		w.saw(sawChannel, is)
	}
	w.say("the mail server takes %x of %v, term %d attempt %d", t.row[:3], t.n, t.term, t.attempt)
	w.checkDelivery(t.row)
}
