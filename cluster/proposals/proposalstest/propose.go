// Package proposalstest puts commands into a table for the tests of those who take
// them out.
//
//   - propose.go: a command that somebody waits for
package proposalstest

import (
	"context"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/proposals"
)

// Waiting is somebody who waits for a command.
type Waiting struct {
	Done   <-chan proposals.Result // gets one
	GiveUp context.CancelFunc
}

// Propose puts a command into the table, and returns once it waits there, or was
// taken and resolved already.
func Propose(t testing.TB, tab *proposals.Table, cmd string) *Waiting {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done, before := make(chan proposals.Result, 1), tab.Len()
	go func() { done <- tab.Await(ctx, []byte(cmd)) }()
	for deadline := time.Now().Add(5 * time.Second); tab.Len() <= before && len(done) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the command does not wait")
		}
	}
	return &Waiting{done, cancel}
}
