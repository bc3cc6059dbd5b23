package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// storm is many jobs that fall silent within a second.
type storm struct {
	name  string
	share int // jobs of one recipient; 0: all of them
	flags []string
	five  bool // it goes to five channels, too
}

var storms = []storm{
	{name: "one recipient", five: true},
	{name: "ten jobs each", share: 10},
	{name: "one job each", share: 1},
	{name: "four jobs each", share: 4},
	{name: "no digests", flags: []string{"--alert-group-wait", "0s"}},
}

// TestStorms lets many jobs fail at once and holds the mails against what the
// burst and the window allow: nobody gets more, and nothing is left out. With
// QUORUMBEAT_SOAK_STORM jobs it also takes the time. Those of one recipient
// tell five channels, too: TestAStormIntoChannels is the long form of that.
func TestStorms(t *testing.T) {
	t.Parallel()
	soak := os.Getenv("QUORUMBEAT_SOAK_STORM") != ""
	many, kinds := soakNumber(t, "QUORUMBEAT_SOAK_STORM", 300), storms
	atATime := 1
	if !soak {
		kinds, atATime = storms[:2], 2
	}
	var names []string
	for _, s := range kinds {
		names = append(names, s.name)
	}
	sideBySide(t, atATime, names, func(t *testing.T, i int) { kinds[i].run(t, many) })
}

func (s storm) run(t *testing.T, many int) {
	e := start(t, 3, append(slices.Clone(s.flags), "--webhook-allow", "127.0.0.1")...)
	e.waitServing(t)
	if s.share == 0 {
		s.share = many
	}
	spec := fields{"interval_secs": 5, "grace_secs": 0, "miss_threshold": 1, "arm": "first_ping"}
	five := channelStorm{e: e, many: many, to: "person0@example.com"}
	if s.five {
		five.five, spec["notify"] = startFiveEnds(t, e.leader()), channelsOfStorm
	}
	jobs := make([]heartbeat, many)
	inParallel(many, func(_ *http.Client, i int) {
		job := fields{"name": fmt.Sprintf("job-%d", i), "email": []string{fmt.Sprintf("person%d@example.com", i/s.share)}}
		maps.Copy(job, spec)
		jobs[i] = create(t, e.Nodes[i%3], job)
	})
	due := make(map[string]time.Time, many) // by name: not earlier
	fallSilent := func() {
		var mu sync.Mutex
		inParallel(many, func(c *http.Client, i int) {
			began, err := s.ping(c, e.Nodes[i%3].URL(), jobs[i])
			if err != nil {
				t.Errorf("a ping was refused: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			due[jobs[i].Name] = began.Add(5 * time.Second)
		})
	}
	if s.five {
		five.round(t, "down", time.Now(), 8*time.Second, fallSilent)
	} else {
		fallSilent()
	}
	s.checkTold(t, e, many, due)
	if s.five {
		inParallel(many, func(_ *http.Client, i int) {
			ask(t, 200, "PATCH", e.Nodes[i%3].URL()+"/v1/heartbeats/"+jobs[i].ID, fields{"interval_secs": 86_400}, nil)
		})
		five.round(t, "recovered", time.Now(), 3*time.Second, func() { pingAll(t, e, jobs) })
	}
}

// checkTold waits for all mails, and holds them against what they should be.
func (s storm) checkTold(t *testing.T, e *env, many int, due map[string]time.Time) {
	t.Helper()
	burst, digests := min(s.share, 5), 1
	if s.share <= burst {
		digests = 0
	}
	if s.flags != nil {
		burst, digests = s.share, 0
	}
	want := many / s.share * (burst + digests)
	for end := time.Now().Add(max(2*time.Minute, time.Duration(many)*8*time.Millisecond)); len(e.sink.Mails("")) < want; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d mails have come, want %d", len(e.sink.Mails("")), want)
		}
	}
	mails := e.expectMails(t, "", want)
	s.checkMails(t, mails, burst, digests)
	s.tell(t, e, mails, due)
}

// ping pings until it is taken, as the machine is busy and the leader may change, and tells when that ping began.
func (s storm) ping(c *http.Client, url string, h heartbeat) (began time.Time, err error) {
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		began = time.Now()
		if err = post(c, url, &sheep{h: h}); err == nil || began.After(end) {
			return began, err
		}
	}
}

// inParallel calls f for 0 to n-1, some at a time, each hand with a client of its own.
func inParallel(n int, f func(c *http.Client, i int)) {
	var wg sync.WaitGroup
	const hands = 32
	for h := range hands {
		wg.Go(func() {
			c := &http.Client{Timeout: testkit.Patience, Transport: &http.Transport{}}
			defer c.CloseIdleConnections()
			for i := h; i < n; i += hands {
				f(c, i)
			}
		})
	}
	wg.Wait()
}

// checkMails counts what each recipient got, and of how many jobs it tells.
func (s storm) checkMails(t *testing.T, mails []smtpsink.Mail, burst, digests int) {
	t.Helper()
	singles, members, got := map[string]int{}, map[string]int{}, map[string]int{}
	for _, m := range mails {
		var n int
		if _, err := fmt.Sscanf(m.Subject, "[DOWN] %d heartbeats:", &n); err == nil {
			members[m.To] += n
			got[m.To]++
			continue
		}
		singles[m.To]++
	}
	for to := range singles {
		if singles[to] != burst || got[to] != digests || singles[to]+members[to] != s.share {
			t.Errorf("%s: %d single mails and %d digests of %d jobs; want %d and %d, of %d in all",
				to, singles[to], got[to], members[to], burst, digests, s.share)
		}
	}
}

// tell logs how long after the deadlines the mails came.
func (s storm) tell(t *testing.T, e *env, mails []smtpsink.Mail, due map[string]time.Time) {
	t.Helper()
	var first, last time.Time
	for _, at := range due {
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	var late []time.Duration
	var end time.Time
	for _, m := range mails {
		if at, ok := due[strings.TrimPrefix(m.Subject, "[DOWN] ")]; ok {
			late = append(late, m.At.Sub(at))
		}
		if m.At.After(end) {
			end = m.At
		}
	}
	slices.Sort(late)
	conns, peak := e.sink.Conns()
	ms := time.Millisecond
	t.Logf("%s: due within %v; single mails after p50 %v, p99 %v, max %v; all %d mails %v after the last deadline; %d connections, %d at a time",
		s.name, last.Sub(first).Round(ms), late[len(late)/2].Round(ms), late[len(late)*99/100].Round(ms), late[len(late)-1].Round(ms),
		len(mails), end.Sub(last).Round(ms), conns, peak)
}
