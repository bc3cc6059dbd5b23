package dependencies

import (
	"cmp"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ordered"
)

// Node is a heartbeat, as far as the graph goes.
type Node struct {
	Ordinal   uint64
	ID        fsm.HeartbeatID
	Tags      []string
	DependsOn []string // in the form of fsm.Dependency
}

// Graph holds the heartbeats that depend on something.
type Graph struct {
	children map[uint64]child
	below    map[fsm.Dependency]*ordered.Set[ordinal] // those that name it
	tagged   map[string]map[fsm.Dependency]int        // what those with a tag name, and how many do
	failing  map[string]*ordered.Set[ordinal]         // with a tag that somebody names
	recent   map[uint64]recovery                      // by the heartbeat that recovered
	oldest   ordered.Set[recovery]                    // the same
	byTag    map[string]*ordered.Set[recovery]        // the same, with a tag that somebody names
}

type child struct {
	id   fsm.HeartbeatID
	tags []string
	on   []fsm.Dependency
}

type ordinal uint64

func (a ordinal) Compare(b ordinal) int { return cmp.Compare(a, b) }

// New returns an empty graph.
func New() *Graph {
	return &Graph{
		children: map[uint64]child{}, below: map[fsm.Dependency]*ordered.Set[ordinal]{}, tagged: map[string]map[fsm.Dependency]int{},
		failing: map[string]*ordered.Set[ordinal]{}, recent: map[uint64]recovery{}, byTag: map[string]*ordered.Set[recovery]{},
	}
}

// Put adds a heartbeat that is not there, if it depends on anything. It returns the tags that
// nobody named before: of those the graph has to be told who fails ([Graph.Watch]).
func (g *Graph) Put(n Node) (newTags []string) {
	if len(n.DependsOn) == 0 {
		return nil
	}
	c := child{id: n.ID, tags: slices.Clone(n.Tags), on: parse(n.DependsOn)}
	g.children[n.Ordinal] = c
	for _, d := range c.on {
		set := g.below[d]
		if set == nil {
			set = &ordered.Set[ordinal]{}
			if g.below[d] = set; d.Tag != "" {
				newTags = append(newTags, d.Tag)
			}
		}
		set.Add(ordinal(n.Ordinal))
	}
	for _, tag := range c.tags {
		if g.tagged[tag] == nil {
			g.tagged[tag] = map[fsm.Dependency]int{}
		}
		for _, d := range c.on {
			g.tagged[tag][d]++
		}
	}
	return newTags
}

func parse(list []string) []fsm.Dependency {
	on := make([]fsm.Dependency, 0, len(list))
	for _, s := range list {
		if d, err := fsm.ParseDependency(s); err == nil {
			on = append(on, d)
		}
	}
	return on
}

// Remove takes a heartbeat out, if it is there. What depends on it stays as it is.
func (g *Graph) Remove(ord uint64) {
	c, is := g.children[ord]
	if !is {
		return
	}
	delete(g.children, ord)
	for _, d := range c.on {
		if g.below[d].Remove(ordinal(ord)); g.below[d].Len() == 0 {
			delete(g.below, d)
			g.unwatch(d.Tag)
		}
	}
	for _, tag := range c.tags {
		for _, d := range c.on {
			if g.tagged[tag][d]--; g.tagged[tag][d] == 0 {
				delete(g.tagged[tag], d)
			}
		}
		if len(g.tagged[tag]) == 0 {
			delete(g.tagged, tag)
		}
	}
}

// Depends reports whether a heartbeat depends on anything.
func (g *Graph) Depends(ord uint64) bool {
	_, is := g.children[ord]
	return is
}

// Len returns how many heartbeats depend on something.
func (g *Graph) Len() int { return len(g.children) }

// IsNamed reports whether anything depends on a heartbeat with some tags.
func (g *Graph) IsNamed(id fsm.HeartbeatID, tags []string) bool {
	return g.below[fsm.Dependency{ID: id}] != nil || slices.ContainsFunc(tags, g.isNamedTag)
}

func (g *Graph) isNamedTag(tag string) bool { return g.below[fsm.Dependency{Tag: tag}] != nil }
