package ledger

import (
	"cmp"
	"slices"
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
