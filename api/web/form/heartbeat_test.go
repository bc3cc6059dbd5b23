package form

import (
	"reflect"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// typed fills in a form as a browser sends it.
func typed(values map[string]string) Form {
	var args fasthttp.Args
	for name, value := range values {
		for one := range strings.SplitSeq(value, "\n") {
			if name == "notify" && one != "" { // a check box each
				args.Add(name, one)
			}
		}
		if name != "notify" && value != "" {
			args.Set(name, value)
		}
	}
	return ReadHeartbeat(&args)
}

// TestAFormSavesWhatItShows sends a form back as it was shown, for a heartbeat in which no
// field is as it is by default. Give a new field a value here.
func TestAFormSavesWhatItShows(t *testing.T) {
	spec := fsm.Spec{
		Name: "nightly", Slug: "night_ly", Interval: 90061, Grace: 61, Threshold: 7, Arm: fsm.ArmFirstPing, Tags: []string{"a", "b c"},
		Emails: []string{"x@example.com", "y@example.com"}, Methods: fsm.MethodsPost,
		Description: "one\ntwo", RunbookURL: "https://example.com/x?y=1", Owner: "Größe & Söhne",
		FailureThreshold: 3, MaxRun: 120, MinRun: 5, Checks: []string{"bytes > 0", "files >= 10"},
		Notify:    []string{fsm.ChannelID{1}.String(), fsm.ChannelID{2}.String()},
		DependsOn: []string{fsm.HeartbeatID{1}.String(), "tag:a, b"},
	}
	scheduled := spec
	scheduled.Interval, scheduled.Schedule, scheduled.TZ = 0, []string{"0 2 * * 1,3", "Sat 04:00"}, "Europe/Berlin"
	for _, want := range []fsm.Spec{spec, scheduled, {Name: "n", Slug: "n", Interval: 1, Threshold: 1, Arm: fsm.ArmCreated}} {
		f := typed(OfHeartbeat(want, 3).Typed)
		p := f.Patch()
		for _, from := range []fsm.Spec{{}, spec, scheduled} {
			if got := p.Apply(from); !reflect.DeepEqual(got, want) || len(f.Problems) > 0 {
				t.Errorf("saved %+v\nof    %+v\n%v", got, want, f.Problems)
			}
		}
	}
}

// TestAFormSaysAllThatIsWrong at once, beside the fields, and keeps what was typed.
func TestAFormSaysAllThatIsWrong(t *testing.T) {
	wrong := map[string]string{
		"name": strings.Repeat("x", 201), "slug": "Not A Slug", "every": "0s", "grace": "soon", "threshold": "101", "tags": strings.Repeat("t", 65),
		"emails": "nobody", "description": strings.Repeat("d", 2001), "runbook_url": "javascript:alert(1)", "owner": "a\tb",
		"notify":            "ops",
		"depends_on":        "no-such-slug",
		"failure_threshold": "0", "max_run_secs": "1.5s", "min_run_secs": "367d", "remind_every_secs": "9s", "checks": "bytes >", "schedule": "99 * * * *", "tz": strings.Repeat("z", 99),
	}
	f := typed(wrong)
	f.Patch()
	for name, value := range wrong {
		if f.Problems[name] == "" || f.Typed[name] != value {
			t.Errorf("%s: %q, kept %q", name, f.Problems[name], f.Typed[name])
		}
	}
	if len(f.Problems) != len(wrong) {
		t.Errorf("%v", f.Problems)
	}
	delete(wrong, "slug")
	if unnamed := typed(wrong); unnamed.Patch().Slug != nil && unnamed.Typed["slug"] != "" {
		t.Errorf("a slug is made of a wrong name, and stays: %q", unnamed.Typed["slug"])
	}
	for _, one := range fields {
		if one.Label == "" || one.Words == "" {
			t.Errorf("%s has no words", one.Name)
		}
	}
}

// TestAFormHasDurationsAsTheyAreTyped, and not the seconds of the API.
func TestAFormHasDurationsAsTheyAreTyped(t *testing.T) {
	f := typed(map[string]string{"name": "n", "every": "0s", "grace": "-5", "threshold": "0", "max_run_secs": "400d", "min_run_secs": "1.5s", "remind_every_secs": "9s"})
	f.Patch()
	for name, want := range map[string]string{
		"every": "Expected every is 0s; it must be 1s to 366d.", "grace": "Grace is -5s; it must be 0s to 366d.", "threshold": "it must be 1 to 100",
		"max_run_secs": "400d; it must be", "min_run_secs": "such as 90s, 15m, 1h30m or 7d", "remind_every_secs": "is 9s; it must be 10s to 30d, or 0s for no reminders.",
	} {
		if !strings.Contains(f.Problems[name], want) {
			t.Errorf("%s: %q lacks %q", name, f.Problems[name], want)
		}
	}
}

// TestAFormOpensWhatIsNotAsUsual, or is wrong: a new heartbeat needs a name and when it runs.
func TestAFormOpensWhatIsNotAsUsual(t *testing.T) {
	opened := func(f Form) (list []string) {
		for _, g := range f.Groups() {
			if g.Open && g.Title != "" {
				list = append(list, g.Title)
			}
		}
		return list
	}
	if got := opened(OfHeartbeat(Usual, 0)); got != nil {
		t.Errorf("a new one opens %q", got)
	}
	other := Usual
	other.Owner, other.MaxRun = "finance", 60
	if got, want := opened(OfHeartbeat(other, 1)), []string{"When it fails", "What it is"}; !reflect.DeepEqual(got, want) {
		t.Errorf("one with an owner and a limit opens %q, want %q", got, want)
	}
	wrong := typed(map[string]string{"name": "n", "every": "1h", "grace": "5m", "threshold": "2", "failure_threshold": "1", "emails": "nobody"})
	wrong.Patch()
	if got, want := opened(wrong), []string{"Who is told"}; !reflect.DeepEqual(got, want) {
		t.Errorf("one with a wrong address opens %q, want %q", got, want)
	}
}
