package dependencies

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func idOf(n uint64) (id fsm.HeartbeatID) {
	binary.BigEndian.PutUint64(id[:], n)
	return id
}

// find knows each heartbeat, by the IDs of idOf.
func find(id fsm.HeartbeatID) uint64 { return binary.BigEndian.Uint64(id[:]) }

// plain is a graph as plainly as it can be written.
type plain map[uint64]Node

// names reports whether a heartbeat depends on another one directly.
func (p plain) names(a, b Node) bool {
	return slices.ContainsFunc(a.DependsOn, func(s string) bool {
		d, _ := fsm.ParseDependency(s)
		return d.Tag == "" && d.ID == b.ID || d.Tag != "" && slices.Contains(b.Tags, d.Tag)
	})
}

// above returns the heartbeats on which one depends, directly and further up.
func (p plain) above(n Node) map[uint64]bool {
	all, queue := map[uint64]bool{}, []Node{n}
	for i := 0; i < len(queue); i++ {
		for ord, b := range p {
			if !all[ord] && p.names(queue[i], b) {
				all[ord] = true
				queue = append(queue, b)
			}
		}
	}
	return all
}

// rebuilt is a graph made of the same heartbeats at once.
func (p plain) rebuilt() *Graph {
	g := New()
	for _, n := range p {
		g.Put(n)
	}
	return g
}

func content(g *Graph) string {
	var below []string
	for d, set := range g.below {
		below = append(below, fmt.Sprint(d, slices.Collect(set.All())))
	}
	return fmt.Sprint(slices.Sorted(slices.Values(below)), g.tagged, g.children)
}

func drawNode(t *rapid.T, ord uint64) Node {
	n := Node{Ordinal: ord, ID: idOf(ord)}
	n.Tags = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 2, rapid.ID[string]).Draw(t, "tags")
	for range rapid.IntRange(0, 3).Draw(t, "edges") {
		d := fsm.Dependency{ID: idOf(rapid.Uint64Range(1, 9).Draw(t, "id"))}
		if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
			d = fsm.Dependency{Tag: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "tag")}
		}
		if !slices.Contains(n.DependsOn, d.String()) {
			n.DependsOn = append(n.DependsOn, d.String())
		}
	}
	return n
}

// TestTheGraphIsWhatWasPut: edits of heartbeats, with circles refused, against a plain model.
func TestTheGraphIsWhatWasPut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, all := New(), plain{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			ord := rapid.Uint64Range(1, 8).Draw(t, "heartbeat")
			old, was := all[ord]
			g.Remove(ord)
			delete(all, ord)
			if rapid.IntRange(0, 4).Draw(t, "delete") == 0 {
				continue
			}
			n := drawNode(t, ord)
			all[ord] = n
			circle := all.above(n)[ord]
			err := g.Check(n, find)
			if (err != nil) != circle {
				t.Fatalf("%+v: %v, but a circle: %v", n, err, circle)
			}
			if circle {
				checkPath(t, all, n, err)
				if delete(all, ord); was {
					all[ord] = old
				}
			}
			if n, is := all[ord]; is {
				g.Put(n)
			}
			checkWalks(t, g, all)
		}
		if got, want := content(g), content(all.rebuilt()); got != want {
			t.Fatalf("the graph holds\n%s, want\n%s", got, want)
		}
		for ord := range all {
			g.Remove(ord)
		}
		if got := content(g); got != content(New()) {
			t.Fatalf("%s is left of nothing", got)
		}
	})
}

// checkPath holds a circle's words against the edges.
func checkPath(t *rapid.T, all plain, n Node, err error) {
	var c *CircleError
	if !errors.As(err, &c) || !errors.Is(err, fsm.ErrInvalid) || len(c.Path) < 2 {
		t.Fatalf("%v", err)
	}
	at := n
	for _, x := range c.Path[1:] {
		next, is := all[x.Ordinal]
		if x.Ordinal == 0 {
			next, is = n, true
		}
		if !is || !all.names(at, next) || x.Tag != "" && !slices.Contains(next.Tags, x.Tag) {
			t.Fatalf("%+v: step %+v from %+v", c.Path, x, at)
		}
		at = next
	}
	if at.Ordinal != n.Ordinal {
		t.Fatalf("%+v does not come back", c.Path)
	}
}

func checkWalks(t *rapid.T, g *Graph, all plain) {
	for ord, n := range all {
		want := all.above(n)
		got := map[uint64]bool{}
		for _, d := range g.Above(ord, find) {
			for other, x := range all {
				if d.Tag == "" && d.ID == x.ID || d.Tag != "" && slices.Contains(x.Tags, d.Tag) {
					got[other] = true
				}
			}
		}
		if !maps.Equal(got, want) {
			t.Fatalf("above %d are %v, want %v", ord, got, want)
		}
		below := map[uint64]bool{}
		g.Below(n.ID, n.Tags, func(ord uint64) bool { below[ord] = true; return true })
		for other, x := range all {
			if below[other] != all.above(x)[ord] {
				t.Fatalf("%d is below %d: %v", other, ord, below[other])
			}
		}
	}
}

