package fsm

import "slices"

// formDigest makes one message of rows that wait beyond their recipient's burst,
// or that tell of times in which nothing could be heard.
func (st *state) formDigest(c FormDigest) Code {
	if st.ledger.rows[c.ID] != nil {
		return CodeExists
	}
	if !st.digestible(c) {
		return CodeRejected
	}
	st.ledger.insert(row{
		id: c.ID, kind: AlertDigest, recipient: c.Recipient, state: AlertPending, counted: true,
		due: st.serving, created: st.wall, members: slices.Clone(c.Members),
	})
	for _, m := range c.Members {
		st.changeRow(m, func(r *row) { r.digest, r.counted = c.ID, true })
	}
	if w, ok := st.ledger.windows[c.Recipient]; ok && st.ended(w) {
		delete(st.ledger.windows, c.Recipient)
	}
	return CodeOK
}

func (st *state) digestible(c FormDigest) bool {
	n := len(c.Members)
	if st.settings.GroupWait == 0 || n < 2 || n > MaxDigestMembers || c.ID != DigestID(c.Recipient, c.Members) {
		return false
	}
	seen := make(map[AlertID]bool, n)
	for _, m := range c.Members {
		r := st.ledger.rows[m]
		if seen[m] || r == nil || r.recipient != c.Recipient || !st.groups(r) {
			return false
		}
		seen[m] = true
	}
	return true
}

// groups reports whether a row may join a digest now.
func (st *state) groups(r *row) bool {
	if r.state != AlertPending || !st.singled(r) || !st.claimable(r, st.term) {
		return false
	}
	if r.kind == AlertUnheard {
		return st.serving >= r.due+st.settings.GroupWait
	}
	w, ok := st.ledger.windows[r.recipient]
	return ok && st.ended(w)
}

// Work is what a leader's sender may do now.
type Work struct {
	Ready   []AlertID    // may be claimed now, oldest first
	Digests []FormDigest // may be formed now
	Doubt   []Alert      // fenced in an earlier term, unsettled
	Next    int64        // serving time at which more becomes ready by itself; 0: none
}

// Work returns what the sender of a term may do, at most limit of each.
func (s *Store) Work(term uint64, limit int) Work {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := planner{st: s.st, term: term, limit: limit, desks: map[string]*desk{}}
	s.st.ledger.open.each(func(id AlertID) bool {
		p.consider(s.st.ledger.rows[id])
		return true
	})
	p.digest()
	return p.work
}

// planner sorts the open rows into what can be done with them.
type planner struct {
	st    *state
	term  uint64
	limit int
	desks map[string]*desk // by recipient
	order []string
	work  Work
}

// desk is one recipient's window, as it would be after the rows so far.
type desk struct {
	left  int   // single mails that the window still allows
	until int64 // its end, while it lasts; 0: none has begun
	ended int64 // the end of a window that left nothing: what came before becomes a digest
	group []AlertID

	unheard []*row // what waits for a digest of its own kind, oldest first

	fresh []AlertID // what came after that window: single mails once the digest is formed
}

func (p *planner) consider(r *row) {
	switch {
	case r.state == AlertFenced && r.term < p.term:
		if len(p.work.Doubt) < p.limit {
			p.work.Doubt = append(p.work.Doubt, p.st.alert(r))
		}
	case r.state == AlertPending && r.notBefore > p.st.serving:
		p.later(r.notBefore)
	case !p.st.claimable(r, p.term):
	case p.st.singled(r):
		p.considerSingle(r)
	default:
		p.ready(r.id)
	}
}

func (p *planner) considerSingle(r *row) {
	d := p.desk(r.recipient)
	if r.kind == AlertUnheard {
		d.unheard = append(d.unheard, r)
		return
	}
	switch {
	case d.ended > 0 && r.due <= d.ended:
		d.group = append(d.group, r.id)
	case d.ended > 0:
		d.fresh = append(d.fresh, r.id)
	default:
		p.single(d, r.id)
	}
	// Beyond a window that has not begun nothing is later: the first claim begins it.
}

func (p *planner) desk(to string) *desk {
	if d := p.desks[to]; d != nil {
		return d
	}
	d := &desk{left: p.st.settings.Burst}
	if w, ok := p.st.ledger.windows[to]; ok {
		if !p.st.ended(w) {
			d.until = w.start + p.st.settings.GroupWait
			d.left = max(0, d.left-w.count)
		} else if w.count >= p.st.settings.Burst {
			d.ended = w.start + p.st.settings.GroupWait
		}
	}
	p.desks[to] = d
	p.order = append(p.order, to)
	return d
}

// digest proposes the digests; a group of one is a mail like any other.
func (p *planner) digest() {
	for _, to := range p.order {
		d := p.desks[to]
		p.gatherUnheard(d)
		group := d.group[:min(len(d.group), MaxDigestMembers)]
		if len(group) > 1 {
			if len(p.work.Digests) < p.limit {
				p.work.Digests = append(p.work.Digests, FormDigest{ID: DigestID(to, group), Recipient: to, Members: group})
			}
			continue
		}
		for _, id := range append(group, d.fresh...) {
			p.single(d, id)
		}
	}
}

// unheardPatience is how many times the group wait the first unheard job waits for
// others while more of them come to light.
const unheardPatience = 30

// gatherUnheard lets what was unheard into the group once nothing has joined it for
// the group wait: after an outage such jobs come to light one after the other, each
// when its own miss is due, and they are one story.
func (p *planner) gatherUnheard(d *desk) {
	if len(d.unheard) == 0 {
		return
	}
	wait := p.st.settings.GroupWait
	at := min(d.unheard[len(d.unheard)-1].due+wait, d.unheard[0].due+unheardPatience*wait)
	if p.st.serving < at {
		p.later(at)
		return
	}
	for _, r := range d.unheard {
		if p.st.serving >= r.due+wait {
			d.group = append(d.group, r.id)
		}
	}
}

func (p *planner) single(d *desk, id AlertID) {
	switch {
	case d.left > 0:
		d.left--
		p.ready(id)
	case d.until > 0:
		p.later(d.until)
	}
}

func (p *planner) ready(id AlertID) {
	if len(p.work.Ready) < p.limit {
		p.work.Ready = append(p.work.Ready, id)
	}
}

func (p *planner) later(at int64) {
	if p.work.Next == 0 || at < p.work.Next {
		p.work.Next = at
	}
}
