package web

import (
	"fmt"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/api/web/roster"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestCookiesAreSealed(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	old, young := Keys{{1}}, Keys{{2}, {1}} // the secret was replaced
	hash := [32]byte{7}
	cookie := old.seal(hash, now)
	if s, err := young.open([]byte(cookie), now); err != nil || s.hash != hash || !s.since.Equal(now) {
		t.Errorf("%+v %v", s, err)
	}
	if _, err := (Keys{{2}}).open([]byte(cookie), now); err == nil {
		t.Error("opened with another key")
	}
	if _, err := old.open([]byte(cookie), now.Add(sessionFor+time.Second)); err == nil {
		t.Error("it is too old")
	}
	for i := range cookie {
		if c := []byte(cookie); c[i] != 'A' {
			c[i] = 'A'
			if _, err := old.open(c, now); err == nil && i < len(cookie)-1 { // the last bits are none of it
				t.Errorf("opened though byte %d is another", i)
			}
		}
	}
}

// TestStreamsOfOnePageShareItsRendering counts how often a page is rendered for many.
func TestStreamsOfOnePageShareItsRendering(t *testing.T) {
	var l looks
	rendered, came := 0, uint64(7)
	see := func() live {
		rendered++
		return live{Pieces: []piece{{"a", "b"}}}
	}
	var leaves []func()
	for range 50 {
		shared, leave := l.join(watched{"page", see, func() uint64 { return came }})
		if got, _ := shared(); len(got.Pieces) != 1 {
			t.Fatalf("%+v", got)
		}
		leaves = append(leaves, leave)
	}
	if rendered != 1 {
		t.Errorf("rendered %d times", rendered)
	}
	came++
	testkit.Eventually(t, "it is rendered again as soon as a glance shows that something came", func() bool {
		for range 10 {
			_, _ = l.all["page"].now(watched{"page", see, func() uint64 { return came }})
		}
		return rendered > 1
	})
	for _, leave := range leaves {
		leave()
	}
	if len(l.all) != 0 {
		t.Error("the page is kept though nobody looks at it")
	}
}

// TestStreamsOfDifferentRowsAreNotShared: a list that was opened later has other rows.
func TestStreamsOfDifferentRowsAreNotShared(t *testing.T) {
	state := store.New()
	s := New(nil, state, nil)
	add := func(name string) {
		t.Helper()
		c := fsm.Create{ID: fsm.HeartbeatID([]byte(fmt.Sprintf("%012s", name))), Spec: fsm.Spec{Name: name, Slug: "x", Interval: 60, Threshold: 1, Arm: fsm.ArmCreated}}
		copy(c.Token[:], name)
		b := logentry.Batch{Term: 1, Items: []logentry.Item{{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)}}}
		if res, err := state.Apply(logentry.Append(nil, &b), 1); err != nil || res[0].Code != fsm.CodeOK {
			t.Fatal(res, err)
		}
	}
	add("a")
	before := s.watchList(roster.Choice{Sort: "state", Page: 1}, true)
	same := s.watchList(roster.Choice{Sort: "state", Page: 1}, true)
	add("b")
	s.view.Read(time.Now())
	after := s.watchList(roster.Choice{Sort: "state", Page: 1}, true)
	if before.page != same.page || before.page == after.page {
		t.Errorf("pages %q, %q, and then %q", before.page, same.page, after.page)
	}
	if before.glance() != same.glance() || before.glance() == after.glance() {
		t.Error("a glance at the same rows differs, or one at others does not")
	}
	glimpse := after.glance()
	ping := logentry.Batch{Term: 1, Items: []logentry.Item{{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, fsm.Ping{Ordinal: s.view.Read(time.Time{}).Entries[0].Ordinal})}}}
	if res, err := state.Apply(logentry.Append(nil, &ping), 1); err != nil || after.glance() == glimpse {
		t.Errorf("a glance does not see a ping: %v %v", res, err)
	}
	if got := after.see(); len(got.Pieces) != 3 || got.Moved != 0 { // two rows and the counts
		t.Errorf("%+v", got)
	}
}
