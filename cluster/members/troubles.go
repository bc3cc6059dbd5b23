package members

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	troubleOver  = time.Minute      // when it was not met for so long, it is over
	troubleAgain = time.Hour        // a trouble that stays is told again
	troubleNew   = 10 * time.Minute // one that comes back is, too
	maxTroubles  = 64               // at a time: some are made by strangers
)

// Troubles are what this node meets and a person has to mend: settings that do not fit,
// peers that cannot be reached. They are met over and over. Each is logged when it has
// lasted for a while, then once an hour, and shown for as long as it lasts.
type Troubles struct {
	log *slog.Logger
	mu  sync.Mutex
	all map[string]*trouble
}

type trouble struct {
	words       string
	since, seen time.Time
	loggedAt    time.Time // zero: never
	after       time.Duration
}

func NewTroubles(log *slog.Logger) *Troubles {
	return &Troubles{log: log, all: map[string]*trouble{}}
}

// Note tells of a trouble that was met. It counts once it has lasted for after.
func (t *Troubles) Note(key string, after time.Duration, words string) {
	t.noteAt(time.Now(), key, after, words)
}

func (t *Troubles) noteAt(now time.Time, key string, after time.Duration, words string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.all[key]
	if one == nil {
		if !t.room(now) {
			return
		}
		one = &trouble{}
		t.all[key] = one
	}
	if one.isOver(now) {
		one.since = now
	}
	one.words, one.seen, one.after = words, now, after
	if one.isDue(now) {
		one.loggedAt = now
		t.log.Warn(words)
	}
}

func (o *trouble) isOver(now time.Time) bool    { return now.Sub(o.seen) > troubleOver }
func (o *trouble) hasLasted(now time.Time) bool { return now.Sub(o.since) >= o.after }

func (o *trouble) isDue(now time.Time) bool {
	since := now.Sub(o.loggedAt)
	return o.hasLasted(now) && (since > troubleAgain || since > troubleNew && o.loggedAt.Before(o.since))
}

// room makes room for another one, if it can.
func (t *Troubles) room(now time.Time) bool {
	if len(t.all) >= maxTroubles {
		maps.DeleteFunc(t.all, func(_ string, o *trouble) bool { return o.isOver(now) })
	}
	return len(t.all) < maxTroubles
}

// Mended ends a trouble.
func (t *Troubles) Mended(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one := t.all[key]; one != nil {
		one.seen = time.Time{}
	}
}

// List returns the words of those that last, the oldest first.
func (t *Troubles) List() []string {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	lasting := slices.DeleteFunc(slices.Collect(maps.Values(t.all)), func(o *trouble) bool { return o.isOver(now) || !o.hasLasted(now) })
	slices.SortFunc(lasting, func(a, b *trouble) int {
		if c := a.since.Compare(b.since); c != 0 {
			return c
		}
		return strings.Compare(a.words, b.words)
	})
	words := []string{}
	for _, o := range lasting {
		words = append(words, o.words)
	}
	return words
}
