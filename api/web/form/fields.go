package form

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

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
			*to(p) = new(Split(text))
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

// durations are the fields of which the API counts the seconds.
var durations = []string{"every", "grace", "max_run_secs", "min_run_secs", "remind_every_secs"}

// fields are those of a heartbeat, in the order of the form.
var fields = slices.Concat(basics, failures, people, about, pings)

// basics are what every heartbeat needs.
var basics = []field{
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
}

// failures say when it has failed.
var failures = []field{
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
	linesField("checks", "Checks", checksWords,
		func(s fsm.Spec) []string { return s.Checks }, func(p *fsm.Patch) **[]string { return &p.Checks }),
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
}

// people say who is told of it, and when not.
var people = []field{
	listField("emails", "Mail to", fmt.Sprintf("At most %d addresses, with commas between; empty: those of the cluster's --mail-to.", fsm.MaxEmails),
		func(s fsm.Spec) []string { return s.Emails }, func(p *fsm.Patch) **[]string { return &p.Emails }),
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
	listField("notify_mail", "Mail in place of the defaults", "Addresses that are told as chosen channels are: then no channel by tag and no default one is.",
		func(s fsm.Spec) []string { return s.NotifyMail }, func(p *fsm.Patch) **[]string { return &p.NotifyMail }),
	linesField("depends_on", "Depends on", fmt.Sprintf("While one of these fails, alerts of this one wait and are told as a line in that one's: slugs or IDs of heartbeats, or tag:NAME for each that has a tag, one a line, at most %d.", fsm.MaxDependsOn),
		func(s fsm.Spec) []string { return s.DependsOn }, func(p *fsm.Patch) **[]string { return &p.DependsOn }),
	{
		"remind_every_secs", "Remind every", "text", "An incident is told again after this time, until it is acknowledged or over: 10 seconds to 30 days; 0s: it is told once; empty: as the cluster's --remind-every says.",
		func(s fsm.Spec) string {
			if s.RemindEvery == 0 && !s.NeverRemind {
				return ""
			}
			return show.WriteDuration(s.RemindEvery)
		},
		func(text string, p *fsm.Patch) error {
			n, err := int64(0), error(nil)
			if text != "" {
				n, err = show.ReadDuration(text)
			}
			p.RemindEvery, p.NeverRemind = &n, new(text != "" && n == 0)
			return err
		},
	},
}

// about is for who is woken by it.
var about = []field{
	textField("description", "Description", "area", fmt.Sprintf("What it does, for who is woken by it: at most %d characters.", fsm.MaxDescription),
		func(s *fsm.Spec) *string { return &s.Description }, func(p *fsm.Patch) **string { return &p.Description }),
	textField("runbook_url", "Runbook", "text", fmt.Sprintf("The page that says what to do: http:// or https://, at most %d bytes.", fsm.MaxURLLen),
		func(s *fsm.Spec) *string { return &s.RunbookURL }, func(p *fsm.Patch) **string { return &p.RunbookURL }),
	textField("owner", "Owner", "text", fmt.Sprintf("A person or a team, at most %d characters.", fsm.MaxOwnerLen),
		func(s *fsm.Spec) *string { return &s.Owner }, func(p *fsm.Patch) **string { return &p.Owner }),
	listField("tags", "Tags", fmt.Sprintf("At most %d, with commas between, each up to %d characters; they group and filter.", fsm.MaxTags, fsm.MaxTagLen),
		func(s fsm.Spec) []string { return s.Tags }, func(p *fsm.Patch) **[]string { return &p.Tags }),
}

// pings say what pings it.
var pings = []field{
	textField("slug", "Slug", "text", fmt.Sprintf("For URLs by name: a to z, 0 to 9, - and _, at most %d; empty: made from the name.", fsm.MaxSlugLen),
		func(s *fsm.Spec) *string { return &s.Slug }, func(p *fsm.Patch) **string { return &p.Slug }),
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
