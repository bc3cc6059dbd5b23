package roster

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

// Entry is what the list knows of a heartbeat: enough to filter and sort it, 60 bytes and
// its name. The hundred of a page are read anew from the state.
type Entry struct {
	Name     string
	Tags     string // joined by newlines, and shared by all that have the same
	Ordinal  uint64
	LastPing int64 // Unix ms
	Due      int64 // Unix ms; 0: none
	Status   fsm.Status
}

// Tagged reports whether it has a tag.
func (e *Entry) Tagged(tag string) bool {
	for rest := e.Tags; rest != ""; {
		var one string
		one, rest, _ = strings.Cut(rest, "\n")
		if one == tag {
			return true
		}
	}
	return false
}

// View is all heartbeats, and the order of their names. It is made anew, at most once in a
// while, when somebody looks; nobody who looks waits for that except for the first.
type View struct {
	store *store.Store

	reads [len(readWords)]atomic.Uint64

	mu     sync.Mutex
	now    Picture
	making chan struct{} // closed when the one under way is done; nil: none is
}

// NewView makes a view of the heartbeats of a store.
func NewView(from *store.Store) *View { return &View{store: from} }

// How a read of the view went.
const (
	readFresh  = iota // at once
	readWaited        // for a new picture
	readOld           // with an old one, for a new one took too long
)

var readWords = [...]string{readFresh: "fresh", readWaited: "waited", readOld: "old"}

// Picture is what a view was at one time. It is never written to.
type Picture struct {
	made    time.Time
	cost    time.Duration
	Entries []Entry  // by ordinal
	ByName  []uint32 // places in entries
}

const (
	freshFor = 200 * time.Millisecond
	cheap    = 5 * time.Millisecond
	waitFor  = 250 * time.Millisecond // for a new picture, before an old one will do
)

// Read returns a picture that was begun at since or later. Making one may take up to a
// tenth of a processor's time; who comes meanwhile gets the last one, unless a new one is
// made in no time.
func (v *View) Read(since time.Time) Picture {
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

// IsCheap reports whether a picture costs less than a page that is made of it: then each
// page has its own.
func (v *View) IsCheap() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now.cost < cheap
}

func (v *View) make(old Picture) {
	now := Picture{made: time.Now(), Entries: readEntries(v.store, len(old.Entries)), ByName: old.ByName}
	if !slices.EqualFunc(now.Entries, old.Entries, func(a, b Entry) bool { return a.Ordinal == b.Ordinal && a.Name == b.Name }) {
		now.ByName = namesInOrder(now.Entries)
	}
	now.cost = time.Since(now.made)
	v.mu.Lock()
	defer v.mu.Unlock()
	close(v.making)
	v.now, v.making = now, nil
}

func namesInOrder(entries []Entry) []uint32 {
	order := make([]uint32, len(entries))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Or(show.CompareNatural(entries[a].Name, entries[b].Name), cmp.Compare(a, b))
	})
	return order
}

// readEntries reads all heartbeats, a page of the state at a time.
func readEntries(from *store.Store, expect int) []Entry {
	entries := make([]Entry, 0, expect+expect/8)
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
			entries = append(entries, Entry{
				Name: string(r.Name()), Tags: text, Ordinal: r.Ordinal(), LastPing: r.LastPing(), Due: r.Due(), Status: r.Status(),
			})
		})
	}
	return entries
}
