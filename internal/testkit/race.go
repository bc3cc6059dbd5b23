package testkit

import (
	"os"
	"testing"
)

// SkipUnderRace skips a long test of one goroutine when the race detector, which has nothing
// to find in it and makes it four times as long, is on. make test-pure runs fsm without; make soak
// sets QUORUMBEAT_SOAK_RACE and runs it with.
func SkipUnderRace(t testing.TB) {
	t.Helper()
	if raceDetector && os.Getenv("QUORUMBEAT_SOAK_RACE") == "" {
		t.Skip("long and of one goroutine: run without the race detector")
	}
}
