package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// terminal is a pair of a terminal and who sits before it.
type terminal struct{ person, tty *os.File }

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close(); tty.Close() })
	return &terminal{person, tty}
}

// seat starts w on the terminal, as a login does: it leads a session.
func (x *terminal) seat(t *testing.T, w *wrapped) {
	t.Helper()
	w.Stdin, w.Stdout, w.Stderr = x.tty, x.tty, x.tty
	w.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	start(t, w)
	x.tty.Close()
}

// read returns what is shown until text is.
func (x *terminal) read(t *testing.T, text string) string {
	t.Helper()
	shown := ""
	b := make([]byte, 1000)
	for !strings.Contains(shown, text) {
		n, err := x.person.Read(b)
		if err != nil {
			t.Fatalf("the terminal showed %q: %v", shown, err)
		}
		shown += string(b[:n])
	}
	return shown
}

func TestAJobOnATerminalKeepsIt(t *testing.T) {
	t.Parallel()
	m, x := newFakeMonitor(t), newTerminal(t)
	w := shell(t, m.URL, `test -t 0 && test -t 1 && test -t 2 && echo all three; read line; echo "read $line"; exit 6`, "--wait", "20s")
	x.seat(t, w)
	x.read(t, "all three")
	if _, err := x.person.WriteString("typed\n"); err != nil {
		t.Fatal(err)
	}
	x.read(t, "read typed")
	if status := w.wait(t); status != 6 || m.signals() != "start 6" || m.all()[1].body != "" {
		t.Errorf("status %d, heard %+v", status, m.all())
	}
}

// TestTheKeyboardInterruptsOnce: the terminal has given the signal to the job already.
func TestTheKeyboardInterruptsOnce(t *testing.T) {
	t.Parallel()
	m, x := newFakeMonitor(t), newTerminal(t)
	w := shell(t, m.URL, `n=0; trap 'n=$((n+1))' INT; trap 'echo "interrupted $n times"; exit 6' USR1; echo ready; while [ -e hold ]; do sleep 0.02; done`, "--wait", "20s")
	holdBack(t, w)
	x.seat(t, w)
	x.read(t, "ready")
	if _, err := x.person.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	x.read(t, "^C")
	// What the wrapper passes on comes in order, so a second INT would be there first.
	if err := w.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if shown := x.read(t, "times"); !strings.Contains(shown, "interrupted 1 times") {
		t.Errorf("the terminal showed %q", shown)
	}
	if status := w.wait(t); status != 6 || m.signals() != "start 6" {
		t.Errorf("status %d, heard %q", status, m.signals())
	}
}

// TestAJobThatOutlivesItsTerminal: the line is cut, and the job has more to do.
func TestAJobThatOutlivesItsTerminal(t *testing.T) {
	t.Parallel()
	m, x := newFakeMonitor(t), newTerminal(t)
	w := shell(t, m.URL, `trap 'touch hung-up' HUP; echo ready
		while [ -e hold ]; do sleep 0.02; done; echo nobody reads this; exit 6`, "--wait", "20s")
	gate := holdBack(t, w)
	x.seat(t, w)
	x.read(t, "ready")
	x.person.Close()
	testkit.Eventually(t, "the job is told that the terminal is gone", func() bool {
		_, err := os.Stat(filepath.Join(w.Dir, "hung-up"))
		return err == nil
	})
	if m.signals() != "start" {
		t.Errorf("heard %q before the job's end", m.signals())
	}
	gate.open(t)
	if status := w.wait(t); status != 6 || m.signals() != "start 6" {
		t.Errorf("status %d, heard %q", status, m.signals())
	}
}

// TestAStoppedJobStopsItsWrapper is Ctrl-Z, and fg.
func TestAStoppedJobStopsItsWrapper(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	w := shell(t, m.URL, `trap 'echo continued' CONT; echo ready; while [ -e hold ]; do sleep 0.02; done; exit 6`, "--wait", "20s")
	gate := holdBack(t, w)
	w.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out := lines(t, w)
	start(t, w)
	out.expect("ready")
	state := func(pid int) string {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, after, _ := strings.Cut(string(stat), ") ")
		return after[:min(1, len(after))]
	}
	if err := w.Process.Signal(syscall.SIGTSTP); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the wrapper stops", func() bool { return state(w.Process.Pid) == "T" })
	if err := w.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	out.expect("continued")
	gate.open(t)
	if status := w.wait(t); status != 6 || m.signals() != "start 6" {
		t.Errorf("status %d, heard %q", status, m.signals())
	}
}
