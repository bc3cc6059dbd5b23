package leader

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestGapAtElection(t *testing.T) {
	const unknown = -1
	now := time.Now()
	tests := []struct {
		name    string
		witness Witness
		stamp   time.Duration // of the newest batch, before now
		want    time.Duration // 0: none
	}{
		{"a short election is none while somebody held pings", Witness{true, 3 * time.Second}, time.Hour, 0},
		{"ten seconds are none then", Witness{true, 10 * time.Second}, 0, 0},
		{"a longer one counts whole", Witness{true, 40 * time.Second}, 0, 40 * time.Second},
		{"where nobody held any, it counts from its first moment", Witness{false, 3 * time.Second}, time.Hour, 3 * time.Second},
		{"after a restart of all nodes the wall clock must do", Witness{false, unknown}, time.Hour, time.Hour},
		{"and a quick one counts, too", Witness{false, unknown}, 4 * time.Second, 4 * time.Second},
		{"some node's monotonic clock is believed before a wall clock that is wrong", Witness{false, 6 * time.Second}, -time.Hour, 6 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			gap, ok := gapAtElection(now, now.Add(-tt.stamp).Round(0), tt.witness, 0)
			if ok != (tt.want != 0) {
				t.Fatalf("gap %v, %v", gap, ok)
			}
			if want := (fsm.RecordGap{From: now.Add(-tt.want).UnixMilli(), To: now.UnixMilli()}); ok && gap != want {
				t.Errorf("gap %v, want %v", gap, want)
			}
		})
	}
	t.Run("a new cluster has none", func(t *testing.T) {
		if gap, ok := gapAtElection(now, time.Time{}, Witness{Quiet: unknown}, 0); ok {
			t.Errorf("gap %v", gap)
		}
	})
	t.Run("a wall clock behind the newest stamp leaves the length unknown", func(t *testing.T) {
		gap, ok := gapAtElection(now, now.Round(0), Witness{Quiet: unknown}, -24*time.Hour)
		if want := (fsm.RecordGap{From: now.UnixMilli(), To: now.UnixMilli()}); !ok || gap != want {
			t.Errorf("gap %v, %v, want %v", gap, ok, want)
		}
	})
}

func TestWitnessesTogether(t *testing.T) {
	none := Witness{Quiet: -1}
	for _, tt := range []struct{ a, b, want Witness }{
		{none, none, none},
		{none, Witness{true, time.Second}, Witness{true, time.Second}},
		{Witness{false, 2 * time.Second}, none, Witness{false, 2 * time.Second}},
		{Witness{true, 2 * time.Second}, Witness{false, time.Second}, Witness{true, time.Second}},
	} {
		if got := tt.a.join(tt.b); got != tt.want {
			t.Errorf("%v and %v: %v, want %v", tt.a, tt.b, got, tt.want)
		}
		if got := tt.b.join(tt.a); got != tt.want {
			t.Errorf("%v and %v: %v, want %v", tt.b, tt.a, got, tt.want)
		}
	}
}

// TestTheLeadersOwnCommandsAreRepeatedUntilTheyCommit refuses them at first, as
// Raft does while a leader is new or loses its majority for a moment.
func TestTheLeadersOwnCommandsAreRepeatedUntilTheyCommit(t *testing.T) {
	answers := []error{fsm.ErrNotLeader, fsm.ErrUnknownOutcome, fsm.ErrStaleTerm, nil}
	tries := 0
	l := New(Options{Log: slog.New(slog.DiscardHandler), Propose: func(context.Context, uint64, fsm.Command) error {
		tries++
		return answers[tries-1]
	}})
	l.commitOwn(t.Context(), 1, "test", fsm.RecordGap{From: 1, To: 2})
	if tries != len(answers) {
		t.Errorf("%d tries, want %d", tries, len(answers))
	}
}

// TestASlowClockIsCorrected starts with a wall clock that is behind, which then
// learns the time.
func TestASlowClockIsCorrected(t *testing.T) {
	for name, length := range map[string]time.Duration{"the gap seemed short": time.Minute, "its length was unknown": 0} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { correctSlowClock(t, length) }) })
	}
}

func correctSlowClock(t *testing.T, length time.Duration) {
	started := time.Now()
	from := started.Add(-time.Hour)
	gap := fsm.RecordGap{From: from.UnixMilli(), To: from.Add(length).UnixMilli()}
	behind := func() time.Duration {
		if time.Since(started) < 500*time.Millisecond {
			return -2 * time.Hour
		}
		return 0
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got fsm.RecordGap
	l := New(Options{Log: slog.New(slog.DiscardHandler), WallOffset: behind, Propose: func(_ context.Context, _ uint64, cmd fsm.Command) error {
		got = cmd.(fsm.RecordGap)
		cancel()
		return nil
	}})
	l.correctGap(ctx, 1, gap)
	if late := got.To - started.UnixMilli(); got.From != gap.From || late != 0 {
		t.Errorf("gap %v, which ends %d ms after the election", got, late)
	}
}
