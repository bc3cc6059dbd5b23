package e2e

import (
	"testing"
	"time"
)

// TestANewClusterIsTheOperatorsFromItsFirstMoment fails a job in the first second of a
// cluster: it is mailed to --mail-to, and --history holds.
func TestANewClusterIsTheOperatorsFromItsFirstMoment(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3, "--history", "2")
	ready := time.Now()
	n := e.Nodes[0]
	h := create(t, n, fields{"name": "first", "interval_secs": 3600})
	for range 5 {
		ping(t, n, h)
	}
	if got := history(t, n, h); got != 2 {
		t.Errorf("%d pings in the history, want 2", got)
	}
	if a := call(t, "", "POST", pingURL(n, h)+"/fail", nil); a.status != 200 {
		t.Fatalf("fail: %d %s", a.status, a.body)
	}
	if took := time.Since(ready); took > time.Second {
		t.Logf("the machine is slow: %v for what should take a moment", took)
	}
	if m := e.waitMails(t, "ops@example.com", 1)[0]; m.Subject != "[DOWN] first" {
		t.Errorf("subject %q", m.Subject)
	}
}
