package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/spool"
)

const (
	testToken = "0b5cbd4c-0ad9-4f4d-9d2e-6a7e3f1c2a10"
	patience  = 40 * time.Second // with a machine that is busy
)

// fakeMonitor answers signals as the contract says, and notes them.
type fakeMonitor struct {
	*httptest.Server
	release chan struct{}

	mu      sync.Mutex
	mode    string // "", hang, refuse
	waiting int    // requests that hang
	heard   []heardSignal
	repeats int // of signals that were heard before
}

type heardSignal struct {
	signal, rid, at, key, body string
	metrics                    string // like m.bytes=1
}

func newFakeMonitor(t *testing.T) *fakeMonitor {
	m := &fakeMonitor{release: make(chan struct{})}
	m.Server = httptest.NewServer(m)
	t.Cleanup(func() {
		close(m.release)
		m.Close()
	})
	return m
}

func (m *fakeMonitor) set(mode string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mode = mode
}

func (m *fakeMonitor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	m.mu.Lock()
	mode := m.mode
	if mode == "hang" {
		m.waiting++
	}
	m.mu.Unlock()
	suffix, ok := strings.CutPrefix(r.URL.Path, "/v1/heartbeats/"+testToken+"/ping")
	q := r.URL.Query()
	switch {
	case mode == "hang":
		<-m.release
	case mode == "refuse":
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"error":"no leader could be reached in time","code":"no_leader"}`)
	case inFuture(q.Get("at")):
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"at is in the future","code":"invalid_request"}`)
	case !ok:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"error":"not found","code":"not_found"}`)
	default:
		m.note(heardSignal{strings.TrimPrefix(suffix, "/"), q.Get("rid"), q.Get("at"), r.Header.Get("Idempotency-Key"), string(body), metricsOf(q)})
		_, _ = io.WriteString(w, `{"status":"ok"}`)
	}
}

// metricsOf are the numbers of a query.
func metricsOf(q url.Values) string {
	for name := range q {
		if !strings.HasPrefix(name, "m.") {
			delete(q, name)
		}
	}
	return q.Encode()
}

// busy reports whether somebody waits for an answer.
func (m *fakeMonitor) busy() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.waiting > 0
}

func inFuture(at string) bool {
	t, err := time.Parse(time.RFC3339, at)
	return err == nil && time.Until(t) > time.Minute
}

// note counts a repeated key once.
func (m *fakeMonitor) note(s heardSignal) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range m.heard {
		if h.key == s.key {
			m.repeats++
			return
		}
	}
	m.heard = append(m.heard, s)
}

func (m *fakeMonitor) all() []heardSignal {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]heardSignal(nil), m.heard...)
}

// signals are those that came, as "start 3".
func (m *fakeMonitor) signals() string {
	var names []string
	for _, s := range m.all() {
		names = append(names, s.signal)
	}
	return strings.Join(names, " ")
}

// wrapped is a job under `quorumbeat run`.
type wrapped struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
	spool          string
}

// wrapJob prepares `quorumbeat run`; args are flags, --, and the command.
func wrapJob(t *testing.T, url string, args ...string) *wrapped {
	t.Helper()
	w := &wrapped{spool: t.TempDir()}
	w.Cmd = programCommand(t, []string{"QUORUMBEAT_URL=" + url, "QUORUMBEAT_TOKEN=" + testToken, "QUORUMBEAT_SPOOL=" + w.spool},
		append([]string{"run"}, args...)...)
	w.Stdout, w.Stderr = &w.stdout, &w.stderr
	return w
}

// shell wraps a script.
func shell(t *testing.T, url, script string, flags ...string) *wrapped {
	t.Helper()
	return wrapJob(t, url, append(flags, "--", "sh", "-c", script)...)
}

// status runs it to its end and returns its exit status.
func (w *wrapped) status(t *testing.T) int {
	t.Helper()
	start(t, w)
	return w.wait(t)
}

func start(t *testing.T, w *wrapped) {
	t.Helper()
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
}

func (w *wrapped) wait(t *testing.T) int {
	t.Helper()
	err := w.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return w.ProcessState.ExitCode()
}

// spooled reads what a spool holds.
func spooled(t *testing.T, dir string) (all []spool.Entry) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		var e spool.Entry
		text, err := os.ReadFile(f)
		if err := errors.Join(err, json.Unmarshal(text, &e)); err != nil {
			t.Errorf("%s: %v", f, err)
		}
		all = append(all, e)
	}
	return all
}

// gate is a file in w's folder that a script waits for to go: it goes with the
// folder at the latest, so that no script outlives its test for long.
type gate string

func holdBack(t *testing.T, w *wrapped) gate {
	t.Helper()
	w.Dir = t.TempDir()
	g := gate(filepath.Join(w.Dir, "hold"))
	if err := os.WriteFile(string(g), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g gate) open(t *testing.T) {
	t.Helper()
	if err := os.Remove(string(g)); err != nil {
		t.Error(err)
	}
}
