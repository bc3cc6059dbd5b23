package pings

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestBodiesAreCutOnACharacter(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want int
	}{
		"short":             {"x", 1},
		"just fits":         {strings.Repeat("x", fsm.MaxBody), fsm.MaxBody},
		"one too many":      {strings.Repeat("x", fsm.MaxBody+1), fsm.MaxBody},
		"within two":        {strings.Repeat("x", fsm.MaxBody-1) + "üü", fsm.MaxBody - 1},
		"within four":       {strings.Repeat("x", fsm.MaxBody-3) + "😀", fsm.MaxBody - 3},
		"between":           {strings.Repeat("ü", fsm.MaxBody), fsm.MaxBody},
		"not UTF-8 at all":  {strings.Repeat("\x80", fsm.MaxBody+9), fsm.MaxBody},
		"nothing":           {"", 0},
		"a lone begin byte": {strings.Repeat("x", fsm.MaxBody-1) + "\xf0", fsm.MaxBody},
	} {
		if got := cutBody([]byte(c.in)); len(got) != c.want || string(got) != c.in[:c.want] {
			t.Errorf("%s: %d bytes, want %d", name, len(got), c.want)
		}
	}
}

func TestTimesOfLatePings(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for raw, want := range map[string]time.Time{
		"2026-05-01T11:00:00Z":         now.Add(-time.Hour),
		"2026-05-01T11:00:00.25Z":      now.Add(-time.Hour + 250*time.Millisecond),
		"2026-05-01T13:00:00+02:00":    now.Add(-time.Hour),
		"2026-05-01T13:00:00 02:00":    now.Add(-time.Hour), // its plus read as a space
		fmt.Sprint(now.Unix() - 3600):  now.Add(-time.Hour),
		fmt.Sprint(now.Unix(), ".5"):   now.Add(500 * time.Millisecond),
		fmt.Sprint(now.Unix() - 86400): now.Add(-maxLate),
	} {
		if got, err := readAt(raw, now); err != nil || got != want.UnixMilli() {
			t.Errorf("%s: %v, %v", raw, time.UnixMilli(got).UTC(), err)
		}
	}
}
