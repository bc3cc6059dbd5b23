package fsm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/fsm/charset"
	"github.com/quorumbeat/quorumbeat/fsm/check"
	"github.com/quorumbeat/quorumbeat/fsm/schedule"
)

// These bound the settings of alerts.
const (
	maxBurst      = 10_000
	maxGroupWait  = 24 * 3600 * 1000 // ms
	maxFlapWindow = 24 * 3600 * 1000 // ms
)

// invalidError is a message that names field, value and limit; it is an ErrInvalid.
type invalidError string

func (e invalidError) Error() string        { return string(e) }
func (e invalidError) Is(target error) bool { return target == ErrInvalid }

func invalidf(format string, args ...any) error { return invalidError(fmt.Sprintf(format, args...)) }

// Validate checks every field against its limits. The message names the field as
// the API does, the value and the limit; the error is an ErrInvalid.
func (s Spec) Validate() error {
	return cmp.Or(
		validateText("name", s.Name, MaxNameLen),
		validateSlug(s.Slug),
		validateRange("grace_secs", s.Grace, 0, MaxGrace),
		validateRange("miss_threshold", int64(s.Threshold), 1, MaxThreshold),
		validateArm(s.Arm),
		validateTags(s.Tags),
		validateEmails("email", s.Emails),
		validateMethods(s.Methods),
		s.ValidateFields(),
	)
}

// ValidateFields is the part of Validate that is about tagged fields, and about when pings are expected.
func (s *Spec) ValidateFields() error {
	return cmp.Or(
		validateWhen(s),
		validateLines("description", s.Description, MaxDescription),
		validateURL("runbook_url", s.RunbookURL),
		validateOptional("owner", s.Owner, MaxOwnerLen),
		validateFailures(s.FailureThreshold),
		validateRange("max_run_secs", s.MaxRun, 0, MaxGrace),
		validateRange("min_run_secs", s.MinRun, 0, MaxGrace),
		validateRunLimits(s),
		validateChecks(s.Checks),
		validateNotify(s.Notify, s.NotifyMail),
		validateReminders("remind_every_secs", s.RemindEvery),
		validateDependsOn(s.DependsOn, s.Tags),
	)
}

// Validate checks the fields that are set.
func (p Patch) Validate() error {
	s := Spec{Name: "name", Slug: "slug", Interval: 1, Threshold: 1, Arm: ArmCreated}
	if p.TZ != nil && p.Interval == nil && p.Schedule == nil { // of a schedule that is there
		s.Interval, s.Schedule = 0, []string{"@daily"}
	}
	return p.Apply(s).Validate()
}

// Validate checks the settings; the messages name the flags.
func (s Settings) Validate() error {
	return cmp.Or(
		validateRange("history", int64(s.History), 0, MaxHistory),
		validateEmails("mail-to", s.MailTo),
		validateRange("alert-burst", int64(s.Burst), 1, maxBurst),
		validateRange("alert-group-wait in milliseconds", s.GroupWait, 0, maxGroupWait),
		validateRange("alert-flap-window in milliseconds", s.FlapWindow, 0, maxFlapWindow),
		ValidateMaxHeartbeats("max-heartbeats", s.MaxHeartbeats),
		validateReminders("remind-every in seconds", s.RemindEvery),
	)
}

// validateReminders checks the time between reminders; 0 is none.
func validateReminders(name string, every int64) error {
	if every == 0 {
		return nil
	}
	if every < MinRemindEvery || every > MaxRemindEvery {
		return invalidf("%s is %d; it must be %d to %d, or 0 for no reminders", name, every, MinRemindEvery, MaxRemindEvery)
	}
	return nil
}

func validateRange(field string, v, low, high int64) error {
	if v < low || v > high {
		return invalidf("%s is %d; it must be %d to %d", field, v, low, high)
	}
	return nil
}

