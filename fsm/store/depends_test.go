package store

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// dependent is a spec with a slug of its own that depends on others.
func dependent(slug string, on ...string) fsm.Spec {
	spec := testSpec(60, 5, 1)
	spec.Name, spec.Slug, spec.DependsOn = slug, slug, on
	return spec
}

func tagged(spec fsm.Spec, tags ...string) fsm.Spec {
	spec.Tags = tags
	return spec
}

// addRecoveries adds heartbeats on which others depend, and which recovered.
func addRecoveries(r *rig) {
	r.create(431, tagged(dependent("host"), "db"))
	r.create(432, dependent("by-id", testID(431).String()))
	r.create(433, dependent("by-tag", "tag:db"))
	r.create(434, dependent("alone"))
	r.run(70 * time.Second)
	r.ping(431)
	r.ping(434)
}

// TestCirclesAreRefused: whoever makes the edge that closes one, by a name or by a tag, and in words that name it.
func TestCirclesAreRefused(t *testing.T) {
	r := newRig(t)
	id := func(n int) string { return testID(n).String() }
	r.create(1, dependent("root"))
	r.create(2, dependent("middle", id(1)))
	r.create(3, dependent("leaf", id(2), "tag:db"))
	refused := func(c fsm.Command, want string) {
		t.Helper()
		before := imageOf(t, r.s)
		if code := r.do(c).Code; code != fsm.CodeInvalid {
			t.Fatalf("%T: %d", c, code)
		}
		if !bytes.Equal(before, imageOf(t, r.s)) {
			t.Errorf("%T changed something", c)
		}
		spec, hb := fsm.Spec{}, fsm.HeartbeatID{}
		switch c := c.(type) {
		case fsm.Update:
			h, _ := r.s.Heartbeat(c.ID)
			spec, hb = c.Patch.Apply(h.Spec), c.ID
		case fsm.Create:
			spec, hb = c.Spec, c.ID
		}
		if err := r.s.CheckDependencies(hb, spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if !bytes.Equal(before, imageOf(t, r.s)) || r.s.CheckDependencies(testID(3), r.heartbeat(3).Spec) != nil {
			t.Error("asking for the words changed something")
		}
	}
	refused(fsm.Update{ID: testID(1), Patch: fsm.Patch{DependsOn: &[]string{id(3)}}}, "root → leaf → middle → root")
	refused(fsm.Update{ID: testID(1), Patch: fsm.Patch{DependsOn: &[]string{id(1)}}}, "root → root")
	refused(fsm.Create{ID: testID(4), Token: testToken(4), Spec: tagged(dependent("new", id(3)), "db")}, "new → leaf → tag:db (new)")
	r.create(5, tagged(dependent("db-1", "tag:host"), "db"))
	refused(fsm.Update{ID: testID(3), Patch: fsm.Patch{Tags: &[]string{"host"}}}, "leaf → tag:db (db-1) → tag:host (leaf)")
	r.must(fsm.Update{ID: testID(3), Patch: fsm.Patch{Tags: &[]string{"host"}, DependsOn: &[]string{id(2)}}})
	r.must(fsm.Update{ID: testID(3), Patch: fsm.Patch{Owner: new("ops")}})
	r.must(fsm.Delete{ID: testID(2)})
	r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{DependsOn: &[]string{id(3)}}}) // what went over the deleted one is none
	if got := r.s.NameDependencies(r.heartbeat(3).Spec.DependsOn); len(got) != 0 {
		t.Errorf("a deleted one is shown: %v", got)
	}
}

func TestNamesOfDependencies(t *testing.T) {
	r := newRig(t)
	r.create(1, dependent("root"))
	r.create(2, dependent("twin"))
	r.create(3, dependent("twin"))
	id := func(n int) string { return testID(n).String() }
	got, err := r.s.ResolveDependencies([]string{"root", id(2), "tag:a b"})
	if err != nil || strings.Join(got, " ") != id(1)+" "+id(2)+" tag:a b" {
		t.Errorf("%v, %v", got, err)
	}
	if back := r.s.NameDependencies(got); strings.Join(back, " ") != "root "+id(2)+" tag:a b" {
		t.Errorf("%v", back)
	}
	for written, want := range map[string]string{"twin": "several heartbeats", "nobody": "no heartbeat of this slug or ID", id(9): "no heartbeat", "": "no heartbeat", "tag:": "no heartbeat"} {
		if _, err := r.s.ResolveDependencies([]string{"root", written}); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "depends_on[1]") {
			t.Errorf("%q: %v", written, err)
		}
	}
}

