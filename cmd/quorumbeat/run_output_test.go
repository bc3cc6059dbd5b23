package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// TestAJobThatPrints100MB also reads the wrapper's memory, which the job can see.
func TestAJobThatPrints100MB(t *testing.T) {
	t.Parallel()
	peak := func(bytes int) (kib int, w *wrapped, m *fakeMonitor) {
		m = newFakeMonitor(t)
		file := filepath.Join(t.TempDir(), "peak")
		w = shell(t, m.URL, fmt.Sprintf(`head -c %d /dev/zero | tr '\0' x; echo the end; grep VmHWM /proc/$PPID/status > %s`, bytes, file), "--wait", "20s")
		var count counter
		w.Stdout = &count
		if status := w.status(t); status != 0 || int(count) != bytes+len("the end\n") {
			t.Errorf("status %d, %d bytes came through of %d, said %q", status, count, bytes, &w.stderr)
		}
		text, _ := os.ReadFile(file)
		if field := strings.Fields(string(text)); len(field) == 3 {
			kib, _ = strconv.Atoi(field[1])
		}
		return kib, w, m
	}
	little, _, _ := peak(1000)
	began := time.Now()
	much, _, m := peak(100 << 20)
	t.Logf("the wrapper's memory: %d KiB with little output, %d KiB with 100 MiB, in %s", little, much, time.Since(began).Round(time.Millisecond))
	if much > little+16<<10 {
		t.Errorf("the wrapper's memory grew from %d to %d KiB", little, much)
	}
	heard := m.all()
	if len(heard) != 2 || len(heard[1].body) != heartbeat.MaxBody || !strings.HasSuffix(heard[1].body, "xxx\nthe end\n") && !strings.HasSuffix(heard[1].body, "xxxthe end\n") {
		t.Errorf("%d signals, the last with %d bytes", len(heard), len(heard[len(heard)-1].body))
	}
}

type counter int

func (c *counter) Write(b []byte) (int, error) { *c += counter(len(b)); return len(b), nil }

// TestAJobThatForks leaves a process in the background that holds the job's output
// open, and prints when the wrapper is gone.
func TestAJobThatForks(t *testing.T) {
	t.Parallel()
	for _, streams := range []string{"one", "two"} {
		t.Run(streams, func(t *testing.T) {
			t.Parallel()
			m := newFakeMonitor(t)
			r, to, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			w := shell(t, m.URL, `(while [ -e hold ]; do sleep 0.02; done; echo late; echo late too >&2; touch survived) & echo early`, "--wait", "20s")
			gate := holdBack(t, w)
			dir := w.Dir
			w.Stdout, w.Stderr = to, to
			if streams == "two" {
				w.Stderr, err = os.OpenFile(filepath.Join(dir, "stderr"), os.O_CREATE|os.O_WRONLY, 0o600)
				if err != nil {
					t.Fatal(err)
				}
			}
			if status := w.status(t); status != 0 || m.signals() != "start 0" {
				t.Errorf("status %d, heard %q", status, m.signals())
			}
			to.Close()
			gate.open(t)
			out, err := io.ReadAll(r) // to the end: nobody holds the pipe open for longer than the background does
			want := "early\nlate\nlate too\n"
			if streams == "two" {
				want = "early\nlate\n"
				testkit.Eventually(t, "the other stream has it, too", func() bool {
					text, _ := os.ReadFile(filepath.Join(dir, "stderr"))
					return string(text) == "late too\n"
				})
			}
			if err != nil || string(out) != want {
				t.Errorf("came through: %q, %v", out, err)
			}
			testkit.Eventually(t, "the background has gone on after it printed", func() bool {
				_, err := os.Stat(filepath.Join(dir, "survived"))
				return err == nil
			})
			if body := m.all()[1].body; body != "early\n" {
				t.Errorf("told %q", body)
			}
		})
	}
}

// TestABackgroundThatPrintsWithoutEnd does not keep the wrapper.
func TestABackgroundThatPrintsWithoutEnd(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	w := shell(t, m.URL, `(while [ -e hold ]; do echo more; done) & sleep 0.1; exit 3`, "--wait", "20s")
	gate := holdBack(t, w)
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	w.Stdout, w.Stderr = null, null // a buffer would have the test wait for the background
	defer gate.open(t)
	if status := w.status(t); status != 3 || m.signals() != "start 3" {
		t.Errorf("status %d, heard %q", status, m.signals())
	}
}

// TestAReaderThatGoesAway is `quorumbeat run -- job | head -1`.
func TestAReaderThatGoesAway(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	w := wrapJob(t, m.URL, "--wait", "20s", "--", "sh", "-c", "exec yes")
	r, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	w.Stdout = to
	start(t, w)
	to.Close()
	if _, err := io.ReadFull(r, make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	r.Close()
	if status := w.wait(t); status != 141 || m.signals() != "start 141" { // of SIGPIPE, as without a wrapper
		t.Errorf("status %d, heard %q, said %q", status, m.signals(), &w.stderr)
	}
}

func TestTheOrderOfTwoStreamsToOnePlaceStays(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	w := shell(t, m.URL, `for i in 1 2 3 4 5 6 7 8 9; do echo out $i; echo err $i >&2; done`, "--wait", "20s")
	var both bytes.Buffer
	w.Stdout, w.Stderr = &both, &both
	if status := w.status(t); status != 0 {
		t.Fatalf("status %d", status)
	}
	want := ""
	for i := 1; i < 10; i++ {
		want += fmt.Sprintf("out %d\nerr %d\n", i, i)
	}
	if both.String() != want || m.all()[1].body != want {
		t.Errorf("came through\n%s\ntold\n%s", &both, m.all()[1].body)
	}
}

func TestNoCaptureLeavesTheStreamsAlone(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	w := shell(t, m.URL, `readlink /proc/self/fd/1`, "--no-capture", "--wait", "20s")
	w.Stdout = file
	if status := w.status(t); status != 0 || m.signals() != "start 0" || m.all()[1].body != "" {
		t.Errorf("status %d, heard %+v", status, m.all())
	}
	if text, _ := os.ReadFile(file.Name()); strings.TrimSpace(string(text)) != file.Name() && exec.Command("readlink", "/proc/self/fd/1").Run() == nil {
		t.Errorf("the job's output is %s, not the file", text)
	}
}

// TestOutputThatCannotBeWritten has the disk full to which the job prints.
func TestOutputThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full here: %v", err)
	}
	defer full.Close()
	m := newFakeMonitor(t)
	w := shell(t, m.URL, `echo printed; exit 4`, "--wait", "20s")
	w.Stdout = full
	if status := w.status(t); status != 4 || m.signals() != "start 4" || m.all()[1].body != "printed\n" || !strings.Contains(w.stderr.String(), "8 bytes of the job's output could not be written") {
		t.Errorf("status %d, heard %+v, said %q", status, m.all(), &w.stderr)
	}
}

// TestWhatWasWrittenBeforeTheEndIsInTheTail asks a stream to settle before it has
// read anything, while somebody else holds the pipe open.
