package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// changeRig drives a store like a rig, with places in the log, and returns what each command
// changed.
type changeRig struct {
	*rig
	at fsm.Position
}

func (d *changeRig) do(delta uint32, cmds ...fsm.Command) (words []string) {
	d.t.Helper()
	b := logentry.Batch{Term: d.term, Wall: d.wall, Delta: delta}
	d.wall += int64(delta)
	for _, c := range cmds {
		b.Items = append(b.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)})
	}
	before := d.at
	d.at.Index, d.at.Term = d.at.Index+1, d.term
	if _, err := d.s.ApplyAt(d.at, logentry.Append(nil, &b)); err != nil {
		d.t.Fatal(err)
	}
	list, to, ok := d.s.Changes(before, 1000)
	if !ok || to != d.at || to != d.s.Position() {
		d.t.Fatalf("changes up to %v, %v; want %v", to, ok, d.at)
	}
	for _, c := range list {
		switch {
		case c.Deleted:
			words = append(words, fmt.Sprintf("%d deleted %v", c.Ordinal, c.Lost))
		case c.Until != 0:
			words = append(words, fmt.Sprintf("%d ends incident %d", c.Ordinal, c.Incident))
		case c.Incident != 0:
			words = append(words, fmt.Sprintf("%d begins incident %d: %s", c.Ordinal, c.Incident, c.Reason))
		case c.Lost != nil:
			words = append(words, fmt.Sprintf("%d lost %v", c.Ordinal, c.Lost))
		default:
			words = append(words, fmt.Sprint(c.Ordinal))
		}
	}
	return words
}

func TestChangesAreTold(t *testing.T) {
	d := &changeRig{rig: newRig(t)}
	spec := fsm.Spec{Name: "a", Slug: "a", Interval: 1, Grace: 0, Threshold: 2, Arm: fsm.ArmCreated, Tags: []string{"x", "y"}}
	id := fsm.HeartbeatID{1}
	ping, fail := fsm.Ping{Ordinal: 1}, fsm.Signal{Ordinal: 1, Tells: fsm.SignalFail, Exit: 3}
	expect := func(what string, got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	tick := func(d *changeRig, times int) (all []string) {
		for range times {
			all = append(all, d.do(500)...)
		}
		return all
	}
	expect("creating", d.do(0, fsm.Create{ID: id, Token: fsm.Token{1}, Spec: spec}), "1")
	expect("the first ping", d.do(0, ping), "1")
	expect("another ping", d.do(0, ping))
	expect("a miss", tick(d, 4), "1")
	expect("a ping that ends a miss", d.do(0, ping), "1")
	expect("silence", tick(d, 8), "1", "1", "1 begins incident 1: silence")
	expect("recovery", d.do(0, ping), "1 ends incident 1", "1")
	expect("failure", d.do(0, fail), "1 begins incident 2: failure")
	expect("failure again", d.do(0, fail))
	expect("edit", d.do(0, fsm.Update{ID: id, Patch: fsm.Patch{Tags: &[]string{"y", "z"}}}), "1 lost [x]")
	expect("an edit of nothing", d.do(0, fsm.Update{ID: id, Patch: fsm.Patch{Tags: &[]string{"y", "z"}}}))
	expect("a pause", d.do(0, fsm.Pause{ID: id}), "1 ends incident 2", "1")
	expect("resume", d.do(0, fsm.Resume{ID: id}), "1")
	expect("a command that is refused", d.do(0, fsm.Pause{ID: fsm.HeartbeatID{9}}))
	expect("delete", d.do(0, fsm.Delete{ID: id}), "1 deleted [y z]")
}

func TestAStaleTermChangesNothing(t *testing.T) {
	s := New()
	b := logentry.Batch{Term: 1, Wall: time.Now().UnixMilli()}
	if _, err := s.ApplyAt(fsm.Position{Index: 7, Term: 2}, logentry.Append(nil, &b)); err != nil {
		t.Fatal(err)
	}
	if list, _, _ := s.Changes(fsm.Position{}, 10); list != nil {
		t.Errorf("changes: %v", list)
	}
}
