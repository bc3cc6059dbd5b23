package testkit

import (
	"testing"
	"time"
)

// Patience is how long a test waits before it takes something for hanging. It is no promise of the
// code under test: a machine that runs every package's tests at once, under the race detector, may
// be ten times slower than a quiet one, and a long limit costs nothing where what is waited for comes.
const Patience = time.Minute

// slowest is the longest pause between two looks. Pauses grow with what was waited for already,
// by a quarter of it: a look takes processor time, and what is waited for may need that.
const slowest = 100 * time.Millisecond

// Eventually waits until ok holds, and fails the test if it does not within a minute. what
// says what is waited for. A test of how soon something happens measures that itself.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for began := time.Now(); !ok(); {
		waited := time.Since(began)
		if waited > Patience {
			t.Fatalf("waited %v in vain: %s", Patience, what)
		}
		time.Sleep(min(max(time.Millisecond, waited/4), slowest))
	}
}

// Must ends the test on an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
