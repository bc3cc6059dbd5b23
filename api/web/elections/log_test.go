package elections

import (
	"fmt"
	"testing"
	"time"
)

func TestWhoLed(t *testing.T) {
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	var seen Log
	for i, s := range []struct {
		number uint64
		leader string
	}{{0, ""}, {2, "a"}, {2, "a"}, {3, ""}, {4, ""}, {4, "b"}, {4, "b"}, {7, "b"}} {
		seen.Note(at.Add(time.Duration(i)*time.Second), s.number, s.leader)
	}
	got := ""
	for _, s := range seen.Seen() {
		got += fmt.Sprintf("%d:%s ", s.Number, s.Leader)
	}
	if got != "7:b 4:b 3: 2:a " { // the newest first
		t.Errorf("seen %s", got)
	}
	for i := range uint64(10 * maxTerms) {
		seen.Note(at, i, "a")
	}
	if n := len(seen.Seen()); n != maxTerms {
		t.Errorf("%d are kept", n)
	}
}
