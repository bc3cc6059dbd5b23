package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// soakNumber is how often a soak does something, else the number for every day.
func soakNumber(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	testkit.Must(t, err)
	return n
}

// killer kills nodes of a cluster under load, one after the other.
type killer struct {
	*env
	t       *testing.T
	r       *rand.Rand
	herd    *herd
	outages []time.Duration // from the death of a leader to the next ping that commits
	open    []incident
	settled int
	doubted int // of these, delivered again and marked so
}

// incident is a heartbeat that nobody pings: one alert must come of it.
type incident struct {
	h     heartbeat
	to    string
	round int
}

// TestKillsUnderLoad kills nodes, the leader mostly, at any moment and at the
// moments that matter to a batch, while clients ping and heartbeats fall silent.
func TestKillsUnderLoad(t *testing.T) {
	t.Parallel()
	rounds := soakNumber(t, "QUORUMBEAT_SOAK_KILLS", 6)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	e := startFaulty(t, 3, "--history", "1000000", "--alert-group-wait", "0s")
	e.waitServing(t)
	k := &killer{env: e, t: t, r: rand.New(rand.NewPCG(seed, 0))}
	k.herd = startHerd(t, e, 8, 4, 40*time.Millisecond, unwatched)
	for i := range rounds {
		k.round(i)
	}
	for len(k.open) > 0 {
		k.check()
	}
	acked, unknown := k.herd.finish(e.leader())
	slices.Sort(k.outages)
	t.Logf("%d kills, %d of the leader; %d pings answered, each of them counted once; refused at the survivors: %d; unknown at the killed: %d; from the kill to the next ping: median %s, longest %s; %d incidents, each alerted, %d of them twice and marked as in doubt",
		rounds, len(k.outages), acked, k.herd.failed.Load(), unknown,
		k.outages[len(k.outages)/2].Round(time.Millisecond), k.outages[len(k.outages)-1].Round(time.Millisecond), k.settled, k.doubted)
}

const incidentsARound = 10

// points of a batch at which a node is killed; "" is any moment.
var batchPoints = []string{"", "", "", "", "", "written", "proposed", "applied", "committed", "answered"}

func (k *killer) round(i int) {
	leader := k.leader()
	victim := leader
	if i > 0 && k.r.IntN(5) == 0 { // the first is always a leader
		victim = k.Followers(leader)[k.r.IntN(2)]
	}
	k.herd.shun(victim)
	sound := k.Followers(victim)
	for j := range incidentsARound {
		to := fmt.Sprintf("round%d-%d@example.com", i, j)
		h := create(k.t, sound[j%2], fields{"name": to, "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}})
		k.open = append(k.open, incident{h, to, i})
	}
	time.Sleep(time.Duration(k.r.IntN(3000)) * time.Millisecond) // somewhere on the way to the alerts
	k.kill(victim, batchPoints[k.r.IntN(len(batchPoints))])
	k.herd.mark()
	outage := k.herd.recovered()
	if victim == leader {
		k.outages = append(k.outages, outage)
	}
	testkit.Must(k.t, victim.Start())
	k.waitReady()
	k.herd.admit(victim)
	for len(k.open) > 0 && k.open[0].round < i-8 {
		k.check()
	}
	if i%20 == 19 {
		k.t.Logf("%d kills, outage %s, %d incidents settled", i+1, outage.Round(time.Millisecond), k.settled)
	}
}

// kill ends a node now, or when it gets to a point. A follower does not get to
// all of them.
func (k *killer) kill(n *localcluster.Node, point string) {
	if point != "" {
		testkit.Must(k.t, n.Break("crash", point))
		ctx, cancel := context.WithTimeout(k.t.Context(), time.Second)
		defer cancel()
		_ = n.Wait(ctx)
	}
	testkit.Must(k.t, n.Kill())
	testkit.Must(k.t, n.Mend("crash"))
}

// check waits until the oldest incident's alert is settled, and counts its mails.
func (k *killer) check() {
	k.t.Helper()
	inc := k.open[0]
	k.open = k.open[1:]
	n := k.Running()[0]
	var rows []alert
	testkit.Eventually(k.t, "the alert for "+inc.to+" is settled", func() bool {
		rows = alerts(k.t, n, inc.h)
		return len(rows) == 1 && rows[0].State == "sent"
	})
	mails := k.sink.Mails(inc.to)
	if len(mails) == 0 {
		k.t.Errorf("the alert for %s is lost", inc.to)
	}
	for i, m := range mails {
		if i > 0 && (m.MessageID != mails[0].MessageID || m.Header.Get("X-Quorumbeat-Possible-Duplicate") == "") {
			k.t.Errorf("the alert for %s was repeated without a mark: %s and %s", inc.to, mails[0].MessageID, m.MessageID)
		}
	}
	if len(mails) > 1 {
		k.doubted++
	}
	k.settled++
	ask(k.t, 204, "DELETE", n.URL()+"/v1/heartbeats/"+inc.h.ID, nil, nil)
}
