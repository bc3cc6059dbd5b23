package ledger

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ordered"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
)

// Work returns what the sender of a term may do in a lane: at most limit rows and digests
// together, and at most limit rows in doubt. Its cost follows what it returns and what is
// in flight, not how much waits, here or in other lanes. It updates the agenda, so it counts
// as a write.
func (now Now) Work(term uint64, name string, limit int) fsm.Work {
	for range maxPlans {
		p := now.plan(term, name, limit)
		if len(p.deferred) == 0 {
			return p.work
		}
		for id, until := range p.deferred {
			now.fileAway(id, until)
		}
	}
	return fsm.Work{Next: now.Serving + 1} // much is deferred
}

const (
	maxPlans    = 4    // of a look at the work, after each of which what turned out to be deferred is filed away
	maxDeferred = 1000 // rows that a plan finds deferred
)

func (now Now) plan(term uint64, name string, limit int) planner {
	x := now.lanes[name]
	if x == nil {
		x = &emptyLane
	} else {
		now.updateAgenda(&x.queues)
	}
	p := planner{Now: now, term: term, limit: limit, name: name, lane: x}
	p.considerInFlight()
	p.considerWaiting()
	return p
}

// planner collects the work.
type planner struct {
	Now
	term  uint64
	limit int
	name  string
	lane  *lane
	work  fsm.Work

	deferred map[fsm.AlertID]int64 // until when
}

// defers reports whether a row whose time has come is deferred, and notes it.
func (p *planner) defers(id fsm.AlertID) bool {
	d := p.deferralOf(p.Rows[id])
	if d.Until <= p.Serving || p.Rows[id].Kind == fsm.AlertDigest && p.Rows[id].Attempt == 0 { // whose claim dissolves it
		return false
	}
	if p.deferred == nil {
		p.deferred = map[fsm.AlertID]int64{}
	}
	p.deferred[id] = d.lookAt()
	return true
}

// considerInFlight takes up what the senders of earlier terms left unfinished.
func (p *planner) considerInFlight() {
	for k := range p.inFlight.All() {
		r := p.Rows[k.id]
		switch {
		case r.Term >= p.term || laneName(r.Recipient) != p.name:
		case r.State == fsm.AlertClaimed:
			p.offerRow(r.ID)
		case len(p.work.Doubt) < p.limit:
			p.work.Doubt = append(p.work.Doubt, p.viewRow(r))
		}
	}
}

// considerWaiting goes through the ready rows and the queues together, in the order of
// their times.
func (p *planner) considerWaiting() {
	queue, agenda := p.lane.ready.Begin(), p.lane.queues.agenda.Begin()
	for p.hasRoom() {
		q, some := queue.Key()
		a, any := agenda.Key()
		next, isQueue := q, any && (!some || a.Compare(q) < 0)
		if isQueue {
			next = a
		}
		switch {
		case !some && !any:
			return
		case next.due > p.Serving:
			p.wakeAt(next.due)
			return
		case isQueue:
			p.considerQueue(p.lane.queues.byRecipient[p.Rows[a.id].Recipient])
			agenda.Step()
		default:
			if !p.defers(q.id) {
				p.offerRow(q.id)
			}
			queue.Step()
		}
	}
}

// considerQueue offers the rows that fit into a recipient's window, or the digest of
// those that did not fit into the last one. A group of one is sent as a single mail. Rows
// that came after a window that has ended wait until the digest is formed.
func (p *planner) considerQueue(d *queue) {
	if p.Settings.GroupWait == 0 {
		p.offerAll(&d.singles)
		p.offerAll(&d.unheard)
		return
	}
	b := p.burstOf(d.to)
	singles := d.singles.Begin()
	group := p.takeGroup(&singles, p.grouped(d.to, b))
	if b.ended == 0 {
		p.offerSingles(&singles, &b)
	}
	group = p.addUnheard(group, d)
	if len(group) > 1 {
		p.work.Digests = append(p.work.Digests, fsm.FormDigest{ID: fsm.DigestID(d.to, group), Recipient: d.to, Members: group})
		return
	}
	for _, id := range group {
		p.offerSingle(p.Rows[id].readyAt(), &b)
	}
	p.offerSingles(&singles, &b)
}

// takeGroup takes the rows of events before a window ended. An end of 0 means that no
// window has ended, though a job may report something at the serving time 0.
func (p *planner) takeGroup(singles *ordered.Cursor[Key], ended int64) (group []fsm.AlertID) {
	for ended > 0 && len(group) < fsm.MaxDigestMembers {
		k, ok := singles.Key()
		if !ok || k.due > ended || len(p.deferred) >= maxDeferred {
			break
		}
		if !p.defers(k.id) {
			group = append(group, k.id)
		}
		singles.Step()
	}
	return group
}

// addUnheard adds the unheard notices to a group, once their time has come.
func (p *planner) addUnheard(group []fsm.AlertID, d *queue) []fsm.AlertID {
	if d.unheard.Len() == 0 {
		return group
	}
	if at := p.unheardAt(d); p.Serving < at {
		p.wakeAt(at)
		return group
	}
	for k := range d.unheard.All() {
		if k.due+p.Settings.GroupWait > p.Serving || len(group) == fsm.MaxDigestMembers {
			break
		}
		if !p.defers(k.id) {
			group = append(group, k.id)
		}
	}
	return group
}

// offerSingles offers rows as single mails while the window has room.
func (p *planner) offerSingles(at *ordered.Cursor[Key], b *burst) {
	for p.hasRoom() {
		k, ok := at.Key()
		if !ok || !p.offerSingle(k, b) {
			return
		}
		at.Step()
	}
}

func (p *planner) offerSingle(k Key, b *burst) bool {
	at := k.due // later than now for a row that is held back
	if b.left == 0 {
		at = max(at, b.until) // 0 if the first claim begins a window
	}
	if at > p.Serving {
		p.wakeAt(at)
		return false
	}
	if b.left == 0 {
		return false
	}
	if !p.defers(k.id) {
		b.left--
		p.offerRow(k.id)
	}
	return true
}

func (p *planner) offerAll(l *ordered.Set[Key]) {
	for at := l.Begin(); p.hasRoom(); at.Step() {
		k, ok := at.Key()
		if !ok {
			return
		}
		if k.due > p.Serving {
			p.wakeAt(k.due)
			return
		}
		if !p.defers(k.id) {
			p.offerRow(k.id)
		}
	}
}

func (p *planner) hasRoom() bool {
	return len(p.work.Ready)+len(p.work.Digests) < p.limit && len(p.deferred) < maxDeferred
}

func (p *planner) offerRow(id fsm.AlertID) {
	if p.hasRoom() {
		p.work.Ready = append(p.work.Ready, id)
	}
}

func (p *planner) wakeAt(at int64) {
	if (p.work.Next == 0 || at < p.work.Next) && at != timetable.Never {
		p.work.Next = at
	}
}
