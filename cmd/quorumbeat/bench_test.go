package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/load"
)

// fakeCluster answers a bench as a cluster would, and remembers what there is.
type fakeCluster struct {
	mu      sync.Mutex
	alive   map[string]bool
	made    int
	pings   int
	busy    int // this many creates are answered 503 first
	refuse  bool
	created func() // told of each
}

func (f *fakeCluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/ping"):
		f.pings++
		fmt.Fprint(w, `{"status":"ok"}`)
	case r.Header.Get("Authorization") != "Bearer the-key":
		w.WriteHeader(401)
	case r.Method == http.MethodPost:
		f.create(w, r)
	case r.Method == http.MethodDelete:
		delete(f.alive, strings.TrimPrefix(r.URL.Path, "/v1/heartbeats/"))
		w.WriteHeader(204)
	}
}

func (f *fakeCluster) create(w http.ResponseWriter, r *http.Request) {
	var h struct {
		Arm  string
		Tags []string
	}
	if err := json.NewDecoder(r.Body).Decode(&h); err != nil || h.Arm != "first_ping" || len(h.Tags) != 1 || h.Tags[0] != "quorumbeat-bench" || f.refuse {
		w.WriteHeader(400)
		return
	}
	if f.busy > 0 {
		f.busy--
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(503)
		return
	}
	f.made++
	id := fmt.Sprint("hb_", f.made)
	f.alive[id] = true
	w.WriteHeader(201)
	fmt.Fprintf(w, `{"id":%q,"token":"token-%d"}`, id, f.made)
	if f.created != nil {
		f.created()
	}
}

func startFake(t *testing.T) (*fakeCluster, string) {
	t.Helper()
	f := &fakeCluster{alive: map[string]bool{}}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return f, s.URL
}

var quick = []string{"--connections", "2", "--duration", "50ms", "--warmup", "0s"}

