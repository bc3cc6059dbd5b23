package ledger

import (
	"cmp"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// burstWindow counts the single mails of one recipient since start.
type burstWindow struct {
	start int64 // serving
	count int
}

func (now Now) hasEnded(w burstWindow) bool { return now.Serving >= w.start+now.Settings.GroupWait }

// takeBurst counts one more single mail of a recipient; false if its window is full. The
// first mail opens a window.
func (now Now) takeBurst(to string) bool {
	l := now.Ledger
	w, ok := l.windows[to]
	opens := !ok || now.hasEnded(w)
	if opens {
		w = burstWindow{start: now.Serving}
	}
	if w.count++; w.count > now.Settings.Burst {
		return false
	}
	now.dropEndedWindows()
	l.windows[to] = w
	if opens {
		l.windowEnds.add(l, to, w)
	}
	return true
}

// grouped returns until when events are told together, that nobody was told of alone: of before the end of
// a window that was full, or of before the recipient's hours.
func (now Now) grouped(to string, b burst) int64 {
	if b.left == 0 {
		return b.ended
	}
	return max(b.ended, now.openedFor(to))
}

// burst is what a recipient's window still allows.
type burst struct {
	left  int   // single mails
	until int64 // the end of the window, while it lasts; 0: none has begun
	ended int64 // the end of a window that was full: rows from before it become a digest
}

func (now Now) burstOf(to string) burst {
	w, ok := now.windows[to]
	end := w.start + now.Settings.GroupWait
	switch {
	case ok && !now.hasEnded(w):
		return burst{left: max(0, now.Settings.Burst-w.count), until: end}
	case ok && w.count >= now.Settings.Burst:
		return burst{left: now.Settings.Burst, ended: end}
	}
	return burst{left: now.Settings.Burst}
}

// maxWindows is how many windows are kept before those are dropped that have ended and
// were not full.
const maxWindows = 1000

func (now Now) dropEndedWindows() {
	l := now.Ledger
	if len(l.windows) < maxWindows {
		return
	}
	if l.windowEnds.burst != now.Settings.Burst {
		l.windowEnds = windowEndsOf(l.windows, now.Settings.Burst)
	}
	for len(l.windowEnds.queue) > 0 {
		x := l.windowEnds.queue[0]
		w, ok := l.windows[x.to]
		if ok = ok && w.start == x.start; ok && !now.hasEnded(w) {
			return
		}
		if ok && w.count < now.Settings.Burst {
			delete(l.windows, x.to)
		}
		l.windowEnds.queue = l.windowEnds.queue[1:]
	}
}

// windowEnds lists the windows in the order in which they end, so that dropping them
// looks at no others. It may list windows that are gone, and lack ended ones that were
// full when their turn came: those stay.
type windowEnds struct {
	queue []windowEnd
	burst int // what full meant
}

type windowEnd struct {
	start int64
	to    string
}

func windowEndsOf(windows map[string]burstWindow, burst int) windowEnds {
	x := windowEnds{burst: burst}
	for to, w := range windows {
		x.queue = append(x.queue, windowEnd{w.start, to})
	}
	slices.SortFunc(x.queue, func(a, b windowEnd) int { return cmp.Compare(a.start, b.start) })
	return x
}

// add lists a window that has just begun.
func (x *windowEnds) add(l *Ledger, to string, w burstWindow) {
	if len(x.queue) >= 2*len(l.windows)+64 {
		*x = windowEndsOf(l.windows, x.burst)
		return
	}
	x.queue = append(x.queue, windowEnd{w.start, to})
}

// formDigest makes one row of several that wait: those that exceed their recipient's
// burst, or unheard notices.
func (now Now) formDigest(c fsm.FormDigest) fsm.Code {
	if now.Rows[c.ID] != nil {
		return fsm.CodeExists
	}
	if !now.isDigestible(c) {
		return fsm.CodeRejected
	}
	now.insertRow(Row{
		ID: c.ID, Kind: fsm.AlertDigest, Recipient: c.Recipient, State: fsm.AlertPending, counted: true,
		Due: now.Serving, created: now.Wall, Members: slices.Clone(c.Members), Evidence: noEvidence,
	})
	for _, m := range c.Members {
		now.changeRow(m, func(r *Row) { r.Digest, r.counted = c.ID, true })
	}
	if w, ok := now.windows[c.Recipient]; ok && now.hasEnded(w) {
		delete(now.windows, c.Recipient)
	}
	return fsm.CodeOK
}

func (now Now) isDigestible(c fsm.FormDigest) bool {
	n := len(c.Members)
	if now.Settings.GroupWait == 0 || n < 2 || n > fsm.MaxDigestMembers || c.ID != fsm.DigestID(c.Recipient, c.Members) {
		return false
	}
	for _, m := range c.Members {
		if r := now.Rows[m]; r == nil || r.Recipient != c.Recipient || !now.mayJoinDigest(r) {
			return false
		}
	}
	return now.areDistinct(c.Members)
}

// areDistinct reports whether no row is named twice; all of them exist. Senders name rows
// in the order of their keys, but for one or two points where another kind begins, so
// that the map is seldom needed.
func (now Now) areDistinct(ids []fsm.AlertID) bool {
	var last Key
	for i, id := range ids {
		k := now.Rows[id].orderKey()
		if i > 0 && last.Compare(k) >= 0 {
			return !hasRepeats(ids)
		}
		last = k
	}
	return true
}

func hasRepeats(ids []fsm.AlertID) bool {
	seen := make(map[fsm.AlertID]struct{}, len(ids))
	for _, id := range ids {
		seen[id] = struct{}{}
	}
	return len(seen) < len(ids)
}

// mayJoinDigest reports whether a row may join a digest now.
func (now Now) mayJoinDigest(r *Row) bool {
	if r.State != fsm.AlertPending || !now.needsBurst(r) || !now.isClaimable(r, now.Term) || now.isDeferred(r) {
		return false
	}
	if r.Kind == fsm.AlertUnheard {
		return now.Serving >= r.Due+now.Settings.GroupWait
	}
	if w, ok := now.windows[r.Recipient]; ok && now.hasEnded(w) {
		return true
	}
	opened := now.openedFor(r.Recipient)
	return opened > 0 && r.comes() <= opened
}
