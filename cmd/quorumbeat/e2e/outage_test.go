package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestQuorumLost takes the majority away for a while, over the time at which many
// jobs were due. Nobody can have heard of them: they are reported as unheard, all in
// one digest, and nothing is called down.
func TestQuorumLost(t *testing.T) {
	t.Parallel()
	outage := 11 * time.Second
	if text := os.Getenv("QUORUMBEAT_SOAK_OUTAGE"); text != "" {
		var err error
		outage, err = time.ParseDuration(text)
		testkit.Must(t, err)
	}
	many := soakNumber(t, "QUORUMBEAT_SOAK_JOBS", 200)
	e := startPlain(t, 3, "--history", "100000")
	e.waitServing(t)
	due, regular := address(), address()
	h := startHerd(t, e, 0, 4, 50*time.Millisecond, touchy(regular)) // these ping on as soon as they can

	// Due once within the outage, and then not before it is judged. A busy machine may need more time to make them.
	var began time.Time
	var interval int
	creation := 2*time.Second + time.Duration(many)*10*time.Millisecond
	for ; ; creation *= 2 {
		began, interval = time.Now(), int((outage+creation).Seconds())+12
		if jobs := e.createMany(t, many, interval, due); time.Since(began) > creation {
			for _, job := range jobs {
				ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+job.ID, nil, nil)
			}
			continue
		}
		break
	}
	// The last job is due 3 s before the outage is over.
	time.Sleep(time.Until(began.Add(time.Duration(interval)*time.Second - outage + creation + 3*time.Second)))
	testkit.Must(t, e.Nodes[1].Kill())
	testkit.Must(t, e.Nodes[2].Kill())
	down := time.Now()
	time.Sleep(outage)
	testkit.Must(t, e.Nodes[1].Start())
	e.waitReady()
	t.Logf("no majority for %s", time.Since(down).Round(100*time.Millisecond))

	timeout := time.Now().Add(time.Duration(interval)*time.Second + patience)
	for len(e.sink.Mails(due)) == 0 && time.Now().Before(timeout) {
		time.Sleep(100 * time.Millisecond)
	}
	e.canary(t)
	e.canary(t) // beyond the window of a digest
	for _, m := range e.sink.Mails(due) {
		if !strings.HasPrefix(m.Subject, "[UNHEARD]") {
			t.Errorf("a false alert: %s", m.Subject)
		}
	}
	m := e.expectMails(t, due, 1)[0]
	t.Logf("%d jobs were due meanwhile: %q", many, m.Subject)
	if !strings.Contains(m.Subject, fmt.Sprint(many)) {
		t.Errorf("the digest's subject does not tell of %d jobs: %s", many, m.Subject)
	}
	h.finish(e.Nodes[0])
	e.expectMails(t, regular, 0)
}

// createMany makes jobs that alert once they are a second late.
func (e *env) createMany(t *testing.T, many, interval int, to string) []heartbeat {
	t.Helper()
	jobs := make([]heartbeat, many)
	inParallel(many, func(_ *http.Client, i int) {
		jobs[i] = create(t, e.Nodes[i%3], fields{"name": fmt.Sprintf("job %d", i), "interval_secs": interval, "grace_secs": 1, "miss_threshold": 1, "email": []string{to}})
	})
	return jobs
}
