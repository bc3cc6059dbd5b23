package web

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// State of a heartbeat as the pages tell it, the worst first.
type state uint8

const (
	stateFailing state = iota
	stateLate          // past due, and not yet past its grace
	stateUp
	stateNew // no ping came yet
	statePaused
)

var stateWords = [...]string{stateFailing: "failing", stateLate: "late", stateUp: "up", stateNew: "new", statePaused: "paused"}

func (s state) String() string { return stateWords[s] }

func parseState(word string) (state, bool) {
	i := slices.Index(stateWords[:], word)
	return state(max(i, 0)), i >= 0
}

// stateAt judges what a row says at now.
func stateAt(status fsm.Status, lastPing, due, now int64) state {
	switch {
	case status == fsm.StatusPaused:
		return statePaused
	case status == fsm.StatusFailing:
		return stateFailing
	case due != 0 && now > due:
		return stateLate
	case lastPing == 0:
		return stateNew
	}
	return stateUp
}

// entry is what the list knows of a heartbeat: enough to filter and sort it, 60 bytes and
// its name. The hundred of a page are read anew from the state.
type entry struct {
	name     string
	tags     string // joined by newlines, and shared by all that have the same
	ordinal  uint64
	lastPing int64 // Unix ms
	due      int64 // Unix ms; 0: none
	status   fsm.Status
}

func (e *entry) tagged(tag string) bool {
	for rest := e.tags; rest != ""; {
		var one string
		one, rest, _ = strings.Cut(rest, "\n")
		if one == tag {
			return true
		}
	}
	return false
}

// view is all heartbeats, and the order of their names. It is made anew, at most once in a
// while, when somebody looks; nobody who looks waits for that except for the first.
type view struct {
	store *store.Store

	reads [len(readWords)]atomic.Uint64

	mu     sync.Mutex
	now    picture
	making chan struct{} // closed when the one under way is done; nil: none is
}

// How a read of the view went.
const (
	readFresh  = iota // at once
	readWaited        // for a new picture
	readOld           // with an old one, for a new one took too long
)

var readWords = [...]string{readFresh: "fresh", readWaited: "waited", readOld: "old"}

// picture is what a view was at one time. It is never written to.
type picture struct {
	made    time.Time
	cost    time.Duration
	entries []entry  // by ordinal
	byName  []uint32 // places in entries
}

const (
	freshFor = 200 * time.Millisecond
	cheap    = 5 * time.Millisecond
	waitFor  = 250 * time.Millisecond // for a new picture, before an old one will do
)

// read returns a picture that was begun at since or later. Making one may take up to a
// tenth of a processor's time; who comes meanwhile gets the last one, unless a new one is
// made in no time.
func (v *view) read(since time.Time) picture {
	patience := time.After(waitFor)
	for {
		v.mu.Lock()
		now := v.now
		usable := !now.made.IsZero() && !now.made.Before(since)
		fresh := usable && time.Since(now.made) < max(freshFor, 10*now.cost)
		if v.making == nil && !fresh {
			v.making = make(chan struct{})
			go v.make(now)
		}
		making := v.making
		v.mu.Unlock()
		if fresh {
			v.reads[readFresh].Add(1)
			return now
		}
		if !usable {
			v.reads[readWaited].Add(1)
			<-making
			continue
		}
		select {
		case <-making:
			v.reads[readWaited].Add(1)
		case <-patience:
			v.reads[readOld].Add(1)
			return now
		}
	}
}

// isCheap reports whether a picture costs less than a page that is made of it: then each
// page has its own.
func (v *view) isCheap() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now.cost < cheap
}

func (v *view) make(old picture) {
	now := picture{made: time.Now(), entries: readEntries(v.store, len(old.entries)), byName: old.byName}
	if !slices.EqualFunc(now.entries, old.entries, func(a, b entry) bool { return a.ordinal == b.ordinal && a.name == b.name }) {
		now.byName = namesInOrder(now.entries)
	}
	now.cost = time.Since(now.made)
	v.mu.Lock()
	defer v.mu.Unlock()
	close(v.making)
	v.now, v.making = now, nil
}

func namesInOrder(entries []entry) []uint32 {
	order := make([]uint32, len(entries))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Or(show.CompareNatural(entries[a].name, entries[b].name), cmp.Compare(a, b))
	})
	return order
}

// readEntries reads all heartbeats, a page of the state at a time.
func readEntries(from *store.Store, expect int) []entry {
	entries := make([]entry, 0, expect+expect/8)
	shared := map[string]string{}
	var tags []byte
	for page, more := 0, true; more; {
		page, more = from.ReadPage(page, "", func(r *store.Reading) {
			tags = tags[:0]
			for tag := range r.Tags() {
				tags = append(append(tags, tag...), '\n')
			}
			text, known := shared[string(tags)]
			if !known {
				text = string(tags)
				shared[text] = text
			}
			entries = append(entries, entry{
				name: string(r.Name()), tags: text, ordinal: r.Ordinal(), lastPing: r.LastPing(), due: r.Due(), status: r.Status(),
			})
		})
	}
	return entries
}
