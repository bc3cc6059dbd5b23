package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// heartbeat is what the tests read of one.
type heartbeat struct {
	ID                string   `json:"id"`
	Name              string   `json:"name"`
	Slug              string   `json:"slug"`
	Token             string   `json:"token"`
	Status            string   `json:"status"`
	ConsecutiveMisses int      `json:"consecutive_misses"`
	LastPingedAt      *string  `json:"last_pinged_at"`
	NextExpectedAt    *string  `json:"next_expected_at"`
	PingsTotal        int      `json:"pings_total"`
	Email             []string `json:"email"`
	PingURL           string   `json:"ping_url"`

	PausedUntil time.Time `json:"paused_until"`
}

// alert is what the tests read of a row of the ledger.
type alert struct {
	ID        string `json:"id"`
	Kind      string `json:"kind"`
	Recipient string `json:"recipient"`
	State     string `json:"state"`
	Attempts  int    `json:"attempts"`
	MessageID string `json:"message_id"`
	Error     string `json:"error"`
	Evidence  struct {
		Reason    string `json:"reason"`
		Misses    int    `json:"misses"`
		Failures  int    `json:"failures"`
		DownSince string `json:"down_since"`
		ExitCode  *int   `json:"exit_code"`
	} `json:"evidence"`
}

type fields map[string]any

// answer is an HTTP response read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

var client = &http.Client{Timeout: testkit.Patience, Transport: func() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = localcluster.AnyCertificate
	return t
}()}

// call makes one request; body is marshalled unless it is nil.
func call(t *testing.T, key, method, url string, body any) answer {
	t.Helper()
	a, err := tryCall(key, method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func tryCall(key, method, url string, body any) (answer, error) {
	var r io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		r = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, url, r)
	if err != nil {
		return answer{}, err
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(text)}, err
}

// ask makes a request that must be answered with the given status, and decodes
// the answer into v unless v is nil. On a busy machine leaders change: what is answered
// with "nothing was recorded: try again" is tried again, as clients do. Tests of how long there
// is no leader use call, or a herd.
func ask(t *testing.T, want int, method, url string, body, v any) {
	t.Helper()
	var a answer
	testkit.Eventually(t, method+" "+url+" finds a leader", func() bool {
		a = call(t, adminKey, method, url, body)
		return want == http.StatusServiceUnavailable || a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "nothing was recorded")
	})
	if a.status != want {
		t.Fatalf("%s %s: %d %s, want %d", method, url, a.status, a.body, want)
	}
	if v != nil {
		if err := json.Unmarshal([]byte(a.body), v); err != nil {
			t.Fatalf("%s %s: %v in %s", method, url, err, a.body)
		}
	}
}

func create(t *testing.T, n *localcluster.Node, spec fields) heartbeat {
	t.Helper()
	var h heartbeat
	ask(t, http.StatusCreated, "POST", n.URL()+"/v1/heartbeats", spec, &h)
	return h
}

func get(t *testing.T, n *localcluster.Node, id string) heartbeat {
	t.Helper()
	var h heartbeat
	ask(t, http.StatusOK, "GET", n.URL()+"/v1/heartbeats/"+id, nil, &h)
	return h
}

func list(t *testing.T, n *localcluster.Node) []heartbeat {
	t.Helper()
	var all struct{ Heartbeats []heartbeat }
	ask(t, http.StatusOK, "GET", n.URL()+"/v1/heartbeats", nil, &all)
	return all.Heartbeats
}

// ping pings once and expects the plain answer.
func ping(t *testing.T, n *localcluster.Node, h heartbeat) {
	t.Helper()
	if a := call(t, "", "POST", pingURL(n, h), nil); a.status != 200 || a.body != `{"status":"ok"}` {
		t.Fatalf("ping through %s: %d %s", n.Name, a.status, a.body)
	}
}

// isCounted reports whether a ping was answered 200, and fails the test if not; any goroutine may ask.
func isCounted(t *testing.T, resp *http.Response, err error) bool {
	if err != nil {
		t.Error(err)
		return false
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("a ping is answered %s", resp.Status)
	}
	return resp.StatusCode == 200
}

func pingURL(n *localcluster.Node, h heartbeat) string {
	return n.URL() + "/v1/heartbeats/" + h.Token + "/ping"
}

// history counts the pings of a heartbeat that the history holds, page by page,
// and fails if one is listed twice.
func history(t *testing.T, n *localcluster.Node, h heartbeat) int {
	t.Helper()
	seen := map[string]bool{}
	for cursor := ""; ; {
		var page struct {
			Pings      []struct{ ID string }
			NextCursor string `json:"next_cursor"`
		}
		ask(t, http.StatusOK, "GET", n.URL()+"/v1/heartbeats/"+h.ID+"/pings?limit=100"+cursor, nil, &page)
		for _, p := range page.Pings {
			if seen[p.ID] {
				t.Fatalf("ping %s is listed twice", p.ID)
			}
			seen[p.ID] = true
		}
		if page.NextCursor == "" {
			return len(seen)
		}
		cursor = "&cursor=" + url.QueryEscape(page.NextCursor)
	}
}

func alerts(t *testing.T, n *localcluster.Node, h heartbeat) []alert {
	t.Helper()
	var all struct{ Alerts []alert }
	ask(t, http.StatusOK, "GET", n.URL()+"/v1/alerts?heartbeat_id="+h.ID, nil, &all)
	return all.Alerts
}

// errorCode is the machine word of an error's body.
func errorCode(t *testing.T, a answer) string {
	t.Helper()
	var e struct{ Error, Code string }
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || e.Error == "" || e.Code == "" {
		t.Errorf("%d %s: not an error body: %v", a.status, a.body, errors.Join(err))
	}
	return e.Code
}
