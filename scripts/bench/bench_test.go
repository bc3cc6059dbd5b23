package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/load"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

func TestSpreads(t *testing.T) {
	s := spread{5, 1, 4, 2}
	if s.median() != 3 || s.min() != 1 || s.max() != 5 || (spread{7, 1, 2}).median() != 2 {
		t.Errorf("median %v, min %v, max %v", s.median(), s.min(), s.max())
	}
	for p, want := range map[float64]float64{50: 2, 75: 4, 76: 5, 99: 5, 100: 5, 1: 1} {
		if got := s.percentile(p); got != want {
			t.Errorf("percentile %v is %v, want %v", p, got, want)
		}
	}
	var none spread
	if none.median() != 0 || none.percentile(99) != 0 || none.max() != 0 || none.min() != 0 {
		t.Error("nothing measured is not 0")
	}
	if got := (spread{10, 20, 90}).dividedBy(spread{20, 20, 100}); !slices.Equal(got, spread{0.5, 1, 0.9}) || got.format("%.2f") != "0.90 (0.50 to 1.00)" {
		t.Errorf("ratios %v, shown as %s", got, got.format("%.2f"))
	}
}

// TestRoundsGoForwardsAndBackwards: drift of the machine must meet all alike.
func TestRoundsGoForwardsAndBackwards(t *testing.T) {
	var order []string
	entrant := func(name string) *contestant {
		return &contestant{name: name, run: func(context.Context) (*report, error) {
			order = append(order, name)
			return &report{&load.Report{PerSecond: float64(len(order)), Answers: map[int]int64{200: 5, 503: 2}, Unsent: 1}, time.Second}, nil
		}}
	}
	list := []*contestant{entrant("a"), entrant("b"), entrant("c")}
	if err := measureRounds(t.Context(), 3, list); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, ""); got != "abccbaabc" {
		t.Errorf("measured in the order %s", got)
	}
	if c := list[1]; !slices.Equal(c.perSecond, spread{2, 5, 8}) || c.bad != 9 {
		t.Errorf("%+v", c)
	}
}

func TestPartsAreChosenByNameOrGroup(t *testing.T) {
	for list, want := range map[string]string{
		"quick": "ping,kill,latency", "kill,ping": "ping,kill", "scale": "memory,snapshot,restart", "quick,storm,ping": "ping,kill,latency,storm",
	} {
		chosen, err := chooseParts(list)
		if got := strings.Join(partNames(chosen), ","); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", list, got, err, want)
		}
	}
	if chosen, err := chooseParts("all"); err != nil || len(chosen) != len(parts) {
		t.Errorf("all: %v %v", partNames(chosen), err)
	}
	if _, err := chooseParts("ping,pong"); err == nil || !strings.Contains(err.Error(), `"pong"`) {
		t.Errorf("got %v", err)
	}
}

