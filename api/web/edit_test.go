package web

import (
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/api/web/form"
)

func TestPreviewOfASchedule(t *testing.T) {
	now := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	f := form.Form{Typed: map[string]string{"every": "1h", "grace": "10m", "threshold": "2", "name": strings.Repeat("too long", 99)}}
	utc := schedules.UTC{}
	p := previewOf(f, now, utc)
	if len(p.Times) != previewed || p.Times[1] != now.Add(2*time.Hour) || p.Missed != now.Add(70*time.Minute) || p.Told != now.Add(130*time.Minute) {
		t.Errorf("%+v", p)
	}
	f.Typed["every"], f.Typed["schedule"] = "", "0 2 * * *"
	if p := previewOf(f, now, utc); p.Words != "At 02:00" || p.Times[0] != now.Add(14*time.Hour) || p.Told != now.Add(38*time.Hour+10*time.Minute) {
		t.Errorf("%+v", p)
	}
	f.Typed["schedule"] = ""
	for _, every := range []string{"", "x", "0s", "-5", "99999d"} {
		f.Typed["every"] = every
		if p := previewOf(f, now, utc); p.Times != nil {
			t.Errorf("%q: %+v", every, p)
		}
	}
}
