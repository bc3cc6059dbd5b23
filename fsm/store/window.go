package store

import (
	"cmp"
	"slices"
)

// window counts the single mails of one recipient since start.
type window struct {
	start int64 // serving
	count int
}

func (st *state) ended(w window) bool { return st.serving >= w.start+st.settings.GroupWait }

// takeBurst counts one more single mail of a recipient, false if its window has no
// place left. The first one opens the window.
func (st *state) takeBurst(to string) bool {
	l := &st.ledger
	w, ok := l.windows[to]
	opens := !ok || st.ended(w)
	if opens {
		w = window{start: st.serving}
	}
	if w.count++; w.count > st.settings.Burst {
		return false
	}
	st.dropWindows()
	l.windows[to] = w
	if opens {
		l.lapses.add(l, to, w)
	}
	return true
}

// burst is what a recipient's window allows now.
type burst struct {
	left  int   // single mails
	until int64 // the end of the window, while it lasts; 0: none has begun
	ended int64 // the end of a window that left nothing: what came before becomes a digest
}

func (st *state) burst(to string) burst {
	w, ok := st.ledger.windows[to]
	end := w.start + st.settings.GroupWait
	switch {
	case ok && !st.ended(w):
		return burst{left: max(0, st.settings.Burst-w.count), until: end}
	case ok && w.count >= st.settings.Burst:
		return burst{left: st.settings.Burst, ended: end}
	}
	return burst{left: st.settings.Burst}
}

// maxWindows is how many recipients' windows are kept before those are dropped
// that have ended and that nothing waits for.
const maxWindows = 1000

func (st *state) dropWindows() {
	l := &st.ledger
	if len(l.windows) < maxWindows {
		return
	}
	if l.lapses.burst != st.settings.Burst {
		l.lapses = lapsesOf(l.windows, st.settings.Burst)
	}
	for len(l.lapses.queue) > 0 {
		x := l.lapses.queue[0]
		w, ok := l.windows[x.to]
		if ok = ok && w.start == x.start; ok && !st.ended(w) {
			return
		}
		if ok && w.count < st.settings.Burst {
			delete(l.windows, x.to)
		}
		l.lapses.queue = l.lapses.queue[1:]
	}
}

// lapses holds the windows in the order in which they end, so that dropping them
// looks at no others. It may hold some that are gone, and lack some that have ended
// and were full when it came to them: those stay.
type lapses struct {
	queue []lapse
	burst int // what full meant
}

type lapse struct {
	start int64
	to    string
}

func lapsesOf(windows map[string]window, burst int) lapses {
	x := lapses{burst: burst}
	for to, w := range windows {
		x.queue = append(x.queue, lapse{w.start, to})
	}
	slices.SortFunc(x.queue, func(a, b lapse) int { return cmp.Compare(a.start, b.start) })
	return x
}

// add notes a window that has just begun.
func (x *lapses) add(l *ledger, to string, w window) {
	if len(x.queue) >= 2*len(l.windows)+64 {
		*x = lapsesOf(l.windows, x.burst)
		return
	}
	x.queue = append(x.queue, lapse{w.start, to})
}
