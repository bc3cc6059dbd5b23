package e2e

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// TestSoakFaultsAtRandom hits one node after another for as long as
// QUORUMBEAT_SOAK says, while clients ping the nodes that are not hit.
func TestSoakFaultsAtRandom(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("QUORUMBEAT_SOAK"))
	if err != nil {
		t.Skip("set QUORUMBEAT_SOAK to a duration, or use make soak")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	e := start(t, 3, "--history", "1000000")
	e.waitServing(t)
	to := address()
	watched := create(t, e.Nodes[0], fields{"name": "watched", "interval_secs": 5, "grace_secs": 5, "email": []string{to}})
	faults := []func(i int){
		func(i int) { must(t, e.Nodes[i].Kill()); pause(r); must(t, e.Nodes[i].Start()) },
		func(i int) { must(t, e.Nodes[i].Stop()); pause(r); must(t, e.Nodes[i].Start()) },
		func(i int) { must(t, e.Nodes[i].Freeze()); pause(r); must(t, e.Nodes[i].Thaw()) },
	}
	for round, end := 0, time.Now().Add(length); time.Now().Before(end); round++ {
		hit, fault := r.IntN(3), r.IntN(len(faults))
		t.Logf("round %d: fault %d on %s", round, fault, e.Nodes[hit].Name)
		l := startLoad(t, 10, e.Followers(e.Nodes[hit]))
		l.waitEach(5)
		ping(t, e.Followers(e.Nodes[hit])[0], watched)
		faults[fault](hit)
		e.waitReady()
		l.waitEach(5)
		ping(t, e.Nodes[hit], watched)
		l.finish(e.Nodes[hit])
		for _, p := range l.pingers {
			ask(t, 204, "DELETE", e.Nodes[hit].URL()+"/v1/heartbeats/"+p.h.ID, nil, nil)
		}
	}
	e.expectMails(t, to, 0)
	e.waitMails(t, to, 1)
}

// pause is long enough for an election, at times.
func pause(r *rand.Rand) { time.Sleep(time.Duration(r.IntN(4000)) * time.Millisecond) }
