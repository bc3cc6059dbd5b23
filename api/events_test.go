package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// streamReader is a client of an event stream.
type streamReader struct {
	t      testing.TB
	conn   net.Conn
	lines  *bufio.Scanner
	status int
	lastID string
}

type streamEvent struct{ id, name, data string }

// listen opens a stream.
func (r *rig) listen(target string, headers ...string) *streamReader {
	r.t.Helper()
	conn := r.connect()
	r.t.Cleanup(func() { _ = conn.Close() })
	head := "Authorization: Bearer " + testKey + "\r\n"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Authorization" {
			head = ""
		}
		head += headers[i] + ": " + headers[i+1] + "\r\n"
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: qb.example:8080\r\n%s\r\n", target, head); err != nil {
		r.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	h := res.Header
	if res.StatusCode == 200 && (h.Get("Content-Type") != "text/event-stream" || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff") {
		r.t.Errorf("its headers are %v", h)
	}
	return &streamReader{t: r.t, conn: conn, lines: bufio.NewScanner(res.Body), status: res.StatusCode}
}

// next returns the next event, false at the stream's end.
func (l *streamReader) next() (e streamEvent, ok bool) {
	for l.lines.Scan() {
		field, value, _ := strings.Cut(l.lines.Text(), ": ")
		switch field {
		case "id":
			e.id, l.lastID = value, value
		case "event":
			e.name = value
		case "data":
			e.data = value
		case "":
			if e.data != "" {
				return e, true
			}
		}
	}
	return e, false
}

// until returns what is told up to an event whose name or data has a word, without nodes.
func (l *streamReader) until(word string) (list []streamEvent) {
	l.t.Helper()
	for {
		e, ok := l.next()
		if !ok {
			l.t.Fatalf("the stream ended before %q: %v", word, list)
		}
		if e.name != "node" {
			list = append(list, e)
		}
		if e.name == word || strings.Contains(e.data, word) {
			return list
		}
	}
}

func names(list []streamEvent) (out []string) {
	for _, e := range list {
		out = append(out, e.name)
	}
	return out
}

func TestEventsTellWhatChanges(t *testing.T) {
	r := newRig(t)
	r.create(`{"name":"before"}`)
	l := r.listen("/v1/events")
	if e := l.until("reset"); !strings.Contains(e[0].data, `"code":"begin"`) || l.lastID == "" {
		t.Errorf("it begins with %+v", e)
	}
	if e, _ := l.next(); e.name != "node" || e.id != "" || decodeAs[nodeJSON](t, e.data).Name != "alpha" {
		t.Errorf("then it tells of %+v", e)
	}
	expect := func(what, upTo string, want ...string) []streamEvent {
		t.Helper()
		list := l.until(upTo)
		if !slices.Equal(names(list), want) {
			t.Errorf("%s: %v", what, list)
		}
		for i, e := range list {
			if (e.id != "") != (i == len(list)-1) {
				t.Errorf("%s: event %d of %d has ID %q: only the last may have one", what, i, len(list), e.id)
			}
		}
		return list
	}
	h := r.create(`{"name":"nightly","tags":["prod"]}`)
	e := expect("creating", h.ID, "heartbeat")
	if want := r.call("GET", "/v1/heartbeats/"+h.ID, "").body; strings.TrimSpace(want) != e[0].data {
		t.Errorf("told %s\nshown %s", e[0].data, want)
	}
	ping := "/v1/heartbeats/" + h.Token + "/ping"
	r.call("POST", ping, "")
	expect("the first ping", `"pings_total":1`, "heartbeat")
	r.call("POST", ping, "")
	r.call("POST", ping+"/fail", "")
	incident := expect("failure", `"state":"open"`, "heartbeat", "incident")[1]
	in := decodeAs[struct {
		ID, State, Reason, Since string
		HeartbeatName            string `json:"heartbeat_name"`
		HeartbeatID              string `json:"heartbeat_id"`
	}](t, incident.data)
	if in.HeartbeatID != h.ID || in.HeartbeatName != "nightly" || in.Reason != "failure" || in.Since == "" || !strings.Contains(r.call("GET", "/v1/alerts", "").body, in.ID) {
		t.Errorf("told %s", incident.data)
	}
	r.call("POST", ping, "")
	if e := expect("recovery", `"state":"ended"`, "heartbeat", "incident"); !strings.Contains(e[1].data, in.ID) {
		t.Errorf("ended %v", e)
	}
	r.call("POST", "/v1/heartbeats/"+h.ID+"/pause", "")
	expect("pause", `"status":"paused"`, "heartbeat")
	r.call("DELETE", "/v1/heartbeats/"+h.ID, "")
	expect("delete", h.ID, "heartbeat_deleted")

	lost := fsm.SystemSubject{Kind: fsm.SystemNodeLost, Node: fsm.NodeID{7}}
	for _, x := range []struct {
		cmd   fsm.Command
		state string
	}{{fsm.BeginSystem{Subject: lost, Node: "n7", Since: 1}, "open"}, {fsm.EndSystem{Subject: lost}, "ended"}} {
		if _, err := r.cluster.Propose(t.Context(), x.cmd); err != nil {
			t.Fatal(err)
		}
		e := expect("of the monitor itself", `"state":"`+x.state+`"`, "incident")
		for _, want := range []string{`"heartbeat_name":"node n7 of the monitor"`, `"system":true`, lost.ID().String()} {
			if !strings.Contains(e[0].data, want) {
				t.Errorf("of the monitor itself: %s, want %s", e[0].data, want)
			}
		}
	}
}