// validateText checks a text that people see and that enters mail headers.
func validateText(field, s string, most int) error {
	if len(s) <= most && charset.IsPlain(s) {
		return nil
	}
	switch n := utf8.RuneCountInString(s); {
	case !utf8.ValidString(s):
		return invalidf("%s is not valid UTF-8", field)
	case n == 0:
		return invalidf("%s is empty; it must have 1 to %d characters", field, most)
	case n > most:
		return invalidf("%s has %d characters; it must have 1 to %d", field, n, most)
	case strings.ContainsFunc(s, unicode.IsControl):
		return invalidf("%s %q has control characters or line breaks; it must have none", field, s)
	case strings.ContainsFunc(s, charset.IsMisleading):
		return invalidf("%s %+q has line separators or characters that turn the direction of the text; it must have none", field, s)
	case !strings.ContainsFunc(s, charset.IsVisible):
		return invalidf("%s %+q is only spaces and invisible characters; it must have others", field, s)
	}
	return nil
}

// validateOptional is validateText for a text that may be left out.
func validateOptional(field, s string, most int) error {
	if s == "" {
		return nil
	}
	return validateText(field, s, most)
}

// validateLines checks a text of any number of lines, or none.
func validateLines(field, s string, most int) error {
	if n := utf8.RuneCountInString(s); n > most {
		return invalidf("%s has %d characters; it may have %d", field, n, most)
	}
	return validateOptional(field, inOneLine.Replace(s), most)
}

// inOneLine puts spaces in the place of what validateText takes for no text. It is made once: that takes longer than all else of a heartbeat.
var inOneLine = strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ")

// validateURL checks the address of a page that people open, or none.
func validateURL(field, s string) error {
	if s == "" {
		return nil
	}
	if len(s) > MaxURLLen {
		return invalidf("%s has %d bytes; it may have %d", field, len(s), MaxURLLen)
	}
	if !isPageURL(s) {
		return invalidf("%s is %.80q; it must be the address of a page, like https://wiki.example.com/backups, without a name or password in it", field, s)
	}
	return nil
}

// isPageURL reports whether s is a plain http or https URL. Package net/url grows with
// Go, and two nodes must never disagree. Spaces, controls and what turns the direction
// of text are written with percent signs in a real one.
func isPageURL(s string) bool {
	scheme, rest, _ := strings.Cut(s, "://")
	host := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = rest[:i]
	}
	return (scheme == "https" || scheme == "http") && isHostPort(host) && utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool {
		return !charset.IsVisible(c) || charset.IsMisleading(c) || strings.ContainsRune("<>\"`{}|^\\", c)
	})
}

