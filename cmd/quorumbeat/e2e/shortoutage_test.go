package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestAShortOutageCallsNoJobDown restarts all nodes within seconds, as an upgrade of a
// single node does. A job was due exactly then, and was refused.
func TestAShortOutageCallsNoJobDown(t *testing.T) {
	t.Parallel()
	sideBySide(t, 2, []string{"the only node", "all three"}, func(t *testing.T, i int) {
		e := startPlain(t, []int{1, 3}[i], "--alert-group-wait", "1s")
		e.outage(t, func() {})
	})
}

// TestAMachineWithoutAClockCallsNoJobDown comes back with a wall clock in the past,
// where no outage can be measured.
func TestAMachineWithoutAClockCallsNoJobDown(t *testing.T) {
	t.Parallel()
	e := startPlainFaulty(t, 1, "--alert-group-wait", "1s")
	e.outage(t, func() { testkit.Must(t, e.Nodes[0].Break("clock", "-10000h")) })
}

// outage kills all nodes at the time at which a job is due. It must be told as unheard, unless
// the nodes were away for so long that the next time came, at which it could ping.
func (e *env) outage(t *testing.T, meanwhile func()) {
	t.Helper()
	e.waitServing(t)
	to, began := address(), time.Now()
	h := create(t, e.Nodes[0], fields{"name": "due", "interval_secs": 20, "grace_secs": 1, "miss_threshold": 1, "email": []string{to}})
	time.Sleep(time.Until(began.Add(19 * time.Second)))
	killAll(t, e)
	meanwhile()
	time.Sleep(2 * time.Second)
	for _, n := range e.Nodes {
		testkit.Must(t, n.Start())
	}
	e.waitReady()
	e.unheard(t, h, to)
}

// unheard waits until a heartbeat is told as unheard, and pings it.
func (e *env) unheard(t *testing.T, h heartbeat, to string) {
	t.Helper()
	testkit.Eventually(t, "the miss is seen", func() bool { return len(alerts(t, e.Nodes[0], h)) > 0 })
	ping(t, e.Nodes[0], h)
	for _, a := range alerts(t, e.Nodes[0], h) {
		if a.Kind != "unheard" {
			t.Errorf("a false alert: %s", a.Kind)
		}
	}
	if m := e.waitMails(t, to, 1)[0]; !strings.HasPrefix(m.Subject, "[UNHEARD]") {
		t.Errorf("a false alert: %s", m.Subject)
	}
}

// TestARollingRestartIsNoGap restarts the nodes of a cluster in turn: somebody holds
// pings all the time.
func TestARollingRestartIsNoGap(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3)
	e.waitServing(t)
	for _, n := range e.Nodes {
		testkit.Must(t, n.Stop())
		testkit.Must(t, n.Start())
		e.waitReady()
	}
	if gaps := e.gaps(t, e.Nodes[0]); len(gaps) != 0 {
		t.Errorf("gaps %v", gaps)
	}
}
