package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/spool"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// nobody is an address at which nothing listens.
const nobody = "http://127.0.0.1:1"

func TestWhatCouldNotBeToldIsToldByTheNextRun(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	lost := shell(t, nobody, "echo first run; exit 3", "--wait", "1s")
	if status := lost.status(t); status != 3 || !strings.Contains(lost.stderr.String(), "it is kept in "+lost.spool) {
		t.Fatalf("status %d, said %q", status, &lost.stderr)
	}
	if words := lost.stderr.String(); librarySpeak.MatchString(words) || !strings.Contains(words, "no node answers at "+nobody+": nothing listens there (connection refused)") {
		t.Errorf("said %q", words)
	}
	all := spooled(t, lost.spool)
	if len(all) != 1 || len(all[0].Signals) != 2 {
		t.Fatalf("kept %+v", all)
	}
	private(t, lost.spool)
	next := shell(t, m.URL, "true", "--wait", "20s", "--spool", lost.spool)
	if status := next.status(t); status != 0 || next.stderr.Len() > 0 {
		t.Errorf("status %d, said %q", status, &next.stderr)
	}
	if got := spooled(t, lost.spool); len(got) != 0 {
		t.Errorf("still kept: %+v", got)
	}
	heard := map[string]heardSignal{}
	for _, s := range m.all() {
		heard[s.key] = s
	}
	if len(heard) != 4 {
		t.Errorf("heard %q", m.signals())
	}
	for i, s := range all[0].Signals {
		got := heard[s.Key]
		if got.signal != s.Signal || got.rid != all[0].RunID || got.at != s.At.UTC().Format("2006-01-02T15:04:05.000Z") || got.body != string(s.Body) {
			t.Errorf("signal %d: heard %+v, kept was %+v", i, got, s)
		}
	}
	if string(all[0].Signals[1].Body) != "first run\n" {
		t.Errorf("kept %+v", all[0])
	}
}

// private checks that nobody else may look into a spool.
func private(t *testing.T, dir string) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && path != dir && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestARunThatBeganInVainIsToldLate has the monitor away when the job starts.
func TestARunThatBeganInVainIsToldLate(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	m.set("refuse")
	w := shell(t, m.URL, "echo ready; while [ -e hold ]; do sleep 0.02; done", "--wait", "20s")
	gate := holdBack(t, w)
	out := lines(t, w)
	start(t, w)
	out.expect("ready")
	m.set("")
	gate.open(t)
	if status := w.wait(t); status != 0 || m.signals() != "start 0" {
		t.Errorf("status %d, heard %q, said %q", status, m.signals(), &w.stderr)
	}
}

func TestSpoolFlush(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	dir := t.TempDir()
	flush := func(args ...string) (code int, words string) {
		cmd := programCommand(t, []string{"QUORUMBEAT_SPOOL=" + dir, "QUORUMBEAT_URL=" + nobody}, append([]string{"spool", "flush"}, args...)...)
		out, _ := cmd.CombinedOutput()
		return cmd.ProcessState.ExitCode(), string(out)
	}
	if code, words := flush(); code != 0 || words != "0 delivered, 0 dropped, 0 left\n" {
		t.Errorf("with an empty spool: %d, %q", code, words)
	}
	put(t, dir, m.URL, testToken, time.Now().Add(-3*time.Hour), "3")
	put(t, dir, m.URL, testToken, time.Now().Add(-25*time.Hour), "25")
	put(t, dir, m.URL, "a-token-of-nobody", time.Now().Add(-2*time.Hour), "2")
	put(t, dir, nobody, testToken, time.Now().Add(-time.Hour), "1")
	put(t, dir, nobody, testToken, time.Now().Add(-time.Minute), "0")
	if err := os.WriteFile(filepath.Join(dir, "0000000000000000001-x.json"), []byte(`{"version":1`), 0o600); err != nil {
		t.Fatal(err)
	}
	code, words := flush()
	for _, want := range []string{"1 delivered, 3 dropped, 2 left", "over 24 hours old", "not found", "damaged"} {
		if code != 1 || !strings.Contains(words, want) {
			t.Errorf("exit code %d, said %q, want %q", code, words, want)
		}
	}
	if code, words := flush("--url", m.URL, "--json"); code != 0 || !strings.Contains(words, `"delivered": 2`) {
		t.Errorf("to another address: %d, %q", code, words)
	}
	if m.signals() != "3 1 0" {
		t.Errorf("heard %q", m.signals())
	}
}

// TestAClockThatIsFastLosesNoReport: the monitor takes no time of the future.
func TestAClockThatIsFastLosesNoReport(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	dir := t.TempDir()
	put(t, dir, m.URL, testToken, time.Now().Add(10*time.Minute), "1")
	put(t, dir, m.URL, testToken, time.Now().Add(-time.Minute), "2")
	p, _, stderr := newTestProgram(nil)
	if code := p.run(t.Context(), []string{"spool", "flush", "--spool", dir}); code != cli.ExitFailed || !strings.Contains(stderr.String(), "at is in the future") {
		t.Errorf("exit code %d, said %q", code, stderr)
	}
	if left := spooled(t, dir); m.signals() != "2" || len(left) != 1 || left[0].Signals[0].Signal != "1" {
		t.Errorf("heard %q, left %+v", m.signals(), left)
	}
}

// put keeps a run that ended with a status.
func put(t *testing.T, dir, url, token string, at time.Time, status string) {
	t.Helper()
	e := spool.Entry{URL: url, Token: token, RunID: heartbeat.NewRunID(), Signals: []spool.Signal{{Signal: status, At: at, Key: heartbeat.NewKey()}}}
	if _, err := (&spool.Folder{Dir: dir}).Add(e); err != nil {
		t.Fatal(err)
	}
}

// TestManyWrappersShareASpool: all keep at once, then all deliver at once.
func TestManyWrappersShareASpool(t *testing.T) {
	t.Parallel()
	const wrappers = 12
	m := newFakeMonitor(t)
	dir := t.TempDir()
	atOnce := func(url, wait string) {
		var all sync.WaitGroup
		for i := range wrappers {
			w := shell(t, url, fmt.Sprintf("exit %d", i+1), "--wait", wait, "--spool", dir)
			all.Go(func() {
				if err := w.Run(); w.ProcessState.ExitCode() != i+1 {
					t.Errorf("job %d: %v, said %q", i, err, &w.stderr)
				}
			})
		}
		all.Wait()
	}
	atOnce(nobody, "0s")
	if got := spooled(t, dir); len(got) != wrappers {
		t.Fatalf("%d are kept", len(got))
	}
	requests := len(m.all())
	atOnce(m.URL, "30s")
	heard := m.all()[requests:]
	if len(heard) != 4*wrappers || len(spooled(t, dir)) != 0 {
		t.Errorf("heard %q; %d still kept", m.signals(), len(spooled(t, dir)))
	}
	if m.repeats > wrappers { // each may cut one short, when its job ends
		t.Errorf("%d signals were sent twice", m.repeats)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 { // the lock
		t.Errorf("left %v, %v", left, err)
	}
}

func TestASpoolThatOthersMayWriteToIsRefused(t *testing.T) {
	t.Parallel()
	open := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{open, link, "/dev/null/spool"} {
		w := shell(t, nobody, "exit 3", "--wait", "0s", "--spool", dir)
		if status := w.status(t); status != 3 || !strings.Contains(w.stderr.String(), "cannot be kept") {
			t.Errorf("%s: status %d, said %q", dir, status, &w.stderr)
		}
	}
}
