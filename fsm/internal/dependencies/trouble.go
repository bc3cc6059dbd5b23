package dependencies

import (
	"cmp"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm/internal/ordered"
)

// MaxRecoveries is of how many heartbeats it is kept when they recovered, the newest.
const MaxRecoveries = 100_000

// recovery says when a heartbeat recovered, in serving time.
type recovery struct {
	at  int64
	ord uint64
}

func (a recovery) Compare(b recovery) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.ord, b.ord))
}

// Watch tells of a tag that was not named before: who with it fails.
func (g *Graph) Watch(tag string, failing []uint64, has func(ord uint64) bool) {
	for _, ord := range failing {
		addTo(g.failing, tag, ordinal(ord))
	}
	for r := range g.oldest.All() {
		if has(r.ord) {
			addTo(g.byTag, tag, r)
		}
	}
}

func (g *Graph) unwatch(tag string) {
	delete(g.failing, tag)
	delete(g.byTag, tag)
}

func addTo[K ordered.Key[K]](sets map[string]*ordered.Set[K], tag string, k K) {
	if sets[tag] == nil {
		sets[tag] = &ordered.Set[K]{}
	}
	sets[tag].Add(k)
}

func removeFrom[K ordered.Key[K]](sets map[string]*ordered.Set[K], tag string, k K) {
	if sets[tag] == nil {
		return
	}
	if sets[tag].Remove(k); sets[tag].Len() == 0 {
		delete(sets, tag)
	}
}

// Fails tells that a heartbeat with some tags begins to fail.
func (g *Graph) Fails(ord uint64, tags []string) {
	g.Forget(ord, tags)
	for _, tag := range tags {
		if g.isNamedTag(tag) {
			addTo(g.failing, tag, ordinal(ord))
		}
	}
}

// Ends tells that a heartbeat with some tags fails no more.
func (g *Graph) Ends(ord uint64, tags []string) {
	for _, tag := range tags {
		removeFrom(g.failing, tag, ordinal(ord))
	}
}

// Recovers tells that a heartbeat with some tags, on which something depends, recovered at a serving time. It
// returns a heartbeat of which that is forgotten for it, 0 if none is.
func (g *Graph) Recovers(ord uint64, tags []string, at int64) (forgotten uint64) {
	r := recovery{at, ord}
	g.recent[ord] = r
	g.oldest.Add(r)
	for _, tag := range tags {
		if g.isNamedTag(tag) {
			addTo(g.byTag, tag, r)
		}
	}
	if g.oldest.Len() > MaxRecoveries {
		old, _ := g.oldest.First()
		return old.ord
	}
	return 0
}

// Forget forgets when a heartbeat with some tags recovered.
func (g *Graph) Forget(ord uint64, tags []string) {
	r, is := g.recent[ord]
	if !is {
		return
	}
	delete(g.recent, ord)
	g.oldest.Remove(r)
	for _, tag := range tags {
		removeFrom(g.byTag, tag, r)
	}
}

// Retag tells that a heartbeat that fails, or not, has other tags.
func (g *Graph) Retag(ord uint64, old, tags []string, fails bool) {
	r, recovered := g.recent[ord]
	for _, tag := range old {
		if slices.Contains(tags, tag) {
			continue
		}
		removeFrom(g.failing, tag, ordinal(ord))
		removeFrom(g.byTag, tag, r)
	}
	for _, tag := range tags {
		if !g.isNamedTag(tag) {
			continue
		}
		if fails {
			addTo(g.failing, tag, ordinal(ord))
		}
		if recovered {
			addTo(g.byTag, tag, r)
		}
	}
}

// FailingWith returns the first heartbeat with a tag that fails, 0 if none does.
func (g *Graph) FailingWith(tag string) uint64 {
	if g.failing[tag] == nil {
		return 0
	}
	ord, _ := g.failing[tag].First()
	return uint64(ord)
}

// RecoveredAt returns when a heartbeat recovered, in serving time; false if it did not, or that is
// forgotten.
func (g *Graph) RecoveredAt(ord uint64) (at int64, ok bool) {
	r, ok := g.recent[ord]
	return r.at, ok
}

// RecoveredWith returns when the newest recovery was of a heartbeat with a tag, and of which.
func (g *Graph) RecoveredWith(tag string) (ord uint64, at int64, ok bool) {
	if g.byTag[tag] == nil {
		return 0, 0, false
	}
	r, _ := g.byTag[tag].Last()
	return r.ord, r.at, true
}
