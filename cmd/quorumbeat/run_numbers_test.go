package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAJobTellsNumbers by a flag, or in the file that it is given.
func TestAJobTellsNumbers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		flags  []string
		told   string
		said   string
	}{
		"none":                       {"true", nil, "", ""},
		"by flags":                   {"true", []string{"--metric", "bytes=1e6", "--metric", "rows=-0.5"}, "m.bytes=1e%2B06&m.rows=-0.5", ""},
		"in the file":                {`echo bytes=5 >> "$QUORUMBEAT_METRICS"; echo " rows = 7 " >> "$QUORUMBEAT_METRICS"`, nil, "m.bytes=5&m.rows=7", ""},
		"the job's own counts":       {`echo bytes=5 > "$QUORUMBEAT_METRICS"`, []string{"--metric", "bytes=1", "--metric", "rows=2"}, "m.bytes=5&m.rows=2", ""},
		"of a failure":               {`echo bytes=0 > "$QUORUMBEAT_METRICS"; exit 3`, nil, "m.bytes=0", ""},
		"without the end of a line":  {`printf bytes=5 > "$QUORUMBEAT_METRICS"`, nil, "m.bytes=5", ""},
		"and nonsense":               {`printf 'bytes\nBytes=1\nbytes=NaN\nbytes=1e400\nlast=1\nrows=1\n' > "$QUORUMBEAT_METRICS"`, nil, "m.rows=1", `"Bytes=1" must be`},
		"too many":                   {`for i in $(seq 20); do echo n$i=1 >> "$QUORUMBEAT_METRICS"; done`, nil, "m.n1=1&m.n10=1&m.n11=1&m.n12=1&m.n13=1&m.n14=1&m.n15=1&m.n16=1&m.n2=1&m.n3=1&m.n4=1&m.n5=1&m.n6=1&m.n7=1&m.n8=1&m.n9=1", `"n20=1" is one too many`},
		"endless ones":               {`yes rows=123456789 | head -c 100000 > "$QUORUMBEAT_METRICS"`, nil, "m.rows=1.23456789e%2B08", ""},
		"in a file of the same name": {`echo bytes=5 > new; mv new "$QUORUMBEAT_METRICS"`, nil, "m.bytes=5", ""},
		"in a file that is gone":     {`rm "$QUORUMBEAT_METRICS"`, []string{"--metric", "bytes=1"}, "m.bytes=1", ""},
		"in a pipe":                  {`rm "$QUORUMBEAT_METRICS"; mkfifo "$QUORUMBEAT_METRICS"`, []string{"--metric", "bytes=1"}, "m.bytes=1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newFakeMonitor(t)
			w := shell(t, m.URL, c.script, append(c.flags, "--wait", "20s")...)
			w.Dir = t.TempDir()
			temporary := t.TempDir()
			w.Env = append(w.Env, "TMPDIR="+temporary)
			w.status(t)
			heard := m.all()
			if len(heard) != 2 || heard[0].metrics != "" || heard[1].metrics != c.told {
				t.Errorf("told %+v, want %s", heard, c.told)
			}
			if said := w.stderr.String(); (said == "") != (c.said == "") || !strings.Contains(said, c.said) {
				t.Errorf("said %q, want %q", said, c.said)
			}
			if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
		})
	}
}

// TestNumbersOutliveAnOutage in the spool.
func TestNumbersOutliveAnOutage(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	lost := shell(t, nobody, `echo bytes=5 > "$QUORUMBEAT_METRICS"`, "--wait", "1s", "--metric", "rows=1")
	lost.status(t)
	next := shell(t, m.URL, "true", "--wait", "20s", "--spool", lost.spool)
	next.status(t)
	var told []string
	for _, s := range m.all() {
		told = append(told, s.metrics)
	}
	if !strings.Contains(strings.Join(told, " "), "m.bytes=5&m.rows=1") {
		t.Errorf("told %q, said %q", told, &next.stderr)
	}
}

// TestAJobTellsNumbersWithoutTemporaryFiles, as in a container whose file system cannot be written
// to. Where there is no room in memory either, it runs all the same.
func TestAJobTellsNumbersWithoutTemporaryFiles(t *testing.T) {
	t.Parallel()
	m := newFakeMonitor(t)
	w := shell(t, m.URL, `set -e; echo bytes=5 >> "$QUORUMBEAT_METRICS"; echo done`, "--wait", "20s")
	w.Env = append(w.Env, "TMPDIR="+filepath.Join(t.TempDir(), "none"))
	if status := w.status(t); status != 0 || w.stdout.String() != "done\n" {
		t.Errorf("status %d, %q, said %q", status, &w.stdout, &w.stderr)
	}
	told := m.all()[1].metrics == "m.bytes=5"
	if said := strings.Contains(w.stderr.String(), "can tell no numbers"); told == said {
		t.Errorf("told %+v, said %q", m.all(), &w.stderr)
	}
}
