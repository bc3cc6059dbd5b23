package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

const (
	beforeKill = 1500 * time.Millisecond // of load
	afterKill  = 4500 * time.Millisecond
)

// measureKills kills the leader under load, again and again.
func measureKills(ctx context.Context, b *bench) error {
	c, err := b.startCluster(ctx, 3, b.heartbeats)
	if err != nil {
		return err
	}
	defer c.close()
	return c.killOften(ctx, b, "kill -9 of the leader under load")
}

// measureKillsOfMany does so with the large state: what a new leader does with all
// heartbeats before it takes pings would show.
func measureKillsOfMany(ctx context.Context, b *bench) error {
	l, err := b.largeCluster(ctx)
	if err != nil {
		return err
	}
	return l.killOften(ctx, b, fmt.Sprintf("kill -9 of the leader of %d heartbeats under load", b.many))
}

// killOften kills leader after leader, and notes what became of pings meanwhile.
func (t *trial) killOften(ctx context.Context, b *bench, what string) error {
	var outages, longest spread
	var bad, pings int64
	for i := range b.kills {
		k, err := t.killLeader(ctx, b)
		if err != nil {
			return err
		}
		say("kill %d of %d: pings commit again after %s; %d answered, %d not; the slowest took %.0f ms",
			i+1, b.kills, k.outage.Round(time.Millisecond), k.acked, k.bad, k.slowest)
		outages, longest = append(outages, k.outage.Seconds()), append(longest, k.slowest/1000)
		bad, pings = bad+k.bad, pings+k.acked
	}
	fmt.Printf("%d kills of the leader under %d connections to the survivors: %d pings answered, %d not; from the kill to the next ping that commits: %s s, p90 %.2f s; the slowest ping of each: %s s\n",
		b.kills, b.conns, pings, bad, outages.format("%.2f"), outages.percentile(90), longest.format("%.2f"))
	b.addFinding(what+": failed pings at the survivors", "0", fmt.Sprintf("%d of %d, %d kills", bad, pings+bad, b.kills), bad == 0)
	b.addFinding("  the same: time until pings commit again", "p50 < 1.5 s, max < 3 s",
		fmt.Sprintf("p50 %.2f s, max %.2f s", outages.median(), outages.max()), outages.median() < 1.5 && outages.max() < 3)
	return nil
}

// killed is what a kill did to the survivors' clients.
type killed struct {
	outage     time.Duration // from the signal to the first answer to a ping that was sent after it
	acked, bad int64
	slowest    float64 // ms
}

// killLeader kills the leader and has it come back.
func (t *trial) killLeader(ctx context.Context, b *bench) (k killed, err error) {
	victim := t.leader
	survivors := t.Followers(victim)
	token, err := t.oneToken()
	if err != nil {
		return k, err
	}
	wait := b.startLoad(ctx, shot{urls: urlsOf(survivors), tokens: t.tokens, conns: b.conns, duration: beforeKill + afterKill})
	select {
	case <-time.After(beforeKill + 300*time.Millisecond):
	case <-ctx.Done():
		_, err := wait()
		return k, err
	}
	at := time.Now()
	err1 := victim.Kill()
	first, err2 := firstCommit(ctx, survivors, token)
	k.outage = first.Sub(at)
	r, err3 := wait()
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return k, err
		}
	}
	k.acked, k.bad, k.slowest = r.Answers[200], r.Bad(), r.Latency.Max
	if err := victim.Start(); err != nil {
		return k, err
	}
	return k, t.waitReady(ctx)
}

// firstCommit pings through every node until one acknowledges, and returns when
// that was.
func firstCommit(ctx context.Context, nodes []*localcluster.Node, token string) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	done := make(chan error, len(nodes))
	for _, n := range nodes {
		go func() { done <- pingUntilTaken(ctx, clientOf(n), token) }()
	}
	err := <-done
	at := time.Now()
	cancel() // the others need not go on
	for range len(nodes) - 1 {
		<-done
	}
	return at, err
}

func pingUntilTaken(ctx context.Context, api *heartbeat.Client, token string) error {
	for {
		err := api.Ping(ctx, token)
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(5 * time.Millisecond) // it was refused, and asks again
	}
}

// oneToken is that of the first heartbeat.
func (t *trial) oneToken() (token string, err error) {
	f, err := os.Open(t.tokens)
	if err != nil {
		return "", err
	}
	defer f.Close()
	_, err = fmt.Fscan(f, &token)
	return token, err
}
