package store

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/dependencies"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
)

// link has a heartbeat depend on what its spec says, unless that would close a circle: then nothing
// is changed. It may be a new one.
func (st *state) link(ord uint64, id fsm.HeartbeatID, old, spec *fsm.Spec) error {
	if slices.Equal(old.DependsOn, spec.DependsOn) && slices.Equal(old.Tags, spec.Tags) {
		return nil
	}
	node := dependencies.Node{Ordinal: ord, ID: id, Tags: spec.Tags, DependsOn: spec.DependsOn}
	st.depends.Remove(ord)
	err := st.depends.Check(node, st.byID)
	if err != nil {
		node.Tags, node.DependsOn = old.Tags, old.DependsOn
	}
	st.watchTags(st.depends.Put(node))
	if err == nil {
		if st.ledger.HasDeferred() {
			st.ledger.Reconsider()
		}
		st.depends.Retag(ord, old.Tags, spec.Tags, st.openIncident(ord) != 0)
	}
	return err
}

// watchTags has the graph know which heartbeats with some tags fail.
func (st *state) watchTags(tags []string) {
	for _, tag := range tags {
		has := func(ord uint64) bool { return slices.Contains(st.table.Record(ord).Cold.Spec.Tags, tag) }
		var failing []uint64
		for ord := range st.failing {
			if has(ord) {
				failing = append(failing, ord)
			}
		}
		st.depends.Watch(tag, failing, has)
	}
}

// deferralOf tells what defers an alert of a heartbeat, due at a serving time, of those that it depends on. It lasts
// while one of them fails, and for a grace of its own after that recovered. One that it names and that was
// late already, when the alert was due, keeps it back until its own grace is over: then it fails too, or does not.
func (st *state) deferralOf(ord uint64, due int64) (longest ledger.Deferral) {
	if !st.depends.Depends(ord) || !st.table.Has(ord) {
		return longest
	}
	grace := st.table.Hot(ord).Grace()
	for _, d := range st.depends.Above(ord, st.byID) {
		x := st.deferralByTag(d.Tag, grace)
		if d.Tag == "" {
			x = st.deferralBy(st.byID(d.ID), due, grace)
		}
		if x.Until > max(longest.Until, st.serving) {
			longest = x
		}
	}
	return longest
}

func (st *state) deferralByTag(tag string, grace int64) ledger.Deferral {
	if ord := st.depends.FailingWith(tag); ord != 0 {
		return ledger.Deferral{Until: timetable.Never, For: st.waitFor(ord)}
	}
	if ord, at, ok := st.depends.RecoveredWith(tag); ok {
		return ledger.Deferral{Until: at + grace, For: st.waitFor(ord)}
	}
	return ledger.Deferral{}
}

func (st *state) deferralBy(ord uint64, due, grace int64) ledger.Deferral {
	if ord == 0 {
		return ledger.Deferral{}
	}
	r := st.table.Record(ord)
	at, recovered := st.depends.RecoveredAt(ord)
	switch {
	case r.Is(table.Failing):
		return ledger.Deferral{Until: timetable.Never, For: st.waitFor(ord)}
	case recovered && at+grace > st.serving:
		return ledger.Deferral{Until: at + grace, For: st.waitFor(ord)}
	case !r.IsJudged():
		return ledger.Deferral{}
	}
	if ends := r.NextMiss(); ends-r.Grace() <= due && ends > st.horizon {
		return ledger.Deferral{Until: max(ends, st.serving+1), Again: st.serving + ledger.LookAgain, For: st.waitFor(ord)}
	}
	return ledger.Deferral{}
}

func (st *state) waitFor(ord uint64) fsm.Wait {
	cold := st.table.Record(ord).Cold
	return fsm.Wait{For: fsm.WaitDependency, ID: cold.ID.String(), Name: cold.Spec.Name}
}

// judgeAbove counts the misses of what a heartbeat depends on: whether its alert waits must not depend on how far
// judging has got.
func (st *state) judgeAbove(ord uint64) {
	if !st.depends.Depends(ord) {
		return
	}
	for _, d := range st.depends.Above(ord, st.byID) {
		if d.Tag != "" {
			st.judgeDue(math.MaxInt)
			return
		}
		if above := st.byID(d.ID); above != 0 {
			st.countDueMisses(above)
		}
	}
}

// reconsiderBelow has senders look again at what waits for a heartbeat, or for one above it.
func (st *state) reconsiderBelow(r *table.Record) {
	if !st.ledger.HasDeferred() {
		return
	}
	isAll := st.depends.Below(r.Cold.ID, r.Cold.Spec.Tags, func(ord uint64) bool {
		st.ledger.ReconsiderOf(st.table.Record(ord).Cold.ID)
		return true
	})
	if !isAll {
		st.ledger.Reconsider()
	}
}

