package dependencies

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Bounds of a walk up.
const (
	MaxLevels  = 16
	MaxVisited = 1000 // heartbeats and tags
)

// MaxBelow is how many heartbeats a walk down visits.
const MaxBelow = 10_000

// Lookup finds the ordinal of a heartbeat, 0 if it is gone.
type Lookup func(id fsm.HeartbeatID) uint64

// walk goes up, level by level.
type walk struct {
	g      *Graph
	find   Lookup
	from   map[fsm.Dependency]fsm.Dependency // what was visited, and from where; zero: from the start
	level  []fsm.Dependency
	tooFar bool
}

// Above returns what a heartbeat depends on, directly and further up, the nearest first.
func (g *Graph) Above(ord uint64, find Lookup) []fsm.Dependency {
	var all []fsm.Dependency
	if c, is := g.children[ord]; is {
		g.walk(c.on, find, func(level []fsm.Dependency) bool {
			all = append(all, level...)
			return true
		})
	}
	return all
}

// walk passes each level until f returns false.
func (g *Graph) walk(on []fsm.Dependency, find Lookup, f func(level []fsm.Dependency) bool) *walk {
	w := &walk{g: g, find: find, from: map[fsm.Dependency]fsm.Dependency{}}
	for _, d := range on {
		w.visit(d, fsm.Dependency{})
	}
	level := w.next()
	for n := 1; len(level) > 0 && f(level); n++ {
		for _, d := range level {
			w.climb(d)
		}
		if level = w.next(); len(level) > 0 && n == MaxLevels {
			w.tooFar = true
		}
		if w.tooFar {
			break
		}
	}
	return w
}

// next returns the level that climb has collected. One that would exceed the bound is not taken.
func (w *walk) next() []fsm.Dependency {
	level := w.level
	if w.level = nil; len(w.from) > MaxVisited {
		w.tooFar = true
		return nil
	}
	slices.SortFunc(level, compare)
	return level
}

func compare(a, b fsm.Dependency) int {
	return cmp.Or(bytes.Compare(a.ID[:], b.ID[:]), cmp.Compare(a.Tag, b.Tag))
}

func (w *walk) visit(d, from fsm.Dependency) {
	if _, seen := w.from[d]; !seen {
		w.from[d] = from
		w.level = append(w.level, d)
	}
}

// climb visits what a heartbeat, or those with a tag, depend on.
func (w *walk) climb(d fsm.Dependency) {
	if d.Tag == "" {
		for _, next := range w.g.children[w.find(d.ID)].on {
			w.visit(next, d)
		}
		return
	}
	tagged := w.g.tagged[d.Tag]
	if len(tagged) > 2*MaxVisited { // more than fit, whichever were seen
		w.tooFar = true
		return
	}
	for _, next := range slices.SortedFunc(maps.Keys(tagged), compare) {
		w.visit(next, d)
	}
}

// CircleError tells of a dependency that is refused: it would close a circle, or reach too far.
type CircleError struct {
	Path []Step // from the heartbeat that was to be changed up to itself; empty: it reaches too far
}

// Step is one of a circle: a heartbeat, or a tag and the heartbeat with it over which the circle goes on.
type Step struct {
	Ordinal uint64 // 0: the heartbeat that was to be changed
	Tag     string
}

func (e *CircleError) Error() string {
	if len(e.Path) == 0 {
		return fmt.Sprintf("depends_on reaches too far: at most %d levels up, and %d heartbeats and tags", MaxLevels, MaxVisited)
	}
	return "depends_on makes a circle"
}

// Is makes it an invalid value.
func (e *CircleError) Is(target error) bool { return target == fsm.ErrInvalid }

// Check refuses a heartbeat that is not in the graph, but would depend on itself there.
func (g *Graph) Check(n Node, find Lookup) error {
	if len(n.DependsOn) == 0 {
		return nil
	}
	closes := func(d fsm.Dependency) bool {
		return d.Tag == "" && d.ID == n.ID || d.Tag != "" && slices.Contains(n.Tags, d.Tag)
	}
	var found *fsm.Dependency
	w := g.walk(parse(n.DependsOn), find, func(level []fsm.Dependency) bool {
		if i := slices.IndexFunc(level, closes); i >= 0 {
			found = &level[i]
		}
		return found == nil
	})
	switch {
	case found != nil:
		return &CircleError{Path: w.pathTo(*found)}
	case w.tooFar:
		return &CircleError{}
	}
	return nil
}

// pathTo returns the way from the start to a dependency that closes the circle, and to the start again.
func (w *walk) pathTo(last fsm.Dependency) []Step {
	path := []Step{{Tag: last.Tag}}
	for at := last; w.from[at] != (fsm.Dependency{}); {
		below := w.from[at]
		path = append(path, w.step(below, at))
		at = below
	}
	path = append(path, Step{})
	slices.Reverse(path)
	return path
}

// step returns how the walk went on from a dependency to another one.
func (w *walk) step(d, next fsm.Dependency) Step {
	if d.Tag == "" {
		return Step{Ordinal: w.find(d.ID)}
	}
	for ord := range w.g.below[next].All() {
		if slices.Contains(w.g.children[uint64(ord)].tags, d.Tag) {
			return Step{Ordinal: uint64(ord), Tag: d.Tag}
		}
	}
	return Step{Tag: d.Tag}
}

// Below passes the heartbeats that depend on one with some tags, directly and further down, the nearest
// first, until f returns false. isAll tells that there were no more than a walk visits.
func (g *Graph) Below(id fsm.HeartbeatID, tags []string, f func(ord uint64) bool) (isAll bool) {
	seen := map[uint64]bool{}
	queue := []uint64{}
	collect := func(d fsm.Dependency) bool {
		set := g.below[d]
		if set == nil {
			return true
		}
		for ord := range set.All() {
			if !seen[uint64(ord)] && len(seen) == MaxBelow {
				return false
			}
			if !seen[uint64(ord)] {
				seen[uint64(ord)] = true
				queue = append(queue, uint64(ord))
			}
		}
		return true
	}
	isAll = g.collectBelow(id, tags, collect)
	for i := 0; i < len(queue); i++ {
		if !f(queue[i]) {
			return true
		}
		c := g.children[queue[i]]
		isAll = g.collectBelow(c.id, c.tags, collect) && isAll
	}
	return isAll
}

func (g *Graph) collectBelow(id fsm.HeartbeatID, tags []string, collect func(d fsm.Dependency) bool) bool {
	isAll := collect(fsm.Dependency{ID: id})
	for _, tag := range tags {
		isAll = collect(fsm.Dependency{Tag: tag}) && isAll
	}
	return isAll
}

// Children returns the first heartbeats, up to limit, that name one with some tags, and how many do; what names it
// twice counts so.
func (g *Graph) Children(id fsm.HeartbeatID, tags []string, limit int) (list []uint64, n int) {
	g.collectBelow(id, tags, func(d fsm.Dependency) bool {
		if g.below[d] == nil {
			return true
		}
		n += g.below[d].Len()
		for ord := range g.below[d].All() {
			if len(list) == limit {
				break
			}
			if slices.Contains(list, uint64(ord)) {
				n--
				continue
			}
			list = append(list, uint64(ord))
		}
		return true
	})
	return list, n
}