// TestAnotherNodeGoesOnFromAnEvent has a client come back to another node of the cluster,
// which applied the same entries.
func TestAnotherNodeGoesOnFromAnEvent(t *testing.T) {
	r := newRig(t)
	l := r.listen("/v1/events")
	h := r.create(`{"name":"first"}`)
	l.until(h.ID)
	id := l.lastID
	_ = l.conn.Close()
	second, third := r.create(`{"name":"second"}`), r.create(`{"name":"third"}`)
	r.call("DELETE", "/v1/heartbeats/"+h.ID, "")

	other := newRigWith(t, func(*Config) {}, func(s *Server) { s.store, s.cluster, s.feeds.Store = r.server.store, r.server.cluster, r.server.store })
	for _, resume := range [][]string{{"/v1/events", "Last-Event-ID", id}, {"/v1/events?last_event_id=" + id}} {
		list := other.listen(resume[0], resume[1:]...).until(h.ID)
		if !slices.Equal(names(list), []string{"heartbeat", "heartbeat", "heartbeat_deleted"}) ||
			!strings.Contains(list[0].data, second.ID) || !strings.Contains(list[1].data, third.ID) {
			t.Errorf("%v: %v", resume, list)
		}
	}
}

// TestWhoCannotGoOnIsToldSo: never is anything left out in silence.
func TestWhoCannotGoOnIsToldSo(t *testing.T) {
	r := newRig(t)
	l := r.listen("/v1/events")
	r.create(`{"name":"x"}`)
	l.until(`"x"`)
	id := l.lastID
	future := strings.TrimRight(id, "0123456789") + "99999"
	otherTerm := strings.Replace(id, ".1.", ".7.", 1)
	ask := func(id, code string) {
		t.Helper()
		list := r.listen("/v1/events", "Last-Event-ID", id).until("reset")
		if len(list) != 1 || !strings.Contains(list[0].data, `"code":"`+code+`"`) {
			t.Errorf("from %q: %v", id, list)
		}
	}
	for _, id := range []string{"1", "00000001.1.1", "é ", strings.Repeat("9", 400), id + "x", id + ".1"} {
		ask(id, "unknown_id")
	}
	ask(future, "expired")
	ask(otherTerm, "expired")

	live := r.listen("/v1/events")
	live.until("reset")
	var image bytes.Buffer
	if _, err := r.server.store.Snapshot().WriteTo(&image); err != nil {
		t.Fatal(err)
	}
	if err := r.server.store.Restore(&image); err != nil {
		t.Fatal(err)
	}
	r.server.store.PlaceAt(1000) // as a node that lagged, and was sent a snapshot
	ask(id, "expired")
	if list := live.until("reset"); !strings.Contains(list[0].data, "expired") {
		t.Errorf("a stream that was open: %v", list)
	}
	y := r.create(`{"name":"y"}`)
	if list := live.until(y.ID); len(list) != 1 {
		t.Errorf("after the reset: %v", list)
	}
}