func TestTheTableShowsWhatIsMissed(t *testing.T) {
	var out strings.Builder
	showFindings(&out, []finding{{"speed", "≥ 0.70", "0.83", true}, {"memory", "≤ 1.5 GiB", "1.81 GiB", false}})
	for _, want := range []string{"speed   ≥ 0.70     0.83      yes", "memory  ≤ 1.5 GiB  1.81 GiB  NO"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestWhatWrkSays(t *testing.T) {
	r, err := wrkReport([]byte("Running 1s test\n  3 threads\n\n{\"requests\":1000,\"us\":500000,\"failed\":3,\"bad\":10,\"p50\":1500,\"p99\":9000}\n"))
	if err != nil || r.PerSecond != 1980 || r.Bad() != 13 || r.Latency.P50 != 1.5 || r.Latency.P99 != 9 {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := wrkReport([]byte("unable to connect\n")); err == nil {
		t.Error("an error message passes for figures")
	}
}

func TestSecondsWithASnapshotAreSortedOut(t *testing.T) {
	began := time.Now()
	at := func(secs float64) time.Time { return began.Add(time.Duration(secs * float64(time.Second))) }
	r := &load.Report{Began: began}
	for ms := range 5 {
		h := hdrhistogram.New(1, 1e8, 2)
		for range 10 {
			_ = h.RecordValue(int64(ms+1) * 1000)
		}
		text, err := h.EncodeV2()
		if err != nil {
			t.Fatal(err)
		}
		r.BySecond = append(r.BySecond, load.Second{Acknowledged: 10, Failed: int64(ms), Histogram: string(text), Latency: load.Percentiles{P99: float64(ms + 1)}})
	}
	calm, busy := newTally(), newTally()
	line, err := sortSeconds(r, []window{{at(-3), at(-1)}, {at(1.9), at(2.1)}, {at(4), at(9)}}, calm, busy)
	if err != nil || line != "1 [2] [3] 4 [5] " {
		t.Fatalf("%q %v", line, err)
	}
	if calm.seconds != 2 || calm.bad != 0+3 || busy.seconds != 3 || busy.bad != 1+2+4 || busy.h.TotalCount() != 30 {
		t.Errorf("without: %s; with: %s", calm, busy)
	}
	if p := busy.percentile(99); p < 4.9 || p > 5.1 {
		t.Errorf("p99 of the busy ones is %v ms", p)
	}
}

func TestMetricsAreFound(t *testing.T) {
	text := []byte("# HELP x\nquorumbeat_heartbeats{status=\"failing\"} 1.5e+03\nquorumbeat_heartbeats{status=\"paused\"} 2\n")
	if v, err := findMetric(text, `quorumbeat_heartbeats{status="failing"}`); err != nil || v != 1500 {
		t.Errorf("%v %v", v, err)
	}
	if _, err := findMetric(text, "quorumbeat_heartbeats"); err == nil {
		t.Error("a part of a name passes for it")
	}
}

// TestTheLargeStateIsWhatItSays reads an image as a node would.
func TestTheLargeStateIsWhatItSays(t *testing.T) {
	dir := t.TempDir()
	image, tokens := filepath.Join(dir, "image"), filepath.Join(dir, "tokens")
	const n, pings = 2500, 5
	now := time.Now()
	if err := writeImage(image, tokens, n, pings, 50, now); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := store.New()
	if err := s.Restore(f); err != nil {
		t.Fatal(err)
	}
	if totals := s.Totals(); totals.Active != n || totals.Failing != 0 || totals.Misses != 0 {
		t.Errorf("%+v", totals)
	}
	if due, ok := s.NextDue(); !ok || due-s.Serving() < 12*time.Hour.Milliseconds() {
		t.Errorf("the first is due in %d ms", due-s.Serving())
	}
	text, err := os.ReadFile(tokens)
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Fields(string(text))
	known := 0
	for _, text := range list {
		token, err := fsm.ParseToken(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := s.Ordinal(token); ok {
			known++
		}
	}
	if known != n || len(list) != n {
		t.Errorf("%d of %d tokens are known, want %d", known, len(list), n)
	}
	dues, scheduled := map[int64]bool{}, 0
	all, _ := s.Heartbeats(fsm.HeartbeatFilter{})
	for _, h := range all {
		if h.Pings != pings || h.LastPing.After(now) || now.Sub(h.LastPing) > anchors {
			t.Errorf("%s: %d pings, the last %s ago", h.Spec.Name, h.Pings, now.Sub(h.LastPing))
		}
		if len(h.Spec.Schedule) > 0 {
			scheduled++
		} else {
			dues[h.NextDue.UnixMilli()] = true
		}
	}
	if scheduled != n/2 {
		t.Errorf("%d have schedules, want half of %d", scheduled, n)
	}
	if len(dues) != 3 {
		t.Errorf("the deadlines fall on %d times, want one for each herd", len(dues))
	}
}

func TestAStateIsCopiedNotShared(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	for _, name := range []string{"n1/log.db", "n1/snapshots/1-1-1/state.bin", "tokens"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(from, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(from, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := cloneFolder(from, to); err != nil {
		t.Fatal(err)
	}
	for name, shared := range map[string]bool{"n1/log.db": false, "n1/snapshots/1-1-1/state.bin": true, "tokens": false} {
		text, err := os.ReadFile(filepath.Join(to, name))
		if err != nil || string(text) != name {
			t.Errorf("%s holds %q, %v", name, text, err)
		}
		a, err1 := os.Stat(filepath.Join(from, name))
		b, err2 := os.Stat(filepath.Join(to, name))
		if err1 != nil || err2 != nil || os.SameFile(a, b) != shared {
			t.Errorf("%s is the same file: %v, want %v", name, !shared, shared)
		}
	}
}