func TestBenchMakesPingsAndDeletes(t *testing.T) {
	f, url := startFake(t)
	f.busy = 1
	p, stdout, stderr := newTestProgram(map[string]string{"QUORUMBEAT_API_KEY": "the-key"})
	args := append([]string{"bench", "--url", url + "," + url, "--heartbeats", "300", "--json", "--verbose"}, quick...)
	if code := p.run(t.Context(), args); code != cli.ExitDone {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var out struct {
		Heartbeats       int
		CreatedPerSecond float64 `json:"created_per_second"`
		DeletedPerSecond float64 `json:"deleted_per_second"`
		*load.Report
	}
	if err := json.Unmarshal(stdout.Bytes(), &out); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	if f.made != 300 || len(f.alive) != 0 {
		t.Errorf("%d made, %d left", f.made, len(f.alive))
	}
	if out.Heartbeats != 300 || out.Whole.Acknowledged != int64(f.pings) || f.pings == 0 || out.CreatedPerSecond == 0 || out.DeletedPerSecond == 0 || len(out.BySecond) != 1 {
		t.Errorf("%d pings came, the report: %s", f.pings, stdout)
	}
}

func TestBenchDeletesWhatItMadeWhenInterrupted(t *testing.T) {
	f, url := startFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.created = func() {
		if f.made == 100 {
			cancel()
		}
	}
	p, _, stderr := newTestProgram(nil)
	args := append([]string{"bench", "--url", url, "--api-key", "the-key", "--heartbeats", "100000"}, quick...)
	if code := p.run(ctx, args); code != cli.ExitFailed || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if f.made < 100 || f.made > 1000 || len(f.alive) != 0 {
		t.Errorf("%d made, %d left", f.made, len(f.alive))
	}
}

func TestBenchOfExistingHeartbeatsNeedsNoKey(t *testing.T) {
	f, url := startFake(t)
	file := write(t, "tokens", "a\nb\n\n")
	p, stdout, stderr := newTestProgram(nil)
	args := append([]string{"bench", "--url", url, "--tokens-file", file, "--rate", "200"}, quick...)
	if code := p.run(t.Context(), args); code != cli.ExitDone || f.pings != 10 || f.made != 0 {
		t.Errorf("exit code %d, %d pings on a schedule of 10, %d made: %s", code, f.pings, f.made, stderr)
	}
	for _, words := range []string{"200: 10", "behind schedule", "2, by 2 connections"} {
		if !strings.Contains(stdout.String(), words) {
			t.Errorf("no %q in\n%s", words, stdout)
		}
	}
}

func TestBenchKeepsHeartbeatsOnDemand(t *testing.T) {
	f, url := startFake(t)
	file := filepath.Join(t.TempDir(), "tokens")
	args := append([]string{"bench", "--url", url, "--api-key", "the-key", "--heartbeats", "3", "--keep", file}, quick...)
	p, _, stderr := newTestProgram(nil)
	if code := p.run(t.Context(), args); code != cli.ExitDone || len(f.alive) != 3 {
		t.Fatalf("exit code %d, %d left: %s", code, len(f.alive), stderr)
	}
	text, err := os.ReadFile(file)
	if err != nil || len(strings.Fields(string(text))) != 3 {
		t.Errorf("the tokens: %q %v", text, err)
	}
	if code := p.run(t.Context(), args); code != cli.ExitUsage || f.made != 3 || !strings.Contains(stderr.String(), "exists") {
		t.Errorf("a file that exists: exit code %d, %d made: %s", code, f.made, stderr)
	}
	again := append([]string{"bench", "--url", url, "--tokens-file", file}, quick...)
	if code := p.run(t.Context(), again); code != cli.ExitDone {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

func TestBenchTellsWhatIsWrong(t *testing.T) {
	f, url := startFake(t)
	f.refuse = true
	closed := httptest.NewServer(nil)
	closed.Close()
	odd := write(t, "tokens", "hb_1/../x")
	for name, c := range map[string]struct {
		args  []string
		code  int
		words string
	}{
		"no key":          {nil, cli.ExitUsage, "QUORUMBEAT_API_KEY"},
		"wrong key":       {[]string{"--url", url, "--api-key", "other"}, cli.ExitFailed, "does not know this API key"},
		"refused":         {[]string{"--url", url, "--api-key", "the-key"}, cli.ExitFailed, "HTTP 400"},
		"nobody there":    {[]string{"--url", closed.URL, "--api-key", "the-key"}, cli.ExitFailed, "no node answers"},
		"no address":      {[]string{"--url", "localhost:1", "--api-key", "the-key"}, cli.ExitUsage, "http://HOST:PORT"},
		"too many":        {[]string{"--api-key", "k", "--heartbeats", "4000001"}, cli.ExitUsage, "--heartbeats"},
		"no threads":      {[]string{"--api-key", "k", "--threads", "0"}, cli.ExitUsage, "--threads"},
		"a negative rate": {[]string{"--api-key", "k", "--rate", "-1"}, cli.ExitUsage, "rate"},
		"odd tokens":      {[]string{"--url", url, "--tokens-file", odd}, cli.ExitUsage, "no token"},
		"no tokens":       {[]string{"--url", url, "--tokens-file", odd + "x"}, cli.ExitFailed, "no such file"},
		"kept tokens":     {[]string{"--tokens-file", odd, "--keep", odd}, cli.ExitUsage, "--keep"},
	} {
		p, stdout, stderr := newTestProgram(nil)
		code := p.run(t.Context(), append([]string{"bench", "--duration", "50ms"}, c.args...))
		if code != c.code || !strings.Contains(stderr.String(), c.words) || stdout.Len() > 0 {
			t.Errorf("%s: exit code %d: %s%s", name, code, stderr, stdout)
		}
	}
	if len(f.alive) != 0 {
		t.Errorf("%d are left", len(f.alive))
	}
}

func TestBenchFailsIfNothingIsAcknowledged(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	defer gone.Close()
	p, stdout, stderr := newTestProgram(nil)
	args := append([]string{"bench", "--url", gone.URL, "--tokens-file", write(t, "tokens", "a")}, quick...)
	if code := p.run(t.Context(), args); code != cli.ExitFailed || !strings.Contains(stderr.String(), "no ping was acknowledged") || !strings.Contains(stdout.String(), "404: ") {
		t.Errorf("exit code %d: %s%s", code, stderr, stdout)
	}
}
