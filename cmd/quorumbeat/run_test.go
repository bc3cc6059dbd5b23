package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestAJobThatSucceeds(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	w := shell(t, m.URL, `cat; echo out; echo err >&2; echo "$0 $1"`, "--wait", "20s")
	w.Args = append(w.Args, "name", "an argument")
	w.Stdin = strings.NewReader("in\n")
	if status := w.status(t); status != 0 || w.stdout.String() != "in\nout\nname an argument\n" || w.stderr.String() != "err\n" {
		t.Errorf("status %d, %q, %q", status, &w.stdout, &w.stderr)
	}
	heard := m.all()
	if m.signals() != "start 0" {
		t.Fatalf("heard %+v", heard)
	}
	begin, end := heard[0], heard[1]
	if begin.rid == "" || begin.rid != end.rid || begin.key == end.key || begin.body != "" || begin.at+end.at != "" {
		t.Errorf("heard %+v", heard)
	}
	if !strings.Contains(end.body, "out\n") || !strings.Contains(end.body, "err\n") {
		t.Errorf("the end's body is %q", end.body)
	}
}

func TestAJobsStatusIsPassedOnAndTold(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "script")
	for name, text := range map[string]string{"-plain": "exit 4\n", "-unknown": "#!/no/such/shell\n"} {
		if err := os.WriteFile(script+name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		command []string
		status  int
		heard   string
	}{
		"fails":               {[]string{"sh", "-c", "exit 3"}, 3, "start 3"},
		"255":                 {[]string{"sh", "-c", "exit 255"}, 255, "start 255"},
		"killed":              {[]string{"sh", "-c", "kill -KILL $$"}, 137, "start 137"},
		"terminated":          {[]string{"sh", "-c", "kill -TERM $$"}, 143, "start 143"},
		"is not there":        {[]string{"no-such-command"}, 127, "127"},
		"no such path":        {[]string{"/no/such/command"}, 127, "127"},
		"cannot be run":       {[]string{"/etc/passwd"}, 126, "126"},
		"is a folder":         {[]string{"/"}, 126, "126"},
		"without a shell":     {[]string{script + "-plain"}, 4, "start 4"},
		"of an unknown shell": {[]string{script + "-unknown"}, 127, "127"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newFakeMonitor(t)
			w := wrapJob(t, m.URL, append([]string{"--wait", "20s"}, c.command...)...)
			if status := w.status(t); status != c.status || m.signals() != c.heard {
				t.Errorf("status %d, heard %q, said %q", status, m.signals(), &w.stderr)
			}
			if cannot := c.status == 126 || c.status == 127; cannot && (!strings.Contains(w.stderr.String(), c.command[0]) || !strings.Contains(m.all()[0].body, "cannot be run")) {
				t.Errorf("said %q, told %q", &w.stderr, m.all()[0].body)
			}
		})
	}
}

func TestUsageErrorsRunNothing(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--token", "", "--", "touch"},
		{"--nonsense", "--", "touch"},
		{"--wait", "1h", "--", "touch"},
		{"--metric", "bytes=many", "--", "touch"},
		{"--url", "nonsense", "--", "touch"},
		{"--url", "http://user:pass-word@a:1,ftp://user:pass-word@b", "--", "touch"},
		{"--"},
	} {
		file := filepath.Join(t.TempDir(), "ran")
		w := wrapJob(t, "http://127.0.0.1:1", append(args, file)...)
		if len(args) == 1 {
			w.Args = w.Args[:len(w.Args)-1]
		}
		if status := w.status(t); status != cli.ExitUsage || strings.Count(w.stderr.String(), "\n") != 1 || strings.Contains(w.stderr.String(), "pass-word") {
			t.Errorf("%q: status %d, said %q", args, status, &w.stderr)
		}
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%q: the job was run", args)
		}
	}
}

func TestWithoutACommandRunSaysWhatToWrite(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"run"}, {"run", "--"}, {"run", "--token", testToken}, {"run", "--wait", "1s", "--"}} {
		p, stdout, stderr := newTestProgram(nil)
		if code := p.run(t.Context(), args); code != cli.ExitUsage || stdout.Len() > 0 {
			t.Errorf("%q: exit code %d, %q", args, code, stdout)
		}
		want := "quorumbeat: there is no command to run: put it after the flags and --, as in " +
			"'quorumbeat run --token TOKEN -- backup.sh --full'; see 'quorumbeat run --help'\n"
		if stderr.String() != want {
			t.Errorf("%q: said %q, want %q", args, stderr, want)
		}
	}
}

func TestTheCommandsOwnFlagsAreLeftAlone(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	w := wrapJob(t, m.URL, "echo", "--token", "x", "--", "-n")
	if status := w.status(t); status != 0 || w.stdout.String() != "--token x -- -n\n" {
		t.Errorf("status %d, %q", status, &w.stdout)
	}
}

func TestAWrongTokenIsToldAndNotKept(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	w := shell(t, m.URL, "exit 7", "--token", "3b0f0f0e-0000-4000-8000-000000000000")
	if status := w.status(t); status != 7 || !strings.Contains(w.stderr.String(), "knows no heartbeat with this token") {
		t.Errorf("status %d, said %q", status, &w.stderr)
	}
	if got := spooled(t, w.spool); len(got) != 0 {
		t.Errorf("kept %v", got)
	}
}

