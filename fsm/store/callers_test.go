package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestTheHistoryTellsWhoPinged sends pings and signals of all kinds from a few addresses
// and holds the history against what was sent, under limits of several lengths, and again
// from an image.
func TestTheHistoryTellsWhoPinged(t *testing.T) {
	testkit.SkipUnderRace(t)
	addrs := []netip.Addr{
		netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("198.51.100.9"), {},
	}
	for _, history := range []int{1, 3, 100, 30_000} {
		for seed := range uint64(8) {
			rnd := rand.New(rand.NewPCG(seed, uint64(history)))
			s, ordinal, id := storeWithHeartbeat(t, history)
			var want []string // oldest first
			sent := 400
			if history > 1000 {
				sent = 12_000 // parts of it are sealed
			}
			wall := int64(1_700_000_000_000)
			for range sent {
				wall += 60_000
				from := addrs[rnd.IntN(1+rnd.IntN(len(addrs)))]
				var cmd fsm.Command = fsm.Ping{Ordinal: ordinal, From: from}
				switch kind := fsm.SignalKind(rnd.IntN(4)); rnd.IntN(6) {
				case 0:
					cmd = fsm.Signal{Ordinal: ordinal, From: from, Tells: kind, Exit: fsm.NotKnown}
				case 1:
					cmd = fsm.Signal{Ordinal: ordinal, From: from, Tells: fsm.SignalFail, Exit: 3}
				case 2:
					cmd = fsm.Signal{Ordinal: ordinal, From: from, Exit: fsm.NotKnown, At: wall - 90_000} // stale, or not
				}
				applyAt(t, s, wall, cmd)
				told := ""
				if from.IsValid() {
					told = from.String()
				}
				want = append(want, told)
			}
			want = want[max(0, len(want)-history):]
			checkFrom(t, fmt.Sprintf("limit %d, seed %d", history, seed), s, id, want)
			var image bytes.Buffer
			if _, err := s.Snapshot().WriteTo(&image); err != nil {
				t.Fatal(err)
			}
			again := New()
			if err := again.Restore(bytes.NewReader(image.Bytes())); err != nil {
				t.Fatal(err)
			}
			checkFrom(t, fmt.Sprintf("limit %d, seed %d, restored", history, seed), again, id, want)
		}
	}
}

// checkFrom reads a history page by page.
func checkFrom(t *testing.T, what string, s *Store, id fsm.HeartbeatID, want []string) {
	t.Helper()
	before, at := uint64(0), len(want)
	for more := true; more; {
		list, m, err := s.Pings(id, 77, before)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			if at--; p.From != want[at] && !(want[at] == "" && p.Kind.EndsRun()) {
				t.Fatalf("%s: ping %d, the %d. of %d kept (%s), is from %q, want %q", what, p.Number, at, len(want), p.Kind, p.From, want[at])
			}
			before = p.Number
		}
		more = m
	}
	if at != 0 {
		t.Fatalf("%s: %d pings are missing", what, at)
	}
}

// TestAFewBytesSayWhoPinged measures what addresses cost in the history.
func TestAFewBytesSayWhoPinged(t *testing.T) {
	for name, c := range map[string]struct {
		from func(i int) string
		most float64 // bytes a ping
	}{
		"always the same":    {func(int) string { return "192.0.2.7" }, 2.2},
		"two in turn":        {func(i int) string { return []string{"192.0.2.7", "2001:db8::1"}[i%2] }, 5.5},
		"another every time": {func(i int) string { return fmt.Sprintf("10.0.%d.%d", i/256, i%256) }, 11},
	} {
		s, ordinal, _ := storeWithHeartbeat(t, 100)
		for i := range 100 {
			applyAt(t, s, 1_700_000_000_000+int64(i)*60_000+int64(i*7919%1000), fsm.Ping{Ordinal: ordinal, From: netip.MustParseAddr(c.from(i))})
		}
		page, slot := s.st.table.At(ordinal)
		var g history.Gathered
		g.Gather(&page.History, page)
		if got := float64(len(g.Append(nil, slot))) / 100; got > c.most {
			t.Errorf("%s: %.1f bytes a ping, want %.1f", name, got, c.most)
		} else {
			t.Logf("%s: %.1f bytes a ping", name, got)
		}
	}
}

// storeWithHeartbeat has one heartbeat, of which so many pings are kept.
func storeWithHeartbeat(t *testing.T, kept int) (*Store, uint64, fsm.HeartbeatID) {
	t.Helper()
	s := New()
	settings := fsm.DefaultSettings()
	settings.History = kept
	applyAt(t, s, 1_600_000_000_000, fsm.SetSettings{Settings: settings}, fsm.Create{ID: testID(1), Token: testToken(1), Spec: testSpec(60, 60, 2)})
	ordinal, _ := s.Ordinal(testToken(1))
	return s, ordinal, testID(1)
}

// applyAt commits commands at a wall time.
func applyAt(t *testing.T, s *Store, wall int64, cmds ...fsm.Command) {
	t.Helper()
	b := logentry.Batch{Term: 1, Wall: wall}
	for _, c := range cmds {
		b.Items = append(b.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)})
	}
	if _, err := s.Apply(logentry.Append(nil, &b), 1); err != nil {
		t.Fatal(err)
	}
}
