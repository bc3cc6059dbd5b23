package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestAStartThatAStoppedNodeHeld: the node takes a start while it is stopped, the job
// gives up on it and ends its run by way of another. When the node goes on, the start
// must not make a run that nobody ends.
func TestAStartThatAStoppedNodeHeld(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3)
	e.waitServing(t)
	mistaken := address()
	stopped, other := e.Followers(e.leader())[0], e.leader()
	h := create(t, other, fields{"name": "ended", "interval_secs": 3600, "grace_secs": 1, "miss_threshold": 1, "email": []string{mistaken}})

	testkit.Must(t, stopped.Freeze())
	client := http.Client{Timeout: 1500 * time.Millisecond} // longer than what passes for no stop at all
	if res, err := client.Post(pingURL(stopped, h)+"/start", "", nil); err == nil {
		res.Body.Close()
		t.Fatal("a stopped node answers")
	}
	tell(t, other, h, "", "", "")
	testkit.Must(t, stopped.Thaw())
	testkit.Eventually(t, "the start is taken", func() bool { return get(t, other, h.ID).PingsTotal == 2 })

	e.canary(t)
	e.expectMails(t, mistaken, 0)
}
