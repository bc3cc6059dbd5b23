package story

import (
	"reflect"
	"strings"
	"testing"
)

func TestAStoryComesBackAsItWas(t *testing.T) {
	want := []Event{
		{At: 1, What: Began, Text: "silence"},
		{At: 2, What: Acknowledged, Who: "Ann Größe", Note: "on it"},
		{At: 3, What: Snoozed, Who: "Ann", Number: 7},
	}
	var p Packed
	for _, e := range want {
		p = p.With(e)
	}
	if got, left := p.Events(); !reflect.DeepEqual(got, want) || left != 0 || !p.IsValid() {
		t.Errorf("%+v, %d left out, valid %v", got, left, p.IsValid())
	}
}

// TestAStoryIsBounded: news of alerts go first, how it began and what people did last.
func TestAStoryIsBounded(t *testing.T) {
	p := Packed("").With(Event{At: 1, What: Began, Text: "failure"}).With(Event{At: 2, What: Acknowledged, Who: "Ann", Note: strings.Repeat("ä", 5000)})
	const many = 10_000
	for i := range int64(many) {
		p = p.With(Event{At: 3 + i, What: Alerted, Who: "ops@example.com", Text: "reminder", Note: "sent"})
		if len(p) > MaxSize || !p.IsValid() {
			t.Fatalf("%d bytes after %d events, valid %v", len(p), i, p.IsValid())
		}
	}
	list, left := p.Events()
	if int(left)+len(list) != many+2 {
		t.Errorf("%d kept and %d left out of %d", len(list), left, many+2)
	}
	if list[0].What != Began || list[1].What != Acknowledged || list[len(list)-1].At != 2+many {
		t.Errorf("kept: %+v … %+v", list[:2], list[len(list)-1])
	}
	for range 100 {
		p = p.With(Event{At: 9, What: Acknowledged, Who: "Bob", Note: strings.Repeat("x", 1999)})
	}
	if list, _ := p.Events(); len(p) > MaxSize || list[0].What != Began || list[len(list)-1].Who != "Bob" {
		t.Errorf("%d bytes, %d events, the first is %v", len(p), len(list), list[0].What)
	}
}

func TestDamagedStoriesAreFound(t *testing.T) {
	p := Packed("").With(Event{At: 1, What: Began, Text: "silence"})
	for cut := 1; cut < len(p); cut++ {
		if p[:cut].IsValid() {
			t.Errorf("cut to %d of %d bytes, and valid", cut, len(p))
		}
	}
	if Packed(strings.Replace(string(p), string(rune(Began)), "\x7f", 1)).IsValid() {
		t.Error("an unknown event is valid")
	}
}

func FuzzPacked(f *testing.F) {
	f.Add(string(Packed("").With(Event{At: 1, What: Began, Text: "silence"}).With(Event{What: Woke})))
	f.Fuzz(func(t *testing.T, s string) {
		p := Packed(s)
		if !p.IsValid() {
			return
		}
		if q := p.With(Event{At: 5, What: Recovered}); !q.IsValid() {
			t.Errorf("%q and an event are not valid", s)
		}
	})
}
