package api

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// unread opens a stream over a narrow connection, and never reads it.
func (r *rig) unread() {
	r.t.Helper()
	conn := r.connect()
	r.t.Cleanup(func() { _ = conn.Close() })
	testkit.Must(r.t, conn.(*net.TCPConn).SetReadBuffer(4096))
	_, err := fmt.Fprintf(conn, "GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", testKey)
	testkit.Must(r.t, err)
}

// TestStreamsThatNobodyReadsEnd floods a node with streams whose clients never read, while
// large heartbeats change again and again. They are cut off; the one that is read is told on.
func TestStreamsThatNobodyReadsEnd(t *testing.T) {
	const unread, heartbeats = 8, 256
	r := newRigWith(t, func(*Config) {}, func(s *Server) { s.conns.WriteLimit = 6 * time.Second })
	large := strings.Repeat("x", fsm.MaxDescription)
	fill(t, r.cluster.store, heartbeats, func(_ int, s *fsm.Spec) { s.Description = large })
	list, _ := r.cluster.store.Heartbeats(fsm.HeartbeatFilter{})
	reader := r.listen("/v1/events")
	testkit.Must(t, reader.conn.SetDeadline(time.Time{}))
	told := make(chan string, 1)
	go func() {
		for e, ok := reader.next(); ok; e, ok = reader.next() {
			if strings.Contains(e.data, `"name":"the last"`) {
				told <- e.name
				return
			}
		}
		told <- "nothing more"
	}()
	for range unread {
		r.unread()
	}
	change := func(h fsm.Heartbeat, name string) {
		_, err := r.cluster.Propose(context.Background(), fsm.Update{ID: h.ID, Patch: fsm.Patch{Name: &name}})
		testkit.Must(t, err)
	}
	round := 0
	testkit.Eventually(t, "all that are not read have ended", func() bool {
		round++
		for _, h := range list {
			change(h, "change "+strconv.Itoa(round))
		}
		return r.metric(`quorumbeat_event_streams_ended_total{kind="api",reason="slow"}`) == strconv.Itoa(unread)
	})
	change(list[0], "the last")
	if got := <-told; got != "heartbeat" {
		t.Errorf("the stream that is read tells %s", got)
	}
	if open := r.metric(`quorumbeat_event_streams{kind="api"}`); open != "1" {
		t.Errorf("%s streams are open", open)
	}
}

// largest remembers the length of the longest write.
type largest struct{ n int }

func (l *largest) Write(b []byte) (int, error) {
	l.n = max(l.n, len(b))
	return len(b), nil
}

// TestAStreamHoldsAPieceOfWhatItTells: so what many that are not read hold does not depend
// on what changed.
func TestAStreamHoldsAPieceOfWhatItTells(t *testing.T) {
	r := newMemoryRig(t)
	large := strings.Repeat("𝕏", fsm.MaxDescription)
	feed := r.server.feeds.Feed("", "", func(h fsm.Heartbeat) any { return h })
	feed.Tell(&largest{})
	for range 32 {
		r.create(`{"name":"x","description":"` + large + `"}`)
	}
	var told largest
	feed.Tell(&told)
	if told.n < len(large) || told.n > 64<<10 {
		t.Errorf("%d bytes were written at once, of 32 heartbeats of %d", told.n, len(large))
	}
}
