package api

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/api/pieces"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// listed is a list of heartbeats.
type listed struct {
	Heartbeats []heartbeatJSON
	NextCursor string `json:"next_cursor"`
}

// TestAWholeListIsThatOfItsPages: however many there are, and with every filter.
func TestAWholeListIsThatOfItsPages(t *testing.T) {
	for _, heartbeats := range []int{0, 1, maxList, maxList + 1, maxList + listPiece, 2*maxList + 1} {
		r := newRig(t)
		fill(t, r.cluster.store, heartbeats, func(i int, s *fsm.Spec) {
			if i%2 == 0 {
				s.Tags = []string{"even"}
			}
		})
		for _, filter := range []string{"", "&tag=even", "&tag=none", "&q=job+7", "&status=failing"} {
			whole := decodeAs[listed](t, r.call("GET", "/v1/heartbeats?"+filter, "").body)
			var paged []heartbeatJSON
			for cursor, more := "", true; more; {
				page := decodeAs[listed](t, r.call("GET", "/v1/heartbeats?limit=999"+filter+cursor, "").body)
				paged = append(paged, page.Heartbeats...)
				cursor, more = "&cursor="+page.NextCursor, page.NextCursor != ""
			}
			if whole.NextCursor != "" || fmt.Sprint(ids(whole.Heartbeats)) != fmt.Sprint(ids(paged)) {
				t.Errorf("of %d%s: %d, in pages %d, next %q", heartbeats, filter, len(whole.Heartbeats), len(paged), whole.NextCursor)
			}
		}
	}
}

func ids(list []heartbeatJSON) (out []string) {
	for _, h := range list {
		out = append(out, h.ID)
	}
	return out
}

// begin sends a request and reads the head of the answer.
func (r *rig) begin(target string) *http.Response {
	r.t.Helper()
	conn := r.connect()
	r.t.Cleanup(func() { _ = conn.Close() })
	_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", target, testKey)
	testkit.Must(r.t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != 200 {
		r.t.Fatal(res, err)
	}
	return res
}

// TestWhoReadsALongAnswerSlowlyKeepsNoPlace: neither of a whole list, nor of a backup.
func TestWhoReadsALongAnswerSlowlyKeepsNoPlace(t *testing.T) {
	stalls := pieces.Pace{Stall: 200 * time.Millisecond, Limit: testkit.Patience}
	slow := pieces.Pace{Stall: testkit.Patience, Limit: 200 * time.Millisecond}
	for name, tt := range map[string]struct {
		pace pieces.Pace
		read func(io.Reader) error
	}{
		"one that does not read at all": {stalls, func(io.Reader) error { return nil }},
		"one that reads, but slowly":    {slow, trickle},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRigWith(t, func(*Config) {}, func(s *Server) { s.reading = tt.pace })
			fill(t, r.cluster.store, 8_000, func(_ int, s *fsm.Spec) { s.Description = strings.Repeat("x", fsm.MaxDescription) })
			for _, target := range []string{"/v1/heartbeats", "/v1/backup"} {
				res := r.begin(target)
				cut := tt.read(res.Body)
				testkit.Eventually(t, "the place of "+target+" is free", func() bool { return len(r.server.costly.Lists)+len(r.server.costly.Backups) == 0 })
				if _, err := io.Copy(io.Discard, res.Body); err == nil && cut == nil {
					t.Errorf("%s was cut off and looks whole", target)
				}
			}
		})
	}
}

// TestWholeListsHoldLittle has as many ask for all as may, and nobody reads: each holds a piece, not the list.
func TestWholeListsHoldLittle(t *testing.T) {
	r := newRig(t)
	fill(t, r.cluster.store, 10_000, func(int, *fsm.Spec) {})
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	size, before := len(r.call("GET", "/v1/heartbeats", "").body), held()
	for range cap(r.server.costly.Lists) {
		r.begin("/v1/heartbeats")
	}
	testkit.Eventually(t, fmt.Sprintf("all of them hold less than one list, %d bytes", size), func() bool { return held() < before+uint64(size) })
}
