package members

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestATroubleIsToldWithRestraint(t *testing.T) {
	said := new(bytes.Buffer)
	tr := NewTroubles(slog.New(slog.NewTextHandler(said, nil)))
	start := time.Now()
	meet := func(from, to time.Duration) {
		for at := from; at <= to; at += time.Second {
			tr.noteAt(start.Add(at), "k", 5*time.Second, "it is broken")
		}
	}
	told := func(want int, when string) {
		t.Helper()
		if got := strings.Count(said.String(), "it is broken"); got != want {
			t.Fatalf("%s: told %d times, want %d", when, got, want)
		}
	}
	meet(0, 4*time.Second)
	told(0, "before it has lasted")
	meet(5*time.Second, 50*time.Minute)
	told(1, "while it lasts")
	meet(50*time.Minute, 150*time.Minute)
	told(3, "after hours")
	meet(155*time.Minute, 156*time.Minute)
	told(4, "when it comes back")
	meet(158*time.Minute, 159*time.Minute)
	told(4, "when it comes back soon after that")
	meet(200*time.Minute, 201*time.Minute)
	told(5, "when it comes back later")
}

func TestTroublesAreShownWhileTheyLast(t *testing.T) {
	tr := NewTroubles(slog.New(slog.DiscardHandler))
	now := time.Now()
	tr.noteAt(now.Add(-2*time.Minute), "old", 0, "over")
	tr.noteAt(now.Add(-10*time.Second), "b", 0, "second")
	tr.noteAt(now.Add(-20*time.Second), "a", 0, "first")
	tr.Note("fresh", time.Minute, "not yet")
	tr.Note("mended", 0, "mended")
	tr.Mended("mended")
	if got := tr.List(); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("it shows %v", got)
	}
	for i := range 10 * maxTroubles {
		tr.Note(fmt.Sprint("stranger ", i), 0, "a stranger")
	}
	if got := len(tr.all); got > maxTroubles {
		t.Errorf("%d troubles are kept", got)
	}
}
