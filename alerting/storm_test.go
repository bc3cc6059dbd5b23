package alerting

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// stormSize is how many heartbeats fail at once: QUORUMBEAT_SOAK_STORM of them, or
// as many as do for every day.
func stormSize(t *testing.T) int {
	t.Helper()
	text := os.Getenv("QUORUMBEAT_SOAK_STORM")
	if text == "" {
		return 600
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestStorms lets many heartbeats fail at once: nobody gets more than the burst and
// one digest, nothing is left out, and it takes few connections.
func TestStorms(t *testing.T) {
	many := stormSize(t)
	for _, c := range []struct {
		name            string
		share           int // heartbeats of one recipient
		singles, digest int // mails of one recipient, and members of its digest
	}{
		{"one recipient", many, 5, many - 5},
		{"ten heartbeats each", 10, 5, 5},
		{"one heartbeat each", 1, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newRig(t, nil)
			d.f.jumps = true // or a slow machine's digests go out beside the bursts
			d.f.failOf(t, many, func(i int) string { return fmt.Sprintf("person%d@example.com", i/c.share) })
			began := time.Now()
			d.lead(1)
			people := many / c.share
			testkit.Eventually(t, "all bursts are sent", func() bool { return d.f.sent() == people*c.singles })
			took := time.Since(began)
			if began = time.Now(); c.digest > 0 {
				d.f.jump(11 * time.Second)
				testkit.Eventually(t, "all rows are settled", func() bool { return d.f.sent() == many+people })
			}
			ms := time.Millisecond
			t.Logf("%d single mails in %v, digests of the other alerts in %v", people*c.singles, took.Round(ms), time.Since(began).Round(ms))
			singles, members := d.sorted(t)
			for i := range people {
				to := fmt.Sprintf("person%d@example.com", i)
				digests := fmt.Sprint(members[to])
				if want := fmt.Sprint(digestsOf(c.digest)); singles[to] != c.singles || digests != want {
					t.Errorf("%s got %d single mails and digests of %s, want %d and %s", to, singles[to], digests, c.singles, want)
				}
			}
			if total, peak := d.sink.Conns(); total > 2*maxConnections || peak > maxConnections+1 { // one asks whether the server answers
				t.Errorf("%d connections, %d at a time", total, peak)
			}
		})
	}
}

func digestsOf(n int) []int {
	if n == 0 {
		return nil
	}
	return []int{n}
}

// sorted counts single mails by recipient, and lists the sizes of the digests.
func (d *rig) sorted(t *testing.T) (singles map[string]int, members map[string][]int) {
	t.Helper()
	singles, members = map[string]int{}, map[string][]int{}
	for _, m := range d.sink.Mails("") {
		var n int
		if _, err := fmt.Sscanf(m.Subject, "[DOWN] %d heartbeats:", &n); err == nil {
			members[m.To] = append(members[m.To], n)
			continue
		}
		singles[m.To]++
	}
	for mail, n := range d.sink.Counts() {
		if n > 1 {
			t.Errorf("%s got one mail %d times", mail.To, n)
		}
	}
	return singles, members
}

// count is how many commands of a kind were proposed.
func (f *fakeCluster) count(kind string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range f.log {
		if k == kind {
			n++
		}
	}
	return n
}

// TestRowsAreClaimedAheadButNotMany hangs the server: what waits for a connection is
// claimed, up to a bound, and sent once whoever leads then.
func TestRowsAreClaimedAheadButNotMany(t *testing.T) {
	const many = 3 * maxAttempts
	hung := func(t *testing.T) *rig {
		d := newRig(t, func(c *Config) { c.Settings.GroupWait = 0 })
		d.sink.Hang(smtpsink.AtRcpt)
		d.f.fail(t, many)
		d.lead(1)
		testkit.Eventually(t, "as many rows are claimed as may be", func() bool { return d.f.states()[fsm.AlertClaimed] == maxAttempts })
		testkit.Eventually(t, "every connection is in use", func() bool { return d.sink.Hanging() == maxConnections })
		return d
	}
	check := func(t *testing.T, d *rig) {
		t.Helper()
		testkit.Eventually(t, "all are sent", func() bool { return d.f.sent() == many })
		d.sorted(t)
		if n := len(d.sink.Mails("")); n != many {
			t.Errorf("%d mails, want %d", n, many)
		}
		for _, m := range d.sink.Mails("") {
			if m.Header.Get("X-Quorumbeat-Possible-Duplicate") != "" {
				t.Error("a mail that was never in doubt says that it is")
			}
		}
	}
	t.Run("and are sent when it goes on", func(t *testing.T) {
		d := hung(t)
		if n := d.f.count("Claim"); n != maxAttempts {
			t.Errorf("%d claims, want %d", n, maxAttempts)
		}
		d.sink.Resume()
		check(t, d)
	})
	t.Run("and are sent by the next leader", func(t *testing.T) {
		d := hung(t)
		d.lead(2)
		d.sink.Resume()
		d.f.jump(10 * time.Second) // over the wait of those that were on the wire
		check(t, d)
	})
}

// TestNoDotBeforeTheLastOutcomeIsRecorded keeps outcomes from being recorded: each
// connection carries one more message, and does not complete it.
func TestNoDotBeforeTheLastOutcomeIsRecorded(t *testing.T) {
	const many = 20
	d := newRig(t, func(c *Config) { c.Settings.GroupWait = 0 })
	d.f.fail(t, many)
	record := make(chan struct{})
	release := sync.OnceFunc(func() { close(record) })
	d.f.hook = func(_ bool, cmd fsm.Command) error {
		if _, ok := cmd.(fsm.Settle); ok {
			<-record
		}
		return nil
	}
	d.lead(1)
	t.Cleanup(release) // or nothing ends
	testkit.Eventually(t, "each connection has fenced a second message", func() bool { return d.f.count("Fence") >= 2*maxConnections })
	if n, fences := len(d.sink.Mails("")), d.f.count("Fence"); n != maxConnections || fences > 2*maxConnections {
		t.Errorf("%d mails are out and not recorded, and %d more fenced; want %d of each", n, fences-n, maxConnections)
	}
	release()
	d.f.jump(10 * time.Second) // if this took long, they were given back
	testkit.Eventually(t, "all are sent", func() bool { return d.f.sent() == many })
	d.sorted(t)
}

// TestAWindowEndsOnTime asks that serving time is there when a window ends, though
// nothing else is due then.
func TestAWindowEndsOnTime(t *testing.T) {
	d := newRig(t, nil)
	d.f.fail(t, 7)
	d.lead(1)
	testkit.Eventually(t, "the burst is sent", func() bool { return d.f.sent() == 5 })
	end := func() int64 { return d.f.store.Work(1, 1).Next }
	testkit.Eventually(t, "the ticker knows when the window ends", func() bool { return end() > 0 && d.s.awaited.first(0) == end() })
}

// BenchmarkDeliver sends single mails through a cluster that commits at once to a
// real server.
func BenchmarkDeliver(b *testing.B) {
	d := newRig(b, func(c *Config) { c.Settings.GroupWait = 0 })
	d.f.fail(b, b.N)
	b.ReportAllocs()
	b.ResetTimer()
	d.lead(1)
	for d.f.sent() < b.N {
		time.Sleep(time.Millisecond)
	}
}