// TestAMonitorThatHangsDelaysNothing has a monitor that takes connections and never
// answers.
func TestAMonitorThatHangsDelaysNothing(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	m.set("hang")
	file := filepath.Join(t.TempDir(), "ran")
	w := shell(t, m.URL, "touch "+file+"; sleep 0.2; exit 5", "--wait", "2s")
	start(t, w)
	testkit.Eventually(t, "the job has begun", func() bool { _, err := os.Stat(file); return err == nil })
	began := time.Now()
	if status := w.wait(t); status != 5 || !strings.Contains(w.stderr.String(), "was not told") {
		t.Errorf("status %d, said %q", status, &w.stderr)
	}
	if took := time.Since(began); took > patience {
		t.Errorf("it ended %s after the job's begin", took)
	}
	if got := spooled(t, w.spool); len(got) != 1 || len(got[0].Signals) != 2 {
		t.Errorf("kept %+v", got)
	}
}

func TestASignalEndsTheTellingNotTheReport(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	m.set("hang")
	w := shell(t, m.URL, "echo ready; exit 5", "--wait", "5m")
	out := lines(t, w)
	start(t, w)
	out.expect("ready")
	testkit.Eventually(t, "the job has ended", func() bool { return children(t, w.Process.Pid) == 0 })
	testkit.Eventually(t, "its report is kept", func() bool {
		if err := w.Process.Signal(syscall.SIGTERM); err != nil { // the first may come before the end was noted
			t.Fatal(err)
		}
		return len(spooled(t, w.spool)) == 1
	})
	if status := w.wait(t); status != 5 {
		t.Errorf("status %d, said %q", status, &w.stderr)
	}
}

// children counts the children of a process that still run.
func children(t *testing.T, pid int) int {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil || len(tasks) == 0 {
		t.Skip("this machine tells nothing of a process's children")
	}
	n := 0
	for _, f := range tasks {
		text, _ := os.ReadFile(f)
		for _, child := range strings.Fields(string(text)) {
			if stat, err := os.ReadFile("/proc/" + child + "/stat"); err == nil && !regexp.MustCompile(`\) Z `).Match(stat) {
				n++
			}
		}
	}
	return n
}

func TestSignalsReachTheJob(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	w := shell(t, m.URL, `
		for s in HUP INT QUIT USR1 USR2 WINCH CONT; do trap "echo $s" $s; done
		trap "echo TERM; exit 9" TERM
		echo ready; while [ -e hold ]; do sleep 0.01; done`, "--wait", "20s")
	out := lines(t, w)
	holdBack(t, w)
	w.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal is a party to it
	start(t, w)
	out.expect("ready")
	for _, s := range []struct {
		name   string
		number syscall.Signal
	}{
		{"HUP", syscall.SIGHUP},
		{"INT", syscall.SIGINT},
		{"QUIT", syscall.SIGQUIT},
		{"USR1", syscall.SIGUSR1},
		{"USR2", syscall.SIGUSR2},
		{"WINCH", syscall.SIGWINCH},
		{"CONT", syscall.SIGCONT},
		{"TERM", syscall.SIGTERM},
	} {
		if err := w.Process.Signal(s.number); err != nil {
			t.Fatal(err)
		}
		out.expect(s.name)
	}
	if status := w.wait(t); status != 9 || m.signals() != "start 9" {
		t.Errorf("status %d, heard %q", status, m.signals())
	}
}

// TestWhatNohupIgnoresStaysIgnored also shows that SIGINT stays so for a job that a
// script put into the background.
func TestWhatNohupIgnoresStaysIgnored(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	w := shell(t, m.URL, `grep SigIgn /proc/self/status`)
	inner := append([]string{w.Path}, w.Args[1:]...)
	w.Path, w.Args = "/bin/sh", append([]string{"sh", "-c", `trap "" HUP INT; exec "$@"`, "sh"}, inner...)
	if status := w.status(t); status != 0 {
		t.Fatalf("status %d, said %q", status, &w.stderr)
	}
	field := strings.Fields(w.stdout.String())
	if len(field) != 2 {
		t.Skipf("no masks of signals here: %q", &w.stdout)
	}
	mask, err := strconv.ParseUint(field[1], 16, 64)
	if err != nil || mask&1 == 0 || mask&2 == 0 {
		t.Errorf("the job's mask of ignored signals is %x", mask)
	}
}

func TestTheJobHasWhatItWouldHaveWithout(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	r, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	script := `echo to-three >&3; pwd; ulimit -n; echo "$OWN"; readlink /proc/self/fd/0; grep flags /proc/self/fdinfo/1; true`
	plain := exec.Command("sh", "-c", script)
	w := shell(t, m.URL, script)
	dir := t.TempDir()
	for _, cmd := range []*exec.Cmd{plain, w.Cmd} {
		cmd.Dir, cmd.ExtraFiles = dir, []*os.File{to}
	}
	w.Env = append(w.Env, "OWN=setting")
	plain.Env = w.Env
	want, err := plain.Output()
	if err != nil {
		t.Fatal(err)
	}
	if status := w.status(t); status != 0 || w.stdout.String() != string(want) {
		t.Errorf("status %d, it saw\n%s\nwithout a wrapper\n%s\nsaid %q", status, &w.stdout, want, &w.stderr)
	}
	to.Close()
	b := make([]byte, 100)
	if n, _ := r.Read(b); string(b[:n]) != "to-three\nto-three\n" {
		t.Errorf("descriptor 3 got %q", b[:n])
	}
}