// TestDependenciesAreRestored: a restored store refuses and knows the same.
func TestDependenciesAreRestored(t *testing.T) {
	r := newRig(t)
	addRecoveries(r)
	fresh := New()
	if err := fresh.Restore(bytes.NewReader(imageOf(t, r.s))); err != nil {
		t.Fatal(err)
	}
	ord := r.s.st.byID(testID(431))
	for what, s := range map[string]*Store{"itself": r.s, "restored": fresh} {
		g := s.st.depends
		at, ok := g.RecoveredAt(ord)
		first, _, byTag := g.RecoveredWith("db")
		if g.Len() != 2 || !ok || at == 0 || first != ord || !byTag {
			t.Errorf("%s: %d depend, recovered %d %v, by tag %d", what, g.Len(), at, ok, first)
		}
		if _, ok := g.RecoveredAt(s.st.byID(testID(434))); ok {
			t.Errorf("%s: it is kept of one on which nothing depends", what)
		}
	}
	r.run(70 * time.Second)
	failing := New()
	if err := failing.Restore(bytes.NewReader(imageOf(t, r.s))); err != nil {
		t.Fatal(err)
	}
	if got := failing.st.depends.FailingWith("db"); got != ord || r.s.st.depends.FailingWith("db") != ord {
		t.Errorf("with the tag fails %d, want %d", got, ord)
	}
}

// sent claims, fences and settles what a sender could send now, and names the heartbeats that were told of.
func (r *rig) sent() (told []string) {
	r.t.Helper()
	for {
		work := r.s.Work(r.term, 100)
		for _, d := range work.Digests {
			r.must(d)
		}
		if len(work.Ready) == 0 {
			return told
		}
		for _, id := range work.Ready {
			a, _ := r.s.Alert(id)
			attempt := a.Attempt + 1
			if r.do(fsm.Claim{Alert: id, Term: r.term, Attempt: attempt}).Code != fsm.CodeOK {
				continue
			}
			r.must(fsm.Fence{Alert: id, Term: r.term, Attempt: attempt})
			r.must(fsm.Settle{Alert: id, Term: r.term, Attempt: attempt, Outcome: fsm.OutcomeSent})
			told = append(told, a.Kind.String()+" "+a.Evidence.Name)
		}
	}
}

func (r *rig) wantTold(when string, want ...string) {
	r.t.Helper()
	if got := r.sent(); strings.Join(got, ", ") != strings.Join(want, ", ") {
		r.t.Errorf("%s: told %q, want %q", when, got, want)
	}
}

// waitOf is what the newest alert of a heartbeat waits for.
func (r *rig) waitOf(n int) string {
	id := testID(n)
	list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
	if len(list) == 0 {
		return "no alert"
	}
	return list[0].WaitsFor.Words()
}

// tree makes three levels: host, database, report. Each is expected every 60 s; graces are 5, 10 and 20 s.
func (r *rig) tree() {
	for n, grace := range []int64{5, 10, 20} {
		spec := dependent([]string{"host", "database", "report"}[n])
		if spec.Grace = grace; n > 0 {
			spec.DependsOn = []string{testID(n).String()}
		}
		r.create(n+1, spec)
	}
}

func TestAChildWaitsForItsParent(t *testing.T) {
	r := newRig(t)
	r.tree()
	r.run(66 * time.Second)
	r.wantTold("when the host fails", "down host")
	r.run(20 * time.Second)
	r.wantTold("when all fail")
	if got := r.waitOf(3); got != "waits for database, which it depends on" {
		t.Error(got)
	}
	id := testID(1)
	list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
	if a, _ := r.s.Alert(list[0].ID); strings.Join(a.Dependents, ", ") != "database, report" || a.MoreDependents != 0 {
		t.Errorf("the host's alert names %v and %d more", a.Dependents, a.MoreDependents)
	}
	r.ping(1)
	r.wantTold("when the host is back", "recovered host")
	r.run(9 * time.Second)
	r.wantTold("before the grace is over")
	r.ping(3)
	r.wantTold("when the report is back") // neither is told of it
	r.run(2 * time.Second)
	r.wantTold("after the database's grace", "down database")
	r.ping(2)
	r.wantTold("when the database is back", "recovered database")
	if got := strings.Join(r.alerts(3), ", "); got != "down cancelled, recovered cancelled" {
		t.Errorf("the report: %s", got)
	}
}

// TestTheGraceAfterARecoveryIsTheChilds, of each level.
func TestTheGraceAfterARecoveryIsTheChilds(t *testing.T) {
	r := newRig(t)
	r.tree()
	r.run(90 * time.Second)
	r.wantTold("all fail", "down host")
	r.ping(1)
	r.wantTold("the host is back", "recovered host")
	r.run(11 * time.Second)
	r.wantTold("10 s later", "down database")
	r.run(10 * time.Second)
	r.wantTold("20 s later") // the report waits for the database now
	r.ping(2)
	r.wantTold("the database is back", "recovered database")
	r.run(19 * time.Second)
	r.wantTold("19 s later")
	r.run(2 * time.Second)
	r.wantTold("20 s later", "down report")
}

