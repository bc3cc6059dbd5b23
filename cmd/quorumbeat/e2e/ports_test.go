package e2e

import (
	"bytes"
	"context"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// floodSize is how many connections strangers hold open at each port; QUORUMBEAT_FLOOD
// makes it another.
func floodSize(t *testing.T) int {
	t.Helper()
	text := os.Getenv("QUORUMBEAT_FLOOD")
	if text == "" {
		return 500
	}
	n, err := strconv.Atoi(text)
	testkit.Must(t, err)
	return n
}

// TestAFloodOfStrangersKeepsNoPeerOut has strangers send the longest beginnings that they can
// to the cluster and the gossip port of a leader, and come again as soon as they are
// shown out. Meanwhile a follower is killed and started again.
func TestAFloodOfStrangersKeepsNoPeerOut(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3)
	leader := e.leader()
	victim := e.Followers(leader)[0]
	h := create(t, leader, fields{"name": "job", "interval_secs": 3600})
	before, err := leader.Usage()
	testkit.Must(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var strangers sync.WaitGroup
	var came atomic.Int64
	for addr, talk := range map[string][]byte{leader.Addrs.Cluster: endlessHello(), leader.Addrs.Gossip: endlessState()} {
		for range floodSize(t) {
			strangers.Go(func() {
				for ctx.Err() == nil {
					came.Add(1)
					stranger(ctx, addr, talk)
				}
			})
		}
	}
	testkit.Eventually(t, "all strangers have come", func() bool { return came.Load() > int64(4*floodSize(t)) })
	testkit.Must(t, victim.Kill())
	testkit.Must(t, victim.Start())
	from := time.Now()
	testkit.Must(t, victim.WaitReady(ctx))
	took := time.Since(from)
	ping(t, victim, h)
	during, err := leader.Usage()
	testkit.Must(t, err)
	cancel()
	strangers.Wait()

	grown := (during.Peak - before.Resident) >> 20
	t.Logf("%d connections at each port, %d in all: the leader grew by %d MB, a peer was back within %s", floodSize(t), came.Load(), grown, took.Round(time.Millisecond))
	if grown > 128 && !racingAll { // with one stranger it is 60
		t.Errorf("the leader grew by %d MB", grown)
	}
	if took > testkit.Patience {
		t.Errorf("the peer was back after %s", took)
	}
}

// stranger sends the same over and over until it is shown out.
func stranger(ctx context.Context, addr string, talk []byte) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	for err == nil {
		_, err = conn.Write(talk)
	}
}

// endlessHello is a TLS record with the beginning of the longest hello that TLS permits.
func endlessHello() []byte {
	record := []byte{22, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff}
	return append(record, bytes.Repeat([]byte{1}, 1<<14-4)...)
}

// endlessState announces the largest encrypted state that memberlist takes.
func endlessState() []byte {
	const encrypted = 10 // then a length just below 20 MiB
	return append([]byte{encrypted, 1, 0x3f, 0xff, 0xff}, make([]byte, 1<<16)...)
}
