package term

import (
	"strings"
	"testing"
)

func TestWidthIsThatOfTheScreen(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "abc": 3, "日本": 4, "🎉": 2, "e\u0301": 1, "❤\uFE0F": 2, "ﾊﾝ": 2, "a\u200bb": 2, "ö": 1, "👍🏽": 4,
	} {
		if got := Width(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestTextsAreCutAndWrappedByTheirWidth(t *testing.T) {
	for _, tt := range []struct {
		text       string
		columns    int
		truncate   string
		breakLines string
	}{
		{"short", 8, "short", "short"},
		{"exactly8", 8, "exactly8", "exactly8"},
		{"a long text", 8, "a long …", "a long|text"},
		{"日本語です", 8, "日本語…", "日本語で|す"},
		{"日本語です", 7, "日本語…", "日本語|です"},
		{"averylongwordindeed yes", 8, "averylo…", "averylon|gwordind|eed|yes"},
	} {
		if got := truncate(tt.text, tt.columns); got != tt.truncate || Width(got) > tt.columns {
			t.Errorf("%q cut to %d: %q, want %q", tt.text, tt.columns, got, tt.truncate)
		}
		if got := strings.Join(breakLines(tt.text, tt.columns), "|"); got != tt.breakLines {
			t.Errorf("%q in lines of %d: %q, want %q", tt.text, tt.columns, got, tt.breakLines)
		}
	}
}

func TestALongValueGoesOnBelow(t *testing.T) {
	w := &Table{}
	w.Row("Name", Folded("one two three four"))
	w.Row("Status", "active")
	var out strings.Builder
	if err := w.Write(&out, 18); err != nil {
		t.Fatal(err)
	}
	if want := "Name    one two\n        three four\nStatus  active\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestLongTextsAreFilled(t *testing.T) {
	text := "one two three\nfour five\n\n  kept as it is, however long it may be\nsix seven"
	want := "one two\nthree four\nfive\n\n  kept as it is, however long it may be\nsix seven"
	if got := Reflow(text, 10); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Reflow(text, 0); got != text {
		t.Errorf("without a terminal: %q", got)
	}
}
