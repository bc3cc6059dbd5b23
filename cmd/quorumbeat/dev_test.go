package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestDevSaysThatAPortIsTaken, and takes another one.
func TestDevSaysThatAPortIsTaken(t *testing.T) {
	if ln, err := net.Listen("tcp", "127.0.0.1:"+devPorts[1]); err == nil { // else somebody else has it, which is as good
		defer ln.Close()
	}
	file := filepath.Join(t.TempDir(), "terminal")
	terminal, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	cmd := programCommand(t, []string{"TMPDIR=" + t.TempDir()}, "dev")
	cmd.Stdout, cmd.Stderr = terminal, terminal
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	shown := func() string { b, _ := os.ReadFile(file); return string(b) }
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v\n%s", err, shown())
		}
	}()
	testkit.Eventually(t, "the nodes are ready", func() bool { return strings.Contains(shown(), "Ctrl-C") })
	if want := "port " + devPorts[1] + " is taken by another program"; !strings.Contains(shown(), want) {
		t.Errorf("not said: %q\n%s", want, shown())
	}
	for line := range strings.Lines(shown()) {
		if n := term.Width(strings.TrimRight(line, "\n")); n > 80 && !strings.Contains(line, cmd.Path) {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