// isHostPort reports whether s may be the host of a URL, with or without a port.
func isHostPort(s string) bool {
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		host, port = s[:i], s[i+1:]
	}
	if strings.ContainsFunc(port, func(c rune) bool { return c < '0' || c > '9' }) || len(port) > 5 {
		return false
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		return ok && inner != "" && !strings.ContainsFunc(inner, func(c rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF:.", c) })
	}
	return host != "" && !hasEmptyPart(strings.TrimSuffix(host, ".")) && !strings.ContainsFunc(host, func(c rune) bool {
		return c <= '~' && !isAlphanumeric(c) && c != '-' && c != '.' && c != '_'
	})
}

// validateWhen checks the interval, or the schedule that a heartbeat has instead.
func validateWhen(s *Spec) error {
	if len(s.Schedule) == 0 {
		if s.TZ != "" {
			return invalidf("tz is %.80q, and there is no schedule that it could be of", s.TZ)
		}
		return validateRange("interval_secs", s.Interval, MinInterval, MaxInterval)
	}
	if s.Interval != 0 {
		return invalidf("interval_secs is %d, and there is a schedule; give one of the two", s.Interval)
	}
	return validateSchedule(s.Schedule, s.TZ)
}

func validateSchedule(expressions []string, tz string) error {
	if _, err := schedule.Parse(expressions); err != nil {
		return invalidf("schedule: %v", err)
	}
	if len(tz) > MaxZoneLen || strings.ContainsFunc(tz, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return invalidf("tz is %.80q; it must be the name of a time zone, like Europe/Berlin", tz)
	}
	return nil
}

// validateFailures takes 0 for 1, which is the default.
func validateFailures(n int) error {
	if n == 0 {
		return nil
	}
	return validateRange("failure_threshold", int64(n), 1, MaxThreshold)
}

// validateRunLimits refuses a run that would have to be longer than it may.
func validateRunLimits(s *Spec) error {
	if s.MaxRun > 0 && s.MinRun >= s.MaxRun {
		return invalidf("min_run_secs is %d and max_run_secs is %d; a run must be allowed to take longer than its least", s.MinRun, s.MaxRun)
	}
	return nil
}

// CheckRuns refuses limits that no run can keep: without one of its own, a run must end within the grace or the
// interval, and may not be required to take as long as that. The state takes them, for it always has: whoever proposes a change asks.
func (s *Spec) CheckRuns() error {
	limit, field := s.Grace, "grace_secs"
	if limit == 0 {
		limit, field = s.Interval, "interval_secs"
	}
	if s.MinRun == 0 || s.MaxRun > 0 || limit == 0 || s.MinRun < limit {
		return nil
	}
	return invalidf("min_run_secs is %d and %s is %d: without max_run_secs a run must end within that, so none could be long enough; set max_run_secs", s.MinRun, field, limit)
}

func validateChecks(list []string) error {
	if err := check.Validate(list); err != nil {
		return invalidf("%v", err)
	}
	return nil
}

func validateSlug(s string) error {
	if len(s) < 1 || len(s) > MaxSlugLen || strings.ContainsFunc(s, func(c rune) bool { return !isSlugRune(c) }) {
		return invalidf("slug is %q; it must be 1 to %d characters of a-z, 0-9, _ and -", clipped(s), MaxSlugLen)
	}
	return nil
}

func isSlugRune(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

func validateArm(a Arm) error {
	if a != ArmCreated && a != ArmFirstPing {
		return invalidf("arm is %q; it must be %q or %q", clipped(string(a)), ArmCreated, ArmFirstPing)
	}
	return nil
}

func validateMethods(list []string) error {
	if len(list) > 0 && !slices.Equal(list, MethodsPost) {
		return invalidf(`methods is %.60q; it must be ["POST"], or [] for all`, list)
	}
	return nil
}

func validateTags(tags []string) error {
	if len(tags) > MaxTags {
		return invalidf("tags has %d entries; it may have %d", len(tags), MaxTags)
	}
	for i, tag := range tags {
		if validateText("", tag, MaxTagLen) != nil {
			return validateText(fmt.Sprintf("tags[%d]", i), tag, MaxTagLen)
		}
		if slices.Contains(tags[:i], tag) {
			return invalidf("tags[%d] repeats %q; each tag may appear once", i, tag)
		}
	}
	return nil
}

func validateEmails(field string, list []string) error {
	if len(list) > MaxEmails {
		return invalidf("%s has %d addresses; it may have %d", field, len(list), MaxEmails)
	}
	for i, a := range list {
		if err := ValidateEmail(a); err != nil {
			return invalidf("%s[%d]: %v", field, i, err)
		}
		if slices.Contains(list[:i], a) {
			return invalidf("%s[%d] repeats %s; each address may appear once", field, i, a)
		}
	}
	return nil
}

// ValidateMaxHeartbeats checks a quota of heartbeats, of a key or of the cluster.
func ValidateMaxHeartbeats(field string, n int) error {
	return validateRange(field, int64(n), 0, MaxHeartbeats)
}

// ValidateNodeName checks what people call a node.
func ValidateNodeName(name string) error { return validateText("node-name", name, MaxNameLen) }

// ValidateScope checks the scope of an API key.
func ValidateScope(scope string) error {
	if !slices.Contains(Scopes, scope) {
		return invalidf("scope is %.40q; it must be %s, %s, %s or %s", scope, ScopeAdmin, ScopeWrite, ScopeRead, ScopePing)
	}
	return nil
}

// ValidateKeyName checks the name of an API key.
func ValidateKeyName(name string) error { return validateText("name", name, MaxKeyNameLen) }

func clipped(s string) string { return s[:min(len(s), 120)] }

// MakeSlug makes a slug of a name: "Nightly Sync!" becomes "nightly-sync". It is
// never empty.
func MakeSlug(name string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(name) {
		switch {
		case b.Len() == MaxSlugLen:
		case isSlugRune(c):
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	if slug := strings.Trim(b.String(), "-"); slug != "" {
		return slug
	}
	return "heartbeat"
}