// TestNobodyIsSilencedFor what is paused, deleted or no longer named.
func TestNobodyIsSilencedFor(t *testing.T) {
	for what, c := range map[string]fsm.Command{
		"a paused host":            fsm.Pause{ID: testID(1)},
		"a deleted host":           fsm.Delete{ID: testID(1)},
		"a deleted database":       fsm.Delete{ID: testID(2)},
		"a host that is not named": fsm.Update{ID: testID(2), Patch: fsm.Patch{DependsOn: new([]string)}},
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t)
			r.tree()
			r.ping(2)
			r.run(61 * time.Second)
			r.ping(2) // it goes well
			r.run(30 * time.Second)
			r.wantTold("before", "down host")
			r.must(c)
			r.wantTold("after", "down report")
		})
	}
}

// TestALateParentHoldsForItsGrace: a child that fails first waits until the parent is judged.
func TestALateParentHoldsForItsGrace(t *testing.T) {
	late := func(t *testing.T, threshold int) *rig {
		r := newRig(t)
		parent, child := dependent("host"), dependent("report", testID(1).String())
		parent.Grace, parent.Threshold = 30, threshold
		r.create(1, parent)
		r.create(2, child)
		r.run(66 * time.Second)
		r.wantTold("when the child fails")
		if got := r.waitOf(2); got != "waits for host, which it depends on" {
			t.Error(got)
		}
		return r
	}
	t.Run("which then fails", func(t *testing.T) {
		r := late(t, 1)
		r.run(24 * time.Second)
		r.wantTold("within the grace")
		r.run(2 * time.Second)
		r.wantTold("when it fails, too", "down host")
	})
	t.Run("which then does not fail yet", func(t *testing.T) {
		r := late(t, 2)
		r.run(26 * time.Second)
		r.wantTold("when its grace is over", "down report")
	})
	t.Run("which then pings", func(t *testing.T) {
		r := late(t, 1)
		r.ping(1)
		r.run(6 * time.Second)
		r.wantTold("soon", "down report")
		r.run(60 * time.Second)
	})
	t.Run("which was not late", func(t *testing.T) {
		r := newRig(t)
		parent := dependent("host")
		parent.Interval = 600
		r.create(1, parent)
		r.create(2, dependent("report", testID(1).String()))
		r.run(66 * time.Second)
		r.wantTold("at once", "down report")
	})
}

// TestATagHoldsAsAHeartbeatDoes: each that has it, also one that got it while it failed.
func TestATagHoldsAsAHeartbeatDoes(t *testing.T) {
	r := newRig(t)
	r.create(1, dependent("host"))
	spec := dependent("report", "tag:db")
	spec.Grace = 10
	r.create(2, spec)
	r.run(66 * time.Second)
	r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Tags: &[]string{"db"}}})
	r.run(10 * time.Second)
	r.wantTold("both fail", "down host")
	if got := r.waitOf(2); got != "waits for host, which it depends on" {
		t.Error(got)
	}
	r.ping(1)
	r.run(9 * time.Second)
	r.wantTold("the host is back", "recovered host")
	r.run(2 * time.Second)
	r.wantTold("a grace later", "down report")
}

// claim is a claim of the newest alert of a heartbeat.
func (r *rig) claim(n int) fsm.Claim {
	id := testID(n)
	list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
	return fsm.Claim{Alert: list[0].ID, Term: r.term, Attempt: list[0].Attempt + 1}
}

// TestNoAlertSlipsOutBeforeItsParentIsJudged: neither in the moment in which the parent's deadline has come and the horizon
// has not, nor while judging lags behind.
func TestNoAlertSlipsOutBeforeItsParentIsJudged(t *testing.T) {
	t.Run("as its deadline comes", func(t *testing.T) {
		r := newRig(t)
		parent := dependent("host")
		parent.Grace = 30
		r.create(1, parent)
		r.create(2, dependent("report", testID(1).String()))
		r.run(90*time.Second - time.Millisecond)
		if code := r.batch(500, r.claim(2))[0].Code; code != fsm.CodeRejected {
			t.Errorf("the claim was answered %d", code)
		}
		r.tick()
		r.wantTold("then", "down host")
	})
	for _, on := range []string{testID(1).String(), "tag:db"} {
		t.Run("while judging lags, by "+on[:3], func(t *testing.T) {
			r := newRig(t)
			parent, child := tagged(dependent("host"), "db"), dependent("report", on)
			parent.Interval = 61
			r.create(1, parent)
			r.create(2, child)
			r.run(64 * time.Second)
			r.s.maxJudged = 1
			r.batch(2000)
			r.batch(1) // judges the child, and not the host
			if h := r.heartbeat(1); h.Status != fsm.StatusActive {
				t.Fatalf("the host is %s already", h.Status)
			}
			if code := r.do(r.claim(2)).Code; code != fsm.CodeRejected {
				t.Errorf("the claim was answered %d", code)
			}
			r.wantTold("then", "down host")
		})
	}
}
