package public

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// shownPerTag is how many heartbeats of a tag a page shows; the rest is counted.
const shownPerTag = 200

// groups are the heartbeats of all tags that are published, as of a moment.
type groups struct {
	at     time.Time
	byTag  map[string]*group
	lookup uint64 // counts scans, for tests
}

// group are those of one tag.
type group struct {
	all, failing, paused int
	unheard              int      // of which no ping came yet
	shown                []uint64 // ordinals of the oldest
}

// group returns the heartbeats of a tag. One scan serves all pages and badges for a while;
// s.mu is held.
func (s *Site) group(tag string, now time.Time) *group {
	g := s.groups.byTag[tag]
	if g == nil || now.Sub(s.groups.at) >= keep {
		s.groups = groups{at: now, byTag: s.scan(tag), lookup: s.groups.lookup + 1}
		g = s.groups.byTag[tag]
	}
	return g
}

// scan looks at all heartbeats once.
func (s *Site) scan(also string) map[string]*group {
	found := map[string]*group{also: {}}
	for _, p := range s.store.StatusPages() {
		for _, tag := range p.Tags {
			found[tag] = &group{}
		}
	}
	for _, b := range s.store.Badges() {
		if b.Tag != "" {
			found[b.Tag] = &group{}
		}
	}
	look := func(r *store.Reading) {
		for tag := range r.Tags() {
			if g := found[string(tag)]; g != nil {
				g.count(r.Status(), r.LastPing() == 0, r.Ordinal())
			}
		}
	}
	for page, more := 0, true; more; {
		page, more = s.store.ReadPage(page, "", look)
	}
	return found
}

func (g *group) count(status fsm.Status, isNew bool, ordinal uint64) {
	g.all++
	switch {
	case status == fsm.StatusFailing:
		g.failing++
	case status == fsm.StatusPaused:
		g.paused++
	case isNew:
		g.unheard++
	}
	if len(g.shown) < shownPerTag {
		g.shown = append(g.shown, ordinal)
	}
}
