package main

import (
	"bufio"
	"os"
	"testing"
	"time"
)

// lineReader reads a job's standard output line by line, as it comes.
type lineReader struct {
	t    *testing.T
	came chan string
}

// lines has what w prints come line by line. The pipe is the test's, so that Wait
// does not wait for it.
func lines(t *testing.T, w *wrapped) *lineReader {
	t.Helper()
	r, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	w.Stdout = to
	l := &lineReader{t, make(chan string, 1000)}
	go func() {
		defer close(l.came)
		for s := bufio.NewScanner(r); s.Scan(); {
			l.came <- s.Text()
		}
	}()
	t.Cleanup(func() { r.Close(); to.Close() })
	return l
}

func (l *lineReader) expect(want string) {
	l.t.Helper()
	select {
	case got, ok := <-l.came:
		if !ok || got != want {
			l.t.Fatalf("the job printed %q, want %q", got, want)
		}
	case <-time.After(patience):
		l.t.Fatalf("the job did not print %q", want)
	}
}
