package cluster

import (
	"slices"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestAReadThroughAFollowerDoesNotWaitForRaftsOwnMessages(t *testing.T) {
	c := newTrio(t, 3)
	i := c.follower()
	c.heartbeat(i, 1)
	var took []time.Duration
	for range 15 {
		start := time.Now()
		if err := c.nodes[i].ReadBarrier(within(t, testkit.Patience)); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	if median := took[len(took)/2]; median > commitTimeout/2 {
		t.Errorf("half of the reads took over %v", median)
	}
}