// ResolveDependencies turns what people write of what a heartbeat depends on, slugs, IDs and tags, into the form in
// which it is kept. The error is an ErrInvalid with words.
func (s *Store) ResolveDependencies(written []string) ([]string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]string, 0, len(written))
	for i, text := range written {
		d, err := s.st.resolveDependency(text)
		if err != nil {
			return nil, fmt.Errorf("depends_on[%d] is %.60q; %w", i, text, err)
		}
		list = append(list, d)
	}
	return list, nil
}

func (st *state) resolveDependency(text string) (string, error) {
	d, err := fsm.ParseDependency(text)
	if err == nil && (d.Tag != "" || st.byID(d.ID) != 0) || d.Tag != "" {
		return d.String(), nil // a tag's limits are checked with the others
	}
	switch ord, n := st.slugs.Find(text); n {
	case 0:
		return "", dependencyError("there is no heartbeat of this slug or ID; a tag is written tag:NAME")
	case 1:
		return st.table.Record(ord).Cold.ID.String(), nil
	}
	return "", dependencyError("several heartbeats have this slug: use an ID")
}

// dependencyError is an ErrInvalid.
type dependencyError string

func (e dependencyError) Error() string        { return string(e) }
func (e dependencyError) Is(target error) bool { return target == fsm.ErrInvalid }

// NameDependencies is the inverse of ResolveDependencies: slugs, if no other heartbeat has them. Heartbeats that
// are gone are left out.
func (s *Store) NameDependencies(list []string) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	names := make([]string, 0, len(list))
	for _, text := range list {
		d, _ := fsm.ParseDependency(text)
		ord := s.st.byID(d.ID)
		switch {
		case d.Tag != "":
			names = append(names, text)
		case ord != 0:
			names = append(names, s.st.slugOrID(ord))
		}
	}
	return names
}

// Related returns what a heartbeat depends on, by its own word, the first heartbeats, up to limit, that depend on it, and
// how many do.
func (s *Store) Related(h fsm.Heartbeat, limit int) (on, below []fsm.Related, n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, text := range h.Spec.DependsOn {
		d, _ := fsm.ParseDependency(text)
		if ord := s.st.byID(d.ID); ord != 0 {
			on = append(on, s.st.related(ord))
		} else if d.Tag != "" {
			on = append(on, fsm.Related{Tag: d.Tag})
		}
	}
	list, n := s.st.depends.Children(h.ID, h.Spec.Tags, limit)
	for _, ord := range list {
		below = append(below, s.st.related(ord))
	}
	return on, below, n
}

func (st *state) related(ord uint64) fsm.Related {
	r := st.table.Record(ord)
	return fsm.Related{ID: r.Cold.ID, Name: r.Cold.Spec.Name, Status: r.Status()}
}

func (st *state) slugOrID(ord uint64) string {
	cold := st.table.Record(ord).Cold
	if _, n := st.slugs.Find(cold.Spec.Slug); n > 1 {
		return cold.ID.String()
	}
	return cold.Spec.Slug
}

// CheckDependencies says in words why a heartbeat cannot have a spec, if that is for what it would depend on.
func (s *Store) CheckDependencies(id fsm.HeartbeatID, spec fsm.Spec) error {
	if len(spec.DependsOn) == 0 {
		return nil
	}
	s.mu.Lock() // it is taken out of the graph meanwhile
	defer s.mu.Unlock()
	st := s.st
	ord := st.byID(id)
	if ord != 0 {
		cold := st.table.Record(ord).Cold
		st.depends.Remove(ord)
		defer func() {
			st.watchTags(st.depends.Put(dependencies.Node{Ordinal: ord, ID: id, Tags: cold.Spec.Tags, DependsOn: cold.Spec.DependsOn}))
		}()
	}
	err := st.depends.Check(dependencies.Node{Ordinal: ord, ID: id, Tags: spec.Tags, DependsOn: spec.DependsOn}, st.byID)
	var circle *dependencies.CircleError
	if !errors.As(err, &circle) || len(circle.Path) == 0 {
		return err
	}
	return dependencyError("depends_on makes a circle: " + st.inWords(circle.Path, spec.Slug))
}

// inWords tells a circle that begins and ends with a heartbeat of a slug.
func (st *state) inWords(path []dependencies.Step, slug string) string {
	words := make([]string, 0, len(path))
	for _, x := range path {
		name := slug
		if x.Ordinal != 0 {
			name = st.slugOrID(x.Ordinal)
		}
		if x.Tag != "" {
			name = "tag:" + x.Tag + " (" + name + ")"
		}
		words = append(words, name)
	}
	return strings.Join(words, " → ")
}
