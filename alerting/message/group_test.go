package message

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func member(name, from string, tags ...string) fsm.Alert {
	a := fsm.Alert{Kind: fsm.AlertDown, CreatedAt: time.Date(2026, 5, 1, 2, 10, 0, 0, time.UTC)}
	a.Evidence.Name, a.Evidence.LastFrom, a.About.Tags = name, from, tags
	return a
}

// times makes some members that differ in their names only.
func times(n int, format, from string, tags ...string) (list []fsm.Alert) {
	for i := range n {
		list = append(list, member(fmt.Sprintf(format, i), from, tags...))
	}
	return list
}

// ofMonitor makes them about the monitor itself.
func ofMonitor(members []fsm.Alert) []fsm.Alert {
	for i := range members {
		members[i].Evidence.System.Kind = fsm.SystemNodeLost
	}
	return members
}

func TestDigestsGroupByWhatExplainsMost(t *testing.T) {
	join := slices.Concat[[]fsm.Alert]
	for _, c := range []struct {
		name    string
		members []fsm.Alert
		groups  []string
		rest    int
	}{
		{"nothing in common", times(5, "%d", ""), nil, 5},
		{"two are no group", times(2, "%d", "192.0.2.1"), nil, 2},
		{"an address", times(14, "%d", "192.0.2.1", "prod"), []string{"14 from 192.0.2.1"}, 0},
		{"a tag, as the jobs run anywhere", join(times(4, "%d", "192.0.2.1", "db-3"), times(4, "x%d", "192.0.2.2", "db-3")), []string{"8 tagged db-3"}, 0},
		{"the machine, though a tag has a few more", join(times(8, "%d", "192.0.2.1", "prod"), times(2, "x%d", "", "prod")), []string{"8 from 192.0.2.1"}, 2},
		{"the tag, if it has many more", join(times(4, "%d", "192.0.2.1", "prod"), times(9, "x%d", "", "prod")), []string{"13 tagged prod"}, 0},
		{"the beginning of names, the longest", times(3, "db-3-%d", ""), []string{"3 named db-3-*"}, 0},
		{
			"several, and the rest", join(times(5, "%d", "192.0.2.1"), times(4, "%d", "", "mail"), times(3, "web/%d", ""), times(2, "y%d", "")),
			[]string{"5 from 192.0.2.1", "4 tagged mail", "3 named web/*"},
			2,
		},
		{"a whole name is no beginning", []fsm.Alert{member("db-", ""), member("db-", ""), member("db-", "")}, nil, 3},
		{"the monitor's own troubles are no heartbeats", ofMonitor(times(3, "node-%d", "192.0.2.1")), nil, 3},
		{"none at all", nil, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			groups, rest := GroupOf(c.members)
			var got []string
			for _, g := range groups {
				got = append(got, fmt.Sprintf("%d %s", len(g.Members), g.with()))
			}
			if !slices.Equal(got, c.groups) || len(rest) != c.rest {
				t.Errorf("%q and %d others, want %q and %d", got, len(rest), c.groups, c.rest)
			}
		})
	}
}

func TestAGroupTellsWhatHappenedAndWhen(t *testing.T) {
	a := times(14, "%d", "", "db-3")
	if got := groupMembers(a)[0].sentence; got != "14 heartbeats tagged db-3 stopped at Fri 1 May 2026 02:10:00 UTC." {
		t.Error(got)
	}
	a[3].CreatedAt = a[3].CreatedAt.Add(20 * time.Minute)
	a[4].Evidence.Failed = true
	if got := groupMembers(a)[0].sentence; got != "14 heartbeats tagged db-3 fail between Fri 1 May 2026 02:10:00 UTC and Fri 1 May 2026 02:30:00 UTC." {
		t.Error(got)
	}
}

// TestGroupsHoldForAnyAlerts: each heartbeat is counted once, each of a group has what it shares, no group
// is small, the first explains most, and the order of the alerts changes nothing.
func TestGroupsHoldForAnyAlerts(t *testing.T) {
	word := rapid.SampledFrom([]string{"a", "b", "db", "mail-in"})
	alert := rapid.Custom(func(t *rapid.T) fsm.Alert {
		name := word.Draw(t, "first") + rapid.SampledFrom([]string{"-", "/", ""}).Draw(t, "between") + rapid.StringN(0, 3, 6).Draw(t, "end")
		return member(name, rapid.SampledFrom([]string{"", "192.0.2.1", "192.0.2.2"}).Draw(t, "from"), rapid.SliceOfN(word, 0, 3).Draw(t, "tags")...)
	})
	rapid.Check(t, func(t *rapid.T) {
		alerts := rapid.SliceOfN(alert, 0, 40).Draw(t, "alerts")
		groups, rest := GroupOf(alerts)
		seen := slices.Clone(rest)
		for _, g := range groups {
			seen = append(seen, g.Members...)
			if len(g.Members) < minOfGroup {
				t.Errorf("a group of %d", len(g.Members))
			}
			for _, i := range g.Members {
				if !slices.Contains(keysOf(alerts[i]), key{g.By, g.Value}) {
					t.Errorf("%q is in the group %s", alerts[i].Evidence.Name, g.with())
				}
			}
		}
		if slices.Sort(seen); len(seen) != len(alerts) || len(slices.Compact(seen)) != len(alerts) {
			t.Errorf("%d alerts, of which %v are told", len(alerts), seen)
		}
		counts := map[key]int{}
		for _, a := range alerts {
			for _, k := range keysOf(a) {
				counts[k]++
			}
		}
		for k, n := range counts {
			if n >= minOfGroup && (len(groups) == 0 || n*k.by.weight() > len(groups[0].Members)*groups[0].By.weight()) {
				t.Errorf("%v explains %d, and is not the first group", k, n)
			}
		}
		shuffled := slices.Clone(alerts)
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again, _ := GroupOf(shuffled)
		same := func(a, b Group) bool { return a.By == b.By && a.Value == b.Value && len(a.Members) == len(b.Members) }
		if !slices.EqualFunc(groups, again, same) {
			t.Errorf("%v, and in another order %v", groups, again)
		}
	})
}

// BenchmarkGroup groups the digest of a storm.
func BenchmarkGroup(b *testing.B) {
	var alerts []fsm.Alert
	for i := range 10_000 {
		alerts = append(alerts, member(fmt.Sprintf("team-%d/service-%d/job", i%7, i), fmt.Sprintf("10.0.%d.%d", i%200, i%250), "prod", fmt.Sprint("rack-", i%40)))
	}
	for b.Loop() {
		GroupOf(alerts)
	}
}
