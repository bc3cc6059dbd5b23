package templates

import (
	"reflect"
	"strings"
)

// Data is what a template may tell. What is not known is "".
type Data struct {
	State       string // DOWN, FAILED, RECOVERED, UNHEARD, STILL DOWN; several, with / between, for a digest
	Name        string // of the heartbeat; of a digest, how many and which
	Count       int    // heartbeats
	Subject     string // as it would be
	Text        string // as it would be
	Since       string // when the incident began
	Down        string // how long it lasted, once it is known
	LastGood    string // the last good run
	LastPing    string
	Due         string // when the ping that is missed was expected
	ExitStatus  string
	Took        string // how long the run took that failed
	Usual       string // and how long good ones take
	FailsWith   string // what else fails since about the same time
	Owner       string
	Runbook     string // its URL
	Description string
	Tags        string // with commas between
	Slug        string
	ID          string
	Incident    string
	Link        string // to the page of the dashboard
}

// Fields are the names of what a template may tell.
func Fields() (names []string) {
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Data]()) {
		names = append(names, f.Name)
	}
	return names
}

func isField(name string) bool {
	_, found := reflect.TypeFor[Data]().FieldByName(name)
	return found
}

// Sample is an alert for which a template is shown before it is saved.
type Sample struct {
	Kind string
	Data Data
}

// Samples are alerts of each sort.
func Samples() []Sample {
	down := Data{
		State: "DOWN", Name: "nightly-sync", Count: 1, Subject: "[DOWN] nightly-sync",
		Text:  "nightly-sync reported a failure at Fri 1 May 2026 02:10:00 CEST (exit status 23).\nThe job itself said so.",
		Since: "Fri 1 May 2026 02:10:00 CEST", LastGood: "Thu 30 Apr 2026 02:00:04 CEST", LastPing: "Fri 1 May 2026 02:10:00 CEST",
		ExitStatus: "23", Took: "3 min 20 s", Usual: "4 s", FailsWith: "mirror, since about the same time", Owner: "team storage",
		Runbook: "https://wiki.example.com/nightly-sync", Description: "Copies the orders of the day to the archive.", Tags: "prod, db-3",
		Slug: "nightly-sync", ID: "hb_020000000000000000000000", Incident: "in_020000000000000000000000_3",
		Link: "https://quorumbeat.example.com/ui/heartbeats/hb_020000000000000000000000",
	}
	recovered := down
	recovered.State, recovered.Subject, recovered.ExitStatus, recovered.FailsWith = "RECOVERED", "[RECOVERED] nightly-sync", "", ""
	recovered.Down, recovered.Took = "22 min", ""
	recovered.Text = "nightly-sync reports a good run again. It was down for 22 min, since Fri 1 May 2026 02:10:00 CEST (1 failure)."
	digest := Data{
		State: "DOWN", Name: "14 heartbeats: 14 tagged db-3", Count: 14, Subject: "[DOWN] 14 heartbeats: 14 tagged db-3",
		Text: "14 heartbeats tagged db-3 stopped at Fri 1 May 2026 02:10:00 UTC.", Link: "https://quorumbeat.example.com/ui/",
	}
	return []Sample{{"down", down}, {"recovered", recovered}, {"digest", digest}}
}

// list joins words for people.
func list(names []string) string { return strings.Join(names, ", ") }
