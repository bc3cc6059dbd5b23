package pieces

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestOnlyTheClientsTimeCounts: who reads at once is not cut off by a machine that takes long to make a
// piece, and who does not read is.
func TestOnlyTheClientsTimeCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		w := Pace{Stall: 5 * time.Second, Limit: time.Hour}.Writer(ours, ours)
		buf := make([]byte, 5)
		for range 3 {
			time.Sleep(20 * time.Second) // a slow machine
			go func() { _, _ = io.ReadFull(theirs, buf) }()
			_, err := w.Write([]byte("piece"))
			testkit.Must(t, err)
		}
		began := time.Now()
		if _, err := w.Write([]byte("piece")); err == nil || time.Since(began) != 5*time.Second {
			t.Errorf("a client that does not read: %v after %v", err, time.Since(began))
		}
	})
}

// TestALongAnswerMayTakeLonger: a client has the limit, and what its answer takes at the least rate.
func TestALongAnswerMayTakeLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		w := Pace{Stall: time.Hour, Limit: 10 * time.Second, Rate: 5}.Writer(ours, io.Discard)
		for i := range 30 { // five bytes in nine tenths of a second, and then in three halves
			_, err := w.Write([]byte("piece"))
			testkit.Must(t, err)
			if time.Sleep(900 * time.Millisecond); i > 9 {
				time.Sleep(600 * time.Millisecond)
			}
		}
		time.Sleep(10 * time.Second)
		if _, err := w.Write([]byte("piece")); err == nil {
			t.Error("a client that is too slow is not cut off")
		}
	})
}