// TestTroubleByTag: marks are the same whether a tag was named before or after.
func TestTroubleByTag(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := New()
		g.Put(Node{Ordinal: 100, ID: idOf(100), DependsOn: []string{"tag:a"}})
		tags, fails := map[uint64][]string{}, map[uint64]bool{}
		for step := range rapid.IntRange(1, 40).Draw(t, "steps") {
			ord := rapid.Uint64Range(1, 5).Draw(t, "heartbeat")
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				fails[ord] = true
				g.Fails(ord, tags[ord])
			case 1:
				if fails[ord] {
					fails[ord] = false
					g.Ends(ord, tags[ord])
					g.Recovers(ord, tags[ord], int64(step))
				}
			case 2:
				old := tags[ord]
				tags[ord] = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b"}), 0, 2, rapid.ID[string]).Draw(t, "tags")
				g.Retag(ord, old, tags[ord], fails[ord])
			default:
				fails[ord] = false
				g.Ends(ord, tags[ord])
				g.Forget(ord, tags[ord])
			}
		}
		for _, tag := range g.Put(Node{Ordinal: 101, ID: idOf(101), DependsOn: []string{"tag:a", "tag:b"}}) {
			var failing []uint64
			has := func(ord uint64) bool { return slices.Contains(tags[ord], tag) }
			for ord := range fails {
				if fails[ord] && has(ord) {
					failing = append(failing, ord)
				}
			}
			g.Watch(tag, failing, has)
		}
		for _, tag := range []string{"a", "b"} {
			first, newest := uint64(0), recovery{at: -1}
			for ord, list := range tags {
				if !slices.Contains(list, tag) {
					continue
				}
				if fails[ord] && (first == 0 || ord < first) {
					first = ord
				}
				if at, ok := g.RecoveredAt(ord); ok && newest.Compare(recovery{at, ord}) < 0 {
					newest = recovery{at, ord}
				}
			}
			if got := g.FailingWith(tag); got != first {
				t.Fatalf("with %s fails %d, want %d", tag, got, first)
			}
			if ord, at, ok := g.RecoveredWith(tag); ok != (newest.at >= 0) || ok && (recovery{at, ord}) != newest {
				t.Fatalf("with %s recovered %d at %d, want %v", tag, ord, at, newest)
			}
		}
	})
}

// TestAWalkIsBounded: who reaches too far is refused, and a tag with many heartbeats is no burden.
func TestAWalkIsBounded(t *testing.T) {
	g := New()
	for n := uint64(1); n <= 5000; n++ { // all with a tag, each on its host and on a tag
		g.Put(Node{Ordinal: n, ID: idOf(n), Tags: []string{"app"}, DependsOn: []string{idOf(10_000 + n%200).String(), "tag:db"}})
	}
	report := Node{Ordinal: 9000, ID: idOf(9000), DependsOn: []string{"tag:app"}}
	if err := g.Check(report, find); err != nil {
		t.Error(err)
	}
	g.Put(report)
	if n := len(g.Above(9000, find)); n != 202 {
		t.Errorf("%d above", n)
	}
	if n := 0; !g.Below(idOf(10_001), nil, func(uint64) bool { n++; return true }) || n != 26 {
		t.Errorf("%d below a host", n)
	}
	for n := uint64(5001); n <= 7000; n++ { // as many hosts
		g.Put(Node{Ordinal: n, ID: idOf(n), Tags: []string{"app"}, DependsOn: []string{idOf(20_000 + n).String()}})
	}
	if err := g.Check(Node{ID: idOf(9001), DependsOn: []string{"tag:app"}}, find); err == nil || !errors.Is(err, fsm.ErrInvalid) {
		t.Errorf("%v", err)
	}
	chain := New()
	for n := uint64(1); n <= MaxLevels; n++ {
		chain.Put(Node{Ordinal: n, ID: idOf(n), DependsOn: []string{idOf(n + 1).String()}})
	}
	if err := chain.Check(Node{ID: idOf(100), DependsOn: []string{idOf(2).String()}}, find); err != nil {
		t.Error(err)
	}
	if err := chain.Check(Node{ID: idOf(100), DependsOn: []string{idOf(1).String()}}, find); err == nil {
		t.Error("a chain of any length is taken")
	}
}

// TestRecoveriesAreBounded: the oldest is forgotten.
func TestRecoveriesAreBounded(t *testing.T) {
	g := New()
	for n := uint64(1); n <= MaxRecoveries+10; n++ {
		if old := g.Recovers(n, nil, int64(n)); old != 0 {
			g.Forget(old, nil)
		}
	}
	if _, ok := g.RecoveredAt(10); ok || len(g.recent) != MaxRecoveries || g.oldest.Len() != MaxRecoveries {
		t.Errorf("%d are kept", len(g.recent))
	}
}
