package e2e

import (
	"net"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

func cardIndex(t *testing.T, name string) int {
	t.Helper()
	card, err := net.InterfaceByName(name)
	testkit.Must(t, err)
	return card.Index
}

// badNetworks are what every frame between two nodes suffers twice: once on its
// sender's cable and once on its receiver's. The first is for every day.
var badNetworks = []quality{
	{delay: 5 * time.Millisecond, jitter: 5 * time.Millisecond, loss: 0.01},
	{delay: 10 * time.Millisecond, jitter: 10 * time.Millisecond},
	{delay: 25 * time.Millisecond, jitter: 50 * time.Millisecond, loss: 0.03},
}

// TestABadNetwork delays and loses frames between real nodes and kills the leader
// amidst it: pings get slower, and none is lost or refused, nor is any alert.
func TestABadNetwork(t *testing.T) {
	t.Parallel()
	if !alone(t) {
		return
	}
	w := newNetwork(t)
	cables := []*cable{w.lay(0), w.lay(1), w.lay(2)}
	e := startOn(t, w)
	for _, q := range badNetworks[:soakNumber(t, "QUORUMBEAT_SOAK_NETWORKS", 1)] {
		for _, c := range cables {
			c.set(q)
		}
		e.bearBadNetwork(t, q)
	}
}

// startOn runs a node on each host of a network.
func startOn(t *testing.T, w *network) *env {
	t.Helper()
	sink := newSink(t, smtpsink.Config{Addr: bridge + ":0"})
	e := startWith(t, sink, localcluster.Options{
		Nodes: 3, Hosts: w.hosts(),
		Flags: append(mailFlags(sink, "none"), "--history", "1000000", "--alert-group-wait", "0s"),
	})
	e.waitServing(t)
	return e
}

func (e *env) bearBadNetwork(t *testing.T, q quality) {
	t.Helper()
	mistaken, to := address(), address()
	h := startHerd(t, e, 8, 0, 20*time.Millisecond, fields{"interval_secs": 10, "grace_secs": 10, "miss_threshold": 1, "email": []string{mistaken}})
	lost := create(t, e.Nodes[0], fields{"name": to, "interval_secs": 2, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}})
	time.Sleep(2 * time.Second) // under load, until the alert is due
	leader := e.leader()
	h.shun(leader)
	testkit.Must(t, leader.Kill())
	h.mark()
	outage := h.recovered()
	e.waitAlert(t, e.Followers(leader)[0], lost, to)
	testkit.Must(t, leader.Start())
	e.waitReady()
	h.admit(leader)
	acked, _ := h.finish(leader)
	e.noMails(t, mistaken, h)
	ask(t, 204, "DELETE", leader.URL()+"/v1/heartbeats/"+lost.ID, nil, nil)
	t.Logf("each cable %s to %s late, %.0f %% lost: %d pings answered and all counted once, none failed; %s from a leader's kill to the next ping",
		q.delay, q.delay+q.jitter, 100*q.loss, acked, outage.Round(10*time.Millisecond))
}
