package web

import (
	"bytes"
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

// field is one that a person can write. A new one of a heartbeat's is a line here: it is
// read, checked against its limits and shown with what is wrong like the others.
type field struct {
	Name, Label string
	Kind        string // text, area, check or choices
	Words       string // what it is for, with its limits
	read        func(fsm.Spec) string
	write       func(text string, p *fsm.Patch) error
}

// checked is the text of a check box that is on.
const checked = "yes"

func checkedIf(yes bool) string {
	if yes {
		return checked
	}
	return ""
}

func textField(name, label, kind, words string, of func(*fsm.Spec) *string, to func(*fsm.Patch) **string) field {
	return field{
		name, label, kind, words,
		func(s fsm.Spec) string { return *of(&s) },
		func(text string, p *fsm.Patch) error {
			*to(p) = &text
			return nil
		},
	}
}

// durationField is "" for one that is not set, if it may be empty.
func durationField(name, label, words string, mayBeEmpty bool, of func(fsm.Spec) int64, to func(*fsm.Patch) **int64) field {
	return field{
		name, label, "text", words,
		func(s fsm.Spec) string {
			if mayBeEmpty && of(s) == 0 {
				return ""
			}
			return show.WriteDuration(of(s))
		},
		func(text string, p *fsm.Patch) error {
			if mayBeEmpty && text == "" {
				*to(p) = new(int64)
				return nil
			}
			n, err := show.ReadDuration(text)
			*to(p) = &n
			return err
		},
	}
}

func listField(name, label, words string, of func(fsm.Spec) []string, to func(*fsm.Patch) **[]string) field {
	return field{
		name, label, "text", words,
		func(s fsm.Spec) string { return strings.Join(of(s), ", ") },
		func(text string, p *fsm.Patch) error {
			*to(p) = new(split(text))
			return nil
		},
	}
}

// linesField has one entry a line.
func linesField(name, label, words string, of func(fsm.Spec) []string, to func(*fsm.Patch) **[]string) field {
	return field{
		name, label, "area", words,
		func(s fsm.Spec) string { return strings.Join(of(s), "\n") },
		func(text string, p *fsm.Patch) error {
			var list []string
			for line := range strings.Lines(text) {
				if line = strings.TrimSpace(line); line != "" {
					list = append(list, line)
				}
			}
			*to(p) = &list
			return nil
		},
	}
}

// checksWords tell what a check may be.
const checksWords = `What a good run must keep to, one a line, else it counts as failed and the alert says why: bytes > 0, bytes >= 0.5 * last, rows < 2 * median ` +
	`(of the last 20 good runs), seconds < 600, exit_code == 0, body contains "done", body doesn't contain "error". At most 20, each up to 200 bytes.`

// fields are those of a heartbeat, in the order of the form.
var fields = []field{
	textField("name", "Name", "text", fmt.Sprintf("What people call the job, 1 to %d characters.", fsm.MaxNameLen),
		func(s *fsm.Spec) *string { return &s.Name }, func(p *fsm.Patch) **string { return &p.Name }),
	{
		"every", "Expected every", "text", "How often the job runs: 90s, 15m, 1h30m, 7d, at most 366 days. Empty for one with a schedule.",
		func(s fsm.Spec) string {
			if len(s.Schedule) > 0 {
				return ""
			}
			return show.WriteDuration(s.Interval)
		},
		func(text string, p *fsm.Patch) error {
			if text == "" {
				return nil // checkWhole looks whether there is a schedule
			}
			n, err := show.ReadDuration(text)
			p.Interval = &n
			return err
		},
	},
	linesField("schedule", "Or by schedule", "Instead of the above: lines of cron (0 2 * * 1-5) or systemd calendar times (Mon..Fri 02:00), one a line.",
		func(s fsm.Spec) []string { return s.Schedule }, func(p *fsm.Patch) **[]string { return &p.Schedule }),
	textField("tz", "Time zone", "text", "Of the schedule, such as Europe/Berlin; empty: UTC.",
		func(s *fsm.Spec) *string { return &s.TZ }, func(p *fsm.Patch) **string { return &p.TZ }),
	durationField("grace", "Grace", "How long after that it is still not missed; a run that was started may also take this long. 0s to 366 days.", false,
		func(s fsm.Spec) int64 { return s.Grace }, func(p *fsm.Patch) **int64 { return &p.Grace }),
	{
		"threshold", "Alert at misses", "text", fmt.Sprintf("How many misses in a row make an alert, 1 to %d.", fsm.MaxThreshold),
		func(s fsm.Spec) string { return strconv.Itoa(s.Threshold) },
		func(text string, p *fsm.Patch) error {
			n, err := strconv.Atoi(text)
			if err != nil {
				return fmt.Errorf("%q is no number: use 1 to %d", text, fsm.MaxThreshold)
			}
			p.Threshold = &n
			return nil
		},
	},
	{
		"failure_threshold", "Alert at failures", "text", fmt.Sprintf("How many failures in a row, that the job itself reports, make an alert, 1 to %d; 1: the first does.", fsm.MaxThreshold),
		func(s fsm.Spec) string { return strconv.Itoa(s.FailuresToAlert()) },
		func(text string, p *fsm.Patch) error {
			n, err := strconv.Atoi(cmp.Or(text, "1"))
			if err != nil || n < 1 {
				return fmt.Errorf("%q is no number from 1 on: use 1 to %d", text, fsm.MaxThreshold)
			}
			if n == 1 { // as it is by default
				n = 0
			}
			p.FailureThreshold = &n
			return nil
		},
	},
	durationField("max_run_secs", "A run may take", "A run that was started fails after this time, at most 366 days; empty: the grace.", true,
		func(s fsm.Spec) int64 { return s.MaxRun }, func(p *fsm.Patch) **int64 { return &p.MaxRun }),
	durationField("min_run_secs", "A run takes at least", "A good run that was shorter counts as failed; empty: any may be good.", true,
		func(s fsm.Spec) int64 { return s.MinRun }, func(p *fsm.Patch) **int64 { return &p.MinRun }),
	durationField("remind_every_secs", "Remind every", "An incident is told again after this time, until it is acknowledged or over: 10 seconds to 30 days; empty: it is told once.", true,
		func(s fsm.Spec) int64 { return s.RemindEvery }, func(p *fsm.Patch) **int64 { return &p.RemindEvery }),
	linesField("checks", "Checks", checksWords,
		func(s fsm.Spec) []string { return s.Checks }, func(p *fsm.Patch) **[]string { return &p.Checks }),
	listField("tags", "Tags", fmt.Sprintf("At most %d, with commas between, each up to %d characters; they group and filter.", fsm.MaxTags, fsm.MaxTagLen),
		func(s fsm.Spec) []string { return s.Tags }, func(p *fsm.Patch) **[]string { return &p.Tags }),
	{
		"notify", "Channels", "choices", fmt.Sprintf("Who is told beside mail, at most %d; none: the channels that share a tag with it, or else the default ones.", fsm.MaxNotify),
		func(s fsm.Spec) string { return strings.Join(s.Notify, "\n") },
		func(text string, p *fsm.Patch) error {
			p.Notify = new([]string)
			if text != "" {
				*p.Notify = strings.Split(text, "\n")
			}
			return nil
		},
	},
	listField("emails", "Mail to", fmt.Sprintf("At most %d addresses, with commas between; empty: those of the cluster's --mail-to.", fsm.MaxEmails),
		func(s fsm.Spec) []string { return s.Emails }, func(p *fsm.Patch) **[]string { return &p.Emails }),
	textField("description", "Description", "area", fmt.Sprintf("What it does, for who is woken by it: at most %d characters.", fsm.MaxDescription),
		func(s *fsm.Spec) *string { return &s.Description }, func(p *fsm.Patch) **string { return &p.Description }),
	textField("runbook_url", "Runbook", "text", fmt.Sprintf("The page that says what to do: http:// or https://, at most %d bytes.", fsm.MaxURLLen),
		func(s *fsm.Spec) *string { return &s.RunbookURL }, func(p *fsm.Patch) **string { return &p.RunbookURL }),
	textField("owner", "Owner", "text", fmt.Sprintf("A person or a team, at most %d characters.", fsm.MaxOwnerLen),
		func(s *fsm.Spec) *string { return &s.Owner }, func(p *fsm.Patch) **string { return &p.Owner }),
	textField("slug", "Slug", "text", fmt.Sprintf("For URLs by name: a to z, 0 to 9, - and _, at most %d; empty: made from the name.", fsm.MaxSlugLen),
		func(s *fsm.Spec) *string { return &s.Slug }, func(p *fsm.Patch) **string { return &p.Slug }),
	{
		"first_ping", "Expect it only after its first ping", "check", "Else it is expected from now on: a job that was never scheduled fails too.",
		func(s fsm.Spec) string { return checkedIf(s.Arm == fsm.ArmFirstPing) },
		func(text string, p *fsm.Patch) error {
			p.Arm = new(fsm.ArmCreated)
			if text != "" {
				p.Arm = new(fsm.ArmFirstPing)
			}
			return nil
		},
	},
	{
		"only_post", "Only POST requests are pings", "check", "Chats that show a preview of a link send GET.",
		func(s fsm.Spec) string { return checkedIf(len(s.Methods) > 0) },
		func(text string, p *fsm.Patch) error {
			p.Methods = new([]string)
			if text != "" {
				p.Methods = new(slices.Clone(fsm.MethodsPost))
			}
			return nil
		},
	},
}

// form is a heartbeat as it was typed in, so that nothing is lost by a mistake.
type form struct {
	typed    map[string]string // by field
	Problems map[string]string // likewise; "": of the whole
	Version  uint64            // of the heartbeat that the form was made of; 0: of none
	Filled   bool              // in part by the address of the page, as suggestions are
}

func formOf(spec fsm.Spec, version uint64) form {
	f := form{typed: map[string]string{}, Problems: map[string]string{}, Version: version}
	for _, one := range fields {
		f.typed[one.Name] = one.read(spec)
	}
	return f
}

func typedForm(args *fasthttp.Args) form {
	f := form{typed: map[string]string{}, Problems: map[string]string{}, Version: versionOf(args)}
	for _, one := range fields {
		f.typed[one.Name] = typedIn(args, one.Name, one.Kind)
	}
	return f
}

// fill types in what an address says of fields.
func (f *form) fill(args *fasthttp.Args) {
	for _, one := range fields {
		if args.Has(one.Name) {
			f.typed[one.Name], f.Filled = typedIn(args, one.Name, one.Kind), true
		}
	}
}

// loosely reads what was typed as far as it can be read, for a preview; wrong are the fields that
// cannot be.
func (f form) loosely() (p fsm.Patch, wrong []string) {
	for _, one := range fields {
		next := p
		if one.write(f.typed[one.Name], &next) != nil {
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
)

// inForm turns the API's words of what is wrong into those of the form.
func (one field) inForm(words string) string {
	m := apiEntry.FindStringSubmatch(words)
	if m == nil {
		return apiName.ReplaceAllLiteralString(words, one.Label)
	}
	n, _ := strconv.Atoi(m[1])
	return fmt.Sprintf("entry %d", n+1) + strings.TrimPrefix(words, m[0])
}

// patch reads what was typed, each field by itself; Problems says what is wrong with which.
func (f *form) patch() (all fsm.Patch) {
	if f.typed["slug"] == "" {
		f.typed["slug"] = fsm.MakeSlug(f.typed["name"])
	}
	for _, one := range fields {
		var alone fsm.Patch
		err := one.write(f.typed[one.Name], &alone)
		if err == nil {
			err = alone.Validate()
		}
		if err != nil {
			f.Problems[one.Name] = show.Sentence(one.inForm(plainWords(err)))
			continue
		}
		_ = one.write(f.typed[one.Name], &all)
	}
	if f.typed["schedule"] == "" {
		all.Schedule = nil // the interval takes it away
	}
	return all
}

// checkWhole finds what fields that are each right do not allow together.
func (f *form) checkWhole(spec fsm.Spec) {
	switch every, schedule := f.typed["every"] != "", f.typed["schedule"] != ""; {
	case !every && !schedule:
		f.Problems["every"] = "Say how often the job runs, or give it a schedule."
	case every && schedule:
		f.Problems["schedule"] = "Give one of the two: this, or how often it is expected."
	}
	if err := spec.Validate(); err != nil && len(f.Problems) == 0 {
		f.Problems[""] = show.Sentence(plainWords(err))
	}
}

// plainWords leaves out that something is invalid: it stands beside what is.
func plainWords(err error) string {
	words := err.Error()
	if _, after, ok := strings.Cut(words, ": "); ok && strings.HasPrefix(words, "invalid") {
		return after
	}
	return words
}

// fieldView is a field as it is shown.
type fieldView struct {
	Name, Label, Kind, Words string
	Value, Problem           string
	Choices                  []choice
}

// choice is a check box of a field that has several.
type choice struct {
	Value, Words, Note string
	Chosen             bool
}

// with is the field with what was typed in a form.
func (v fieldView) with(f form) fieldView {
	v.Value, v.Problem = f.typed[v.Name], f.Problems[v.Name]
	for i := range v.Choices {
		v.Choices[i].Chosen = f.chose(v.Name, v.Choices[i].Value)
	}
	return v
}

// chose reports whether a check box of a field was on.
func (f form) chose(name, value string) bool {
	return slices.Contains(strings.Split(f.typed[name], "\n"), value)
}

// views are the form's fields, with what was typed.
func (f form) views() (out []fieldView) {
	for _, one := range fields {
		out = append(out, fieldView{Name: one.Name, Label: one.Label, Kind: one.Kind, Words: one.Words}.with(f))
	}
	return out
}

// controls are the fields of a form that is not a heartbeat's.
type controls []fieldView

// typed reads what a browser sends of them.
func (list controls) typed(args *fasthttp.Args) form {
	f := form{typed: map[string]string{}, Problems: map[string]string{}, Version: versionOf(args)}
	for _, one := range list {
		f.typed[one.Name] = typedIn(args, one.Name, one.Kind)
	}
	return f
}

// views are the fields with what was typed, and what is wrong with it.
func (list controls) views(f form) (out []fieldView) {
	for _, one := range list {
		out = append(out, one.with(f))
	}
	return out
}

// typedIn is what was typed in a field; of one with several check boxes those that are on, one
// a line.
func typedIn(args *fasthttp.Args, name, kind string) string {
	if kind == "choices" {
		return string(bytes.Join(args.PeekMulti(name), []byte("\n")))
	}
	return strings.ReplaceAll(strings.TrimSpace(string(args.Peek(name))), "\r\n", "\n")
}

// versionOf is the version of what a form was made of; 0: of nothing.
func versionOf(args *fasthttp.Args) uint64 {
	n, _ := strconv.ParseUint(string(args.Peek("version")), 10, 64)
	return n
}

func split(list string) (out []string) {
	for one := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == '\n' }) {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}