func TestEventsOfATag(t *testing.T) {
	r := newRig(t)
	l := r.listen("/v1/events?tag=prod")
	l.until("reset")
	r.create(`{"name":"another","tags":["test"]}`)
	one, two := r.create(`{"name":"one","tags":["prod"]}`), r.create(`{"name":"two","tags":["prod","eu"]}`)
	if list := l.until(two.ID); len(list) != 2 || !strings.Contains(list[0].data, one.ID) {
		t.Errorf("made: %v", list)
	}
	r.call("PATCH", "/v1/heartbeats/"+one.ID, `{"tags":["test"]}`)
	if list := l.until(one.ID); len(list) != 1 || list[0].name != "heartbeat" || strings.Contains(list[0].data, "prod") {
		t.Errorf("a heartbeat that loses the tag: %v", list)
	}
	r.call("PATCH", "/v1/heartbeats/"+one.ID, `{"name":"renamed"}`)
	r.call("DELETE", "/v1/heartbeats/"+one.ID, "")
	r.call("DELETE", "/v1/heartbeats/"+two.ID, "")
	if list := l.until(two.ID); len(list) != 1 || list[0].name != "heartbeat_deleted" {
		t.Errorf("deleted: %v", list)
	}
}

// TestAHeartbeatThatLeftATagAndIsGoneIsTold: between two looks it lost the tag and was
// deleted, with more changes between than are looked at at once.
func TestAHeartbeatThatLeftATagAndIsGoneIsTold(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"one","tags":["prod"]}`)
	feed := r.server.feeds.Feed("", "prod", func(h fsm.Heartbeat) any { return h.Spec.Name })
	feed.Tell(&bytes.Buffer{})
	r.call("PATCH", "/v1/heartbeats/"+h.ID, `{"tags":["test"]}`)
	for i := range 300 {
		r.create(fmt.Sprintf(`{"name":"filler %d"}`, i))
	}
	r.call("DELETE", "/v1/heartbeats/"+h.ID, "")
	var told bytes.Buffer
	for range 3 {
		feed.Tell(&told)
	}
	if strings.Count(told.String(), "event: heartbeat_deleted") != 1 || !strings.Contains(told.String(), h.ID) {
		t.Errorf("told %q", told.String())
	}
}

func TestAStreamEndsWithItsKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key := r.makeKey("admin")
	l := r.listen("/v1/events", "Authorization", "Bearer "+key.Key)
	l.until("reset")
	r.call("DELETE", "/v1/keys/"+key.ID, "")
	last := l.until("end")
	if e := last[len(last)-1]; !strings.Contains(e.data, `"code":"unauthorized"`) || !strings.Contains(e.data, "revoked") {
		t.Errorf("its last event: %v", e)
	}
	if e, ok := l.next(); ok {
		t.Errorf("after the end: %v", e)
	}
}

func TestAReadersEventsHaveNoTokens(t *testing.T) {
	r := newRig(t)
	key := r.makeKey("read")
	l := r.listen("/v1/events", "Authorization", "Bearer "+key.Key)
	l.until("reset")
	h := r.create(`{"name":"secret"}`)
	if list := l.until(h.ID); strings.Contains(list[0].data, h.Token) || !strings.Contains(list[0].data, `"token":""`) {
		t.Errorf("a reader is told %v", list)
	}
}

// silent is a node that hears from no leader any more when a test says so.
type silent struct {
	*fakeCluster
	since atomic.Int64
}

func (s *silent) Status() ClusterStatus {
	st := s.fakeCluster.Status()
	st.Nodes[0].LastContact = time.Duration(s.since.Load())
	return st
}

func TestAStreamOfANodeThatIsCutOffEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	node := &silent{fakeCluster: r.cluster}
	r.server.useCluster(node)
	key := r.makeKey("admin")
	own, other := r.listen("/v1/events"), r.listen("/v1/events", "Authorization", "Bearer "+key.Key)
	own.until("reset")
	other.until("reset")
	node.since.Store(int64(11 * time.Second))
	if last := other.until("end"); !strings.Contains(last[len(last)-1].data, `"code":"no_leader"`) {
		t.Errorf("a key of the cluster: %v", last)
	}
	r.create(`{"name":"own"}`)
	own.until(`"own"`)
}

// TestStreamsAreBounded opens all there may be, and then one more; a client that leaves makes
// room.
func TestStreamsAreBounded(t *testing.T) {
	r := newRig(t)
	open := make([]*streamReader, maxStreams)
	for i := range open {
		open[i] = r.listen("/v1/events")
		open[i].until("reset")
	}
	a := r.call("GET", "/v1/events", "")
	if a.status != 503 || !strings.Contains(a.body, "too_many_streams") || len(a.header.Peek("Retry-After")) == 0 {
		t.Errorf("one more: %d %s", a.status, a.body)
	}
	if got := r.metric(`quorumbeat_event_streams{kind="api"}`); got != fmt.Sprint(maxStreams) {
		t.Errorf("%s streams are counted", got)
	}
	_ = open[3].conn.Close()
	testkit.Eventually(t, "there is room again", func() bool {
		return r.listen("/v1/events").status == 200
	})
	if got := r.metric(`quorumbeat_event_streams_ended_total{kind="api",reason="gone"}`); got != "1" {
		t.Errorf("%s have gone", got)
	}
}

// TestWhoClosesAStreamMakesRoom though there is nothing to tell, with and without TLS, and with
// something that nobody reads behind the request: a program's stream, and a page's.
func TestWhoClosesAStreamMakesRoom(t *testing.T) {
	cert, key := certificate(t)
	for _, overTLS := range []bool{false, true} {
		r := newRigWith(t, func(c *Config) {
			if overTLS {
				c.TLSCert, c.TLSKey = cert, key
			}
		}, func(*Server) {})
		if overTLS {
			r.overTLS()
		}
		api := r.listen("/v1/events")
		page := r.listen("/ui/events", "Authorization", "", "Cookie", r.browse(testKey).cookie)
		stays := r.listen("/v1/events")
		for _, l := range []*streamReader{api, page, stays} {
			if _, err := l.conn.Write([]byte("GET /healthz HTTP/1.1\r\n")); l.status != 200 || err != nil {
				t.Fatal(l.status, err)
			}
		}
		testkit.Must(t, api.conn.Close())
		testkit.Must(t, page.conn.Close())
		left := time.Now()
		testkit.Eventually(t, "they are not counted any more", func() bool {
			return r.metric(`quorumbeat_event_streams{kind="api"}`) == "1" && r.metric(`quorumbeat_event_streams{kind="page"}`) == "0"
		})
		if took := time.Since(left); took > 10*time.Second {
			t.Errorf("TLS %v: that took %s", overTLS, took)
		}
		r.create(`{"name":"late"}`)
		stays.until("late")
	}
}

// TestStreamsShareABatch: what changes at once is told at once, each heartbeat once.
func TestStreamsShareABatch(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	feed := r.server.feeds.Feed("", "", func(h fsm.Heartbeat) any { return h.Spec.Name })
	feed.Tell(&bytes.Buffer{})
	for i := range 200 {
		r.call("PATCH", "/v1/heartbeats/"+h.ID, fmt.Sprintf(`{"name":"x%d"}`, i))
	}
	var told bytes.Buffer
	feed.Tell(&told)
	if strings.Count(told.String(), "event: ") != 1 || !strings.Contains(told.String(), `"x199"`) {
		t.Errorf("told %q", told.String())
	}
}

func (r *rig) metric(series string) string {
	r.t.Helper()
	_, rest, _ := strings.Cut(r.call("GET", "/metrics/node", "").body, "\n"+series+" ")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// TestAHeadOfAStreamEnds: it has no body.
func TestAHeadOfAStreamEnds(t *testing.T) {
	r := newRig(t)
	for range maxStreams + 1 {
		if a := r.call("HEAD", "/v1/events", ""); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if !json.Valid([]byte(r.call("GET", "/v1/heartbeats", "").body)) {
		t.Error("then nothing is answered")
	}
}
