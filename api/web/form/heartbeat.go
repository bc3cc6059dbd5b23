package form

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Usual is what a new heartbeat has.
var Usual = fsm.Spec{Interval: fsm.DefaultInterval, Grace: fsm.DefaultGrace, Threshold: fsm.DefaultThreshold}

// OfHeartbeat is the form of a heartbeat as it is.
func OfHeartbeat(spec fsm.Spec, version uint64) Form {
	f := Form{Typed: map[string]string{}, Problems: map[string]string{}, Version: version}
	for _, one := range fields {
		f.Typed[one.Name] = one.read(spec)
	}
	return f
}

// ReadHeartbeat reads what a browser sends of a heartbeat.
func ReadHeartbeat(args *fasthttp.Args) Form {
	f := Form{Typed: map[string]string{}, Problems: map[string]string{}, Version: versionOf(args)}
	for _, one := range fields {
		f.Typed[one.Name] = typedIn(args, one.Name, one.Kind)
	}
	return f
}

// Fill types in what an address says of fields.
func (f *Form) Fill(args *fasthttp.Args) {
	for _, one := range fields {
		if args.Has(one.Name) {
			f.Typed[one.Name], f.Filled = typedIn(args, one.Name, one.Kind), true
		}
	}
}

// ReadablePatch is Patch without checks, for a preview: of the fields that can be read. wrong names
// the others.
func (f Form) ReadablePatch() (p fsm.Patch, wrong []string) {
	for _, one := range fields {
		next := p
		if one.write(f.Typed[one.Name], &next) != nil {
			wrong = append(wrong, one.Name)
			continue
		}
		p = next
	}
	return p, wrong
}

// A field as the API calls it, and not the form: miss_threshold; and an entry of a list: checks[0].
var (
	apiName  = regexp.MustCompile(`^[a-z]+(_[a-z]+)+`)
	apiEntry = regexp.MustCompile(`^[a-z_]+\[(\d+)\]`)
	number   = regexp.MustCompile(`-?\d+`)
)

// formWords turns the API's words for what is wrong into those of the form: a duration is not so many seconds there.
func (one field) formWords(words string) string {
	if slices.Contains(durations, one.Name) && !strings.Contains(words, "is no duration") {
		words = number.ReplaceAllStringFunc(words, inUnits)
	}
	m := apiEntry.FindStringSubmatch(words)
	if m == nil {
		return apiName.ReplaceAllLiteralString(words, one.Label)
	}
	n, _ := strconv.Atoi(m[1])
	return fmt.Sprintf("entry %d", n+1) + strings.TrimPrefix(words, m[0])
}

// inUnits turns a number of seconds into a duration as the form has it.
func inUnits(number string) string {
	secs, _ := strconv.ParseInt(number, 10, 64)
	if secs < 0 {
		return "-" + show.WriteDuration(-secs)
	}
	return show.WriteDuration(secs)
}

// Patch reads what was typed, each field by itself; Problems says what is wrong with which.
func (f *Form) Patch() (all fsm.Patch) {
	for _, one := range fields {
		text := f.Typed[one.Name]
		if one.Name == "slug" {
			text = cmp.Or(text, fsm.MakeSlug(f.Typed["name"])) // it stays empty in the form: the name may be changed there
		}
		var alone fsm.Patch
		err := one.write(text, &alone)
		if err == nil && alone.DependsOn != nil && f.Resolve != nil {
			*alone.DependsOn, err = f.Resolve(*alone.DependsOn)
		}
		if err == nil {
			err = alone.Validate()
		}
		if err != nil {
			f.Problems[one.Name] = show.Sentence(one.formWords(PlainWords(err)))
			continue
		}
		if alone.DependsOn != nil {
			all.DependsOn = alone.DependsOn
			continue
		}
		_ = one.write(text, &all)
	}
	if f.Typed["schedule"] == "" {
		all.Schedule = nil // the interval takes it away
	}
	return all
}

// CheckWhole finds what fields that are each right do not allow together.
func (f *Form) CheckWhole(spec fsm.Spec) {
	switch every, schedule := f.Typed["every"] != "", f.Typed["schedule"] != ""; {
	case !every && !schedule:
		f.Problems["every"] = "Say how often the job runs, or give it a schedule."
	case every && schedule:
		f.Problems["schedule"] = "Give either a schedule or how often it is expected, and leave the other empty."
	}
	if err := cmp.Or(spec.Validate(), spec.CheckRuns()); err != nil && len(f.Problems) == 0 {
		f.Problems[""] = show.Sentence(PlainWords(err))
	}
}

// Group is a part of a form.
type Group struct {
	Title    string // "": what every heartbeat needs
	Controls []Control
	Open     bool // something in it is wrong, or not as it is by default
}

// Groups are the fields of a heartbeat, with what was typed.
func (f Form) Groups() (out []Group) {
	usual := OfHeartbeat(Usual, 0).Typed
	for _, g := range []struct {
		title  string
		fields []field
	}{{"", basics}, {"When it fails", failures}, {"Who is told", people}, {"What it is", about}, {"How it is pinged", pings}} {
		group := Group{Title: g.title}
		for _, one := range g.fields {
			c := Control{Name: one.Name, Label: one.Label, Kind: one.Kind, Words: one.Words}.With(f)
			group.Controls = append(group.Controls, c)
			group.Open = group.Open || c.Problem != "" || c.Value != usual[one.Name]
		}
		out = append(out, group)
	}
	return out
}
