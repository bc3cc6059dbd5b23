package web

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

func TestNaturalOrder(t *testing.T) {
	want := []string{"", "007x", "7x", "8", "a", "A1", "a1", "a01b", "a2", "job2", "Job10", "job10", "jób", "z", "ä", "日本"}
	got := slices.Clone(want)
	for range 20 {
		rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, compareNatural)
		if !slices.Equal(got, want) {
			t.Fatalf("order %q\n want %q", got, want)
		}
	}
}

// FuzzNaturalOrder holds the order to what sorting needs.
func FuzzNaturalOrder(f *testing.F) {
	f.Add("job2", "job10", "job 2")
	f.Add("a01", "a1", "A1")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		ab, ba := compareNatural(a, b), compareNatural(b, a)
		if (ab < 0) != (ba > 0) || (ab == 0) != (a == b) {
			t.Errorf("%q and %q: %d and %d", a, b, ab, ba)
		}
		if ab <= 0 && compareNatural(b, c) <= 0 && compareNatural(a, c) > 0 {
			t.Errorf("%q, %q, %q", a, b, c)
		}
	})
}

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

func TestDurations(t *testing.T) {
	for text, want := range map[string]int64{"90": 90, "90s": 90, "15m": 900, "1h30m": 5400, "7d": 604800, "1d 2h": 93600, "0s": 0} {
		if got, err := readDuration(text); err != nil || got != want {
			t.Errorf("%q is %d, %v", text, got, err)
		}
		if back, err := readDuration(writeDuration(want)); err != nil || back != want {
			t.Errorf("%d is written %q", want, writeDuration(want))
		}
	}
	for _, text := range []string{"", "x", "d", "1.5s", "5 apples", "1d2d", "99999999999999999999"} {
		if n, err := readDuration(text); err == nil {
			t.Errorf("%q is %d", text, n)
		}
	}
}

func TestStrip(t *testing.T) {
	base := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(min int) time.Time { return base.Add(time.Duration(min) * time.Minute) }
	ping := func(min int, kind fsm.SignalKind) fsm.PingRecord {
		return fsm.PingRecord{At: at(min), Kind: kind, Took: -1}
	}
	h := fsm.Heartbeat{Spec: fsm.Spec{Interval: 600, Grace: 60}, Status: fsm.StatusActive, Armed: true, CreatedAt: at(0)}
	tests := []struct {
		name  string
		pings []fsm.PingRecord // oldest first
		gaps  []fsm.Gap
		now   int
		want  string
	}{
		{"on time, late, failed", []fsm.PingRecord{ping(0, fsm.SignalSuccess), ping(10, fsm.SignalSuccess), ping(21, fsm.SignalSuccess), ping(30, fsm.SignalFail)}, nil, 35, "hhlf"},
		{"missed and late", []fsm.PingRecord{ping(0, fsm.SignalSuccess), ping(25, fsm.SignalSuccess)}, nil, 26, "hmml"},
		{"missed until now", []fsm.PingRecord{ping(0, fsm.SignalSuccess)}, nil, 31, "hmm"},
		{"while the monitor was down", []fsm.PingRecord{ping(0, fsm.SignalSuccess), ping(15, fsm.SignalSuccess)}, []fsm.Gap{{From: at(9), To: at(12)}}, 16, "hgl"},
		{"never pinged", nil, nil, 22, "mm"},
		{"starts and notes are no beats", []fsm.PingRecord{ping(0, fsm.SignalSuccess), ping(5, fsm.SignalStart), ping(6, fsm.SignalLog), ping(10, fsm.SignalSuccess)}, nil, 11, "hh"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			slices.Reverse(tt.pings)
			got := ""
			beats := strip(h, tt.pings, tt.gaps, at(tt.now))
			for _, b := range beats {
				if b.Kind != "none" {
					got += b.Kind[:1]
				}
			}
			if got != tt.want || len(beats) != stripLength {
				t.Errorf("%s of %d, want %s", got, len(beats), tt.want)
			}
		})
	}
}

func TestWordsOfTimes(t *testing.T) {
	now := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0: "just now", -3 * time.Second: "3 s ago", 90 * time.Second: "in 1 min 30 s", -25 * time.Hour: "1 d 1 h ago", 200 * 24 * time.Hour: "in 200 d",
	} {
		if got := relative(now.Add(d), now); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

// TestStreamsOfOnePageShareItsRendering counts how often a page is rendered for many.
func TestStreamsOfOnePageShareItsRendering(t *testing.T) {
	var l looks
	rendered := 0
	see := func() live {
		rendered++
		return live{Pieces: []piece{{"a", "b"}}}
	}
	var leaves []func()
	for range 50 {
		shared, leave := l.join("page", see)
		if got := shared(); len(got.Pieces) != 1 {
			t.Fatalf("%+v", got)
		}
		leaves = append(leaves, leave)
	}
	if rendered != 1 {
		t.Errorf("rendered %d times", rendered)
	}
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
	s := New(nil, state)
	add := func(name string) {
		t.Helper()
		c := fsm.Create{ID: fsm.HeartbeatID([]byte(fmt.Sprintf("%012s", name))), Spec: fsm.Spec{Name: name, Slug: "x", Interval: 60, Threshold: 1, Arm: fsm.ArmCreated}}
		copy(c.Token[:], name)
		b := fsm.Batch{Term: 1, Items: []fsm.Item{{Origin: fsm.NoOrigin, Cmd: fsm.AppendCommand(nil, c)}}}
		if res, err := state.Apply(fsm.AppendBatch(nil, &b), 1); err != nil || res[0].Code != fsm.CodeOK {
			t.Fatal(res, err)
		}
	}
	add("a")
	before, _ := s.watchList(choice{Sort: "state", Page: 1}, true)
	same, _ := s.watchList(choice{Sort: "state", Page: 1}, true)
	add("b")
	s.view.read(time.Now())
	after, see := s.watchList(choice{Sort: "state", Page: 1}, true)
	if before != same || before == after {
		t.Errorf("pages %q, %q, and then %q", before, same, after)
	}
	if got := see(); len(got.Pieces) != 3 || got.Moved != 0 { // two rows and the counts
		t.Errorf("%+v", got)
	}
}
