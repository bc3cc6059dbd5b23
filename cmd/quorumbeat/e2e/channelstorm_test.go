package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// Bounds of a storm of 10,000 into five channels, with the leader killed amidst it.
const (
	stormBurst = 30 * time.Second // until a channel that is well has its burst
	stormAll   = 90 * time.Second // and everything
	stormPing  = time.Second      // 99 of 100 pings meanwhile
	stormHeap  = 1 << 30          // bytes of a leader
)

var channelsOfStorm = []string{"slow", "am", "well", "hang", "busy"}

// TestAStormIntoChannels has QUORUMBEAT_SOAK_CHANNELS heartbeats fail at the same moment, and recover, each into five channels
// and mail, while others ping; and kills the leader amidst both. TestStorms has a short form of it.
func TestAStormIntoChannels(t *testing.T) {
	many := soakNumber(t, "QUORUMBEAT_SOAK_CHANNELS", 0)
	if many == 0 {
		t.Skip("set QUORUMBEAT_SOAK_CHANNELS to the number of heartbeats")
	}
	e := startPlain(t, 3, "--webhook-allow", "127.0.0.1", "--history", "1000000")
	e.waitServing(t)
	five, to := startFiveEnds(t, e.leader()), address()
	// What is made less than a minute before counts as a run in time.
	due := time.Now().Add(2*time.Minute + time.Duration(many)*5*time.Millisecond).Truncate(time.Minute).UTC()
	jobs := make([]heartbeat, many)
	inParallel(many, func(_ *http.Client, i int) {
		jobs[i] = create(t, e.Nodes[i%3], fields{
			"name": fmt.Sprintf("job-%d", i), "schedule": fmt.Sprintf("%d %d * * *", due.Minute(), due.Hour()), "grace_secs": 1, "miss_threshold": 1,
			"notify": channelsOfStorm, "email": []string{to},
		})
	})
	if time.Until(due) < time.Minute {
		t.Fatalf("to make %d heartbeats took too long: they are due at %v", many, due)
	}
	h := startHerd(t, e, 8, 0, 40*time.Millisecond, unwatched)
	pings := h.watchTimes()
	s := channelStorm{e: e, five: five, many: many, to: to, herd: h}
	t.Logf("%d heartbeats fail at %v", many, due.Add(time.Second))
	s.round(t, "down", due.Add(time.Second), 20*time.Second, func() { time.Sleep(time.Until(due)) })
	s.tellMemory(t)
	s.round(t, "recovered", time.Now(), 20*time.Second, func() { pingAll(t, e, jobs) })
	s.tellMemory(t)
	acked, _ := h.finish(e.leader())
	took := pings()
	slices.Sort(took)
	p99 := took[len(took)*99/100]
	t.Logf("%d pings were answered meanwhile, 99 of 100 within %v, all within %v", acked, p99.Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	if p99 > stormPing {
		t.Errorf("99 of 100 pings were answered within %v", p99)
	}
}

// pingAll pings each once, through all nodes that run.
func pingAll(t *testing.T, e *env, jobs []heartbeat) {
	inParallel(len(jobs), func(c *http.Client, i int) {
		if _, err := (storm{}).ping(c, e.Nodes[i%len(e.Nodes)].URL(), jobs[i]); err != nil {
			t.Errorf("a ping was refused: %v", err)
		}
	})
}

// channelStorm is many heartbeats that tell five channels and one recipient.
type channelStorm struct {
	e     *env
	five  *fiveEnds
	many  int
	to    string
	mails int   // that came before
	herd  *herd // whose clients ping meanwhile, with the leader killed; nil: neither
}

// round has all fail or recover, and asks that each end is told of each once, those that are well and mail as if the other
// two were not there.
func (s *channelStorm) round(t *testing.T, kind string, began time.Time, busy time.Duration, cause func()) {
	t.Helper()
	s.five.begin(busy + time.Until(began))
	kill := func() {}
	if s.herd != nil {
		digest := s.five.awaitDigest()
		kill = func() { s.killAt(t, digest) }
	}
	cause()
	for _, x := range s.five.well {
		testkit.Eventually(t, x.name+" is told at once", func() bool { return len(x.all(s.five.from[x])) >= 5 })
		s.bound(t, x.name+" had its burst", x.all(s.five.from[x])[4].at.Sub(began), stormBurst)
	}
	kill()
	for _, x := range s.five.well {
		s.awaitAll(t, kind, x, began, stormAll)
	}
	testkit.Eventually(t, "mail goes on", func() bool { return s.mailed(kind) >= s.many })
	t.Logf("%s: mail told of all %d within %v", kind, s.many, s.lastMail().Sub(began).Round(10*time.Millisecond))
	s.awaitAll(t, kind, s.five.busy, began, stormAll)
	asked := len(s.five.hang.all(s.five.from[s.five.hang]))
	released := time.Now()
	s.five.stopHanging()
	s.awaitAll(t, kind, s.five.hang, released, stormAll)
	t.Logf("%s: the end that hung was asked %d times until then, %v after the beginning", kind, asked, released.Sub(began).Round(time.Second))
	s.check(t, kind)
}

func (s *channelStorm) bound(t *testing.T, what string, took, most time.Duration) {
	t.Helper()
	if s.herd != nil && took > most { // a soak, on a machine that does nothing else
		t.Errorf("%s after %v, want %v", what, took, most)
	}
}

func (s *channelStorm) awaitAll(t *testing.T, kind string, x *farEnd, began time.Time, most time.Duration) {
	t.Helper()
	from, n, took := s.five.from[x], 0, time.Duration(0)
	testkit.Eventually(t, x.name+" is told of all", func() bool {
		n, took = x.count(from, began)
		return n >= s.many
	})
	t.Logf("%s: %s was told of all %d within %v, in %d requests", kind, x.name, s.many, took.Round(10*time.Millisecond), len(x.all(from)))
	s.bound(t, x.name+" was told of all", took, most)
}

// killAt kills the leader when the slow end is told of the rest, and starts it again.
func (s *channelStorm) killAt(t *testing.T, digest <-chan struct{}) {
	t.Helper()
	select {
	case <-digest:
	case <-time.After(time.Minute):
		t.Fatal("no digest came within a minute")
	}
	leader := s.e.leader()
	s.herd.shun(leader)
	s.herd.mark()
	testkit.Must(t, leader.Kill())
	t.Logf("%s, which led, was killed; pings went on after %v", leader.Name, s.herd.recovered().Round(10*time.Millisecond))
	testkit.Must(t, leader.Start())
	s.e.waitReady()
	s.herd.admit(leader)
}

func (s *channelStorm) mailsNow() (list []mailed) {
	seen := map[string]bool{}
	for _, m := range s.e.sink.Mails(s.to)[s.mails:] {
		n := 1
		if !seen[m.MessageID] && strings.Contains(m.Subject, " heartbeats: ") {
			_, _ = fmt.Sscanf(m.Subject[strings.Index(m.Subject, "] ")+2:], "%d", &n)
		}
		list = append(list, mailed{m.Subject, m.MessageID, n, seen[m.MessageID], m.Header.Get("X-Quorumbeat-Possible-Duplicate") != "", m.At})
		seen[m.MessageID] = true
	}
	return list
}

type mailed struct {
	subject, id   string
	heartbeats    int
	again, marked bool
	at            time.Time
}

func (s *channelStorm) mailed(kind string) (heartbeats int) {
	tag := map[string]string{"down": "[DOWN]", "recovered": "[RECOVERED]"}[kind]
	for _, m := range s.mailsNow() {
		if !m.again && strings.HasPrefix(m.subject, tag) {
			heartbeats += m.heartbeats
		}
	}
	return heartbeats
}

func (s *channelStorm) lastMail() (at time.Time) {
	for _, m := range s.mailsNow() {
		at = m.at
	}
	return at
}

// check holds a round that is over against what may have been told, and against the ledger.
func (s *channelStorm) check(t *testing.T, kind string) {
	t.Helper()
	want := map[string]int{s.to: s.many}
	for _, x := range s.five.all() {
		want[x.name] = s.many
		n := x.toldOnce(t, s.five.from[x], s.many, kind == "recovered")
		t.Logf("%s: %s was told %d times again, marked", kind, x.name, n)
		if x != s.five.hang && n > atOnce {
			t.Errorf("%s was told %d times again; at most %d requests can have been under way", x.name, n, atOnce)
		}
	}
	if n := s.mailed(kind); n != s.many {
		t.Errorf("mail told of %d heartbeats, want %d", n, s.many)
	}
	for _, m := range s.mailsNow() {
		if m.again && !m.marked {
			t.Errorf("%q came again, unmarked", m.subject)
		}
	}
	s.mails = len(s.e.sink.Mails(s.to))
	testkit.Eventually(t, "the ledger has all "+kind+" as sent", func() bool {
		got := sentRows(t, s.e.leader(), kind, slices.Collect(maps.Keys(want)))
		return maps.Equal(got, want)
	})
}

// sentRows counts the alerts of a kind that were sent, by their recipient.
func sentRows(t *testing.T, n *localcluster.Node, kind string, to []string) map[string]int {
	t.Helper()
	got := map[string]int{}
	for cursor := ""; ; {
		var page struct {
			Alerts     []alert
			NextCursor string `json:"next_cursor"`
		}
		ask(t, 200, "GET", n.URL()+"/v1/alerts?state=sent&limit=100"+cursor, nil, &page)
		for _, a := range page.Alerts {
			if a.Kind == kind && slices.Contains(to, a.Recipient) {
				got[a.Recipient]++
			}
		}
		if page.NextCursor == "" {
			return got
		}
		cursor = "&cursor=" + url.QueryEscape(page.NextCursor)
	}
}

func (s *channelStorm) tellMemory(t *testing.T) {
	t.Helper()
	for _, n := range s.e.Nodes {
		u, err := n.Usage()
		testkit.Must(t, err)
		t.Logf("%s (leads: %t) has %d MB, and had %d at most", n.Name, n == s.e.leader(), u.Resident>>20, u.Peak>>20)
		if u.Peak > stormHeap {
			t.Errorf("%s had %d MB", n.Name, u.Peak>>20)
		}
	}
}

// watchTimes has the careful clients note how long each of their pings takes.
func (h *herd) watchTimes() (times func() []time.Duration) {
	var mu sync.Mutex
	var list []time.Duration
	h.mu.Lock()
	defer h.mu.Unlock()
	h.took = func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		list = append(list, d)
	}
	return func() []time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(list)
	}
}
