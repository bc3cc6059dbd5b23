package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// hourlyJob makes a heartbeat whose job told at five past each hour of the last half day how much
// it wrote.
func hourlyJob(t *testing.T, e *env, name string) heartbeat {
	t.Helper()
	h := create(t, e.Nodes[0], fields{"name": name, "interval_secs": 86400, "checks": []string{"bytes > 0"}, "email": []string{address()}})
	first := time.Now().Add(-5 * time.Minute).Truncate(time.Hour).Add(-11*time.Hour + 5*time.Minute)
	for i := range 12 {
		at := first.Add(time.Duration(i) * time.Hour)
		url := fmt.Sprintf("%s?at=%d&m.bytes=%d&m.change=%d", pingURL(e.Nodes[i%len(e.Nodes)], h), at.Unix(), 1<<20+i*40_000, (i-6)*7)
		if a := call(t, "", "POST", url, nil); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	return h
}

// suggestions looks at what a heartbeat's history says, and uses it.
func suggestions(t *testing.T, e *env, b *browser) {
	h := hourlyJob(t, e, "hourly books")
	b.visit("/ui/heartbeats/" + h.ID)
	b.shows("What its history says")
	b.shows("At 5 minutes past the hour")
	b.sees("both numbers are drawn", `document.querySelectorAll('#numbers svg').length == 2`)
	if a := call(t, "", "POST", pingURL(e.Nodes[0], h)+"?m.bytes=0", nil); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	b.sees("the next number comes into the picture", `document.querySelector('#numbers rect.failed')`)
	b.shows("It completed but wrote 0 bytes; expected bytes > 0")
	for _, look := range []struct {
		name   string
		width  int64
		scheme string
	}{{"light", 1280, "light"}, {"narrow", 375, "light"}, {"dark", 1280, "dark"}} {
		b.appears(look.width, look.scheme)
		b.look("suggestions-" + look.name)
	}
	b.appears(1280, "light")
	used(t, e, b, h)
}

// used takes the first suggestion of a heartbeat's page.
func used(t *testing.T, e *env, b *browser, h heartbeat) {
	b.press("Use this")
	b.shows("Nothing is saved yet")
	b.sees("the form has it", `document.querySelector('#f-schedule').value == '5 * * * *' && document.querySelector('#f-every').value == ''`)
	b.shows("In its history")
	b.lookOnly("suggested-form")
	b.press("Save")
	b.shows("The changes were saved")
	if got := call(t, adminKey, "GET", e.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil); !strings.Contains(got.body, `"schedule":"5 * * * *"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
}
