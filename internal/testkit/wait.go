package testkit

import (
	"testing"
	"time"
)

// patience is how long Eventually waits. It is no promise of the code under test: a machine
// that runs every package's tests at once, under the race detector, may be ten times slower
// than a quiet one, and a long limit costs nothing where the condition comes to hold.
const patience = time.Minute

// slowest is the longest pause between two looks.
const slowest = 20 * time.Millisecond

// Eventually waits until ok holds, and fails the test if it does not within a minute. what
// says what is waited for. A test of how soon something happens measures that itself.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for pause := time.Millisecond; !ok(); pause = min(2*pause, slowest) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain: %s", patience, what)
		}
		time.Sleep(pause)
	}
}

// Must ends the test on an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
