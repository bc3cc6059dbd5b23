package metrics

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
		w := readerPace{conn: ours, limit: time.Hour, stall: 5 * time.Second}.newWriter(ours)
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
