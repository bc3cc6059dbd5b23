package client

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// remindEvery is the value of --remind-every: a length, or that of the cluster.
type remindEvery struct {
	every            flags.Seconds
	given, byDefault bool
}

func (r *remindEvery) Set(text string) error {
	r.given, r.byDefault = true, text == "default"
	if r.byDefault {
		return nil
	}
	return r.every.Set(text)
}

func (r *remindEvery) String() string {
	if r.byDefault {
		return "default"
	}
	return r.every.String()
}

func (r *remindEvery) Type() string { return r.every.Type() }

// create is the field of a new heartbeat.
func (r *remindEvery) create() int {
	if r.given && !r.byDefault && r.every == 0 {
		return heartbeat.NoReminders
	}
	return int(r.every)
}

const longestInterval = 366 * 86400 // s

// heartbeatFlags are the writable fields.
type heartbeatFlags struct {
	name, slug, arm string
	interval, grace flags.Seconds
	threshold       int
	tags, email     []string
	onlyPost        bool

	description, runbook, owner string

	schedule []string
	tz       string

	failures       int
	maxRun, minRun flags.Seconds
	checks         []string
	notify         []string
	dependsOn      []string
	remind         remindEvery
}

// fieldDefaults tell, in help texts, what a field is that no flag sets.
type fieldDefaults struct{ interval, grace, threshold, slug, arm, email, failures string }

var (
	withDefaults    = fieldDefaults{" (default 1h)", " (default 5m)", " (default 2)", " (default: made from the name)", " (default created)", " (default: the server's)", " (default 1)"}
	withoutDefaults = fieldDefaults{email: "; empty: the server's"}
)

var arms = []string{"created", "first_ping"}

func (h *heartbeatFlags) register(p *cli.Program, c *cobra.Command, d fieldDefaults) {
	f := c.Flags()
	f.VarP(&h.interval, "interval", "i", "time between pings, 1s to 366d: 3600, 1h30m, 1d, 1w"+d.interval)
	f.VarP(&h.grace, "grace", "g", "how late a ping may be, 0s to 366d"+d.grace)
	f.Lookup("interval").DefValue, f.Lookup("grace").DefValue = "", "" // the server's, not 0s
	f.Var(flags.Between(&h.threshold, 1, 100), "miss-threshold", "misses in a row that alert, 1 to 100"+d.threshold)
	f.StringVar(&h.slug, "slug", "", "`name` in URLs, of a-z 0-9 _ -"+d.slug)
	f.Var(flags.OneOf(&h.arm, arms), "arm", "judge from creation (created) or from the first ping (first_ping)"+d.arm)
	f.Var(flags.ListOf(&h.tags), "tag", "`tags`, with commas between")
	f.Var(flags.ListOf(&h.email), "email", "`addresses` that get its alerts, with commas between"+d.email)
	f.BoolVar(&h.onlyPost, "only-post", false, "note pings by other methods, and no more: for links that chats look at")
	f.StringVar(&h.description, "description", "", "what the job does, up to 2,000 characters")
	f.StringVar(&h.runbook, "runbook-url", "", "`URL` of what to do when it fails, http or https")
	f.StringVar(&h.owner, "owner", "", "who looks after it: a `person` or a team")
	f.StringArrayVar(&h.schedule, "schedule", nil, "when pings are expected, in place of --interval: a cron `expression` like '0 2 * * 1-5', or a systemd calendar time; may be repeated")
	f.StringVar(&h.tz, "tz", "", "time `zone` of the schedule, like Europe/Berlin (default UTC)")
	f.Var(flags.Between(&h.failures, 1, 100), "failure-threshold", "reported failures in a row that alert, 1 to 100"+d.failures)
	f.Var(&h.maxRun, "max-run", "how long a run may take before it has failed; 0s: its grace")
	f.Var(&h.minRun, "min-run", "a shorter run is a failure; 0s: any length will do")
	f.Lookup("max-run").DefValue, f.Lookup("min-run").DefValue = "", ""
	f.Var(flags.ListOf(&h.notify), "notify", "`who` is told: channels by name or ID, and mail addresses, with commas between; '' leaves it to tags and defaults")
	f.Var(flags.ListOf(&h.dependsOn), "depends-on", "`heartbeats` by name, slug or ID, and tags like tag:db, with commas between: while one fails this one's alerts wait; '' is none")
	f.Var(&h.remind, "remind-every", "time between reminders of an incident until it is acknowledged or over, 10s to 30d; 0s: none; default: as the cluster's --remind-every says")
	f.Lookup("remind-every").DefValue = ""
	f.StringArrayVar(&h.checks, "check", nil, "what a good run must keep to, like `'bytes > 0'` or 'bytes >= 0.5 * last'; may be repeated, and '' is none")
	cli.CompleteWords(c, "arm", arms)
	cli.CompleteZone(c)
	call.CompleteFlag(p, c, "tag", call.TagNames)
	call.CompleteFlag(p, c, "notify", call.ChannelNames)
	call.CompleteFlag(p, c, "depends-on", call.DependencyNames)
}

// methods are those by which a ping is a good run; empty: all.
func (h *heartbeatFlags) methods() []string {
	if h.onlyPost {
		return []string{"POST"}
	}
	return []string{}
}

// checkList are the checks, without empty ones.
func (h *heartbeatFlags) checkList() []string {
	return slices.DeleteFunc(slices.Clone(append([]string{}, h.checks...)), func(s string) bool { return strings.TrimSpace(s) == "" })
}

// check refuses what is out of its limits, so that 0 is not taken for nothing.
func (h *heartbeatFlags) check(f *pflag.FlagSet) error {
	switch {
	case f.Changed("schedule") && f.Changed("interval"):
		return usage.Errorf("--schedule and --interval exclude each other: give one of them")
	case f.Changed("interval") && (h.interval < 1 || h.interval > longestInterval):
		return usage.Errorf("--interval is %s: it must be 1s to 366d", &h.interval)
	case max(h.maxRun, h.minRun) > longestInterval:
		return usage.Errorf("--max-run and --min-run must be 0s to 366d")
	case h.grace > longestInterval:
		return usage.Errorf("--grace is %s: it must be 0s to 366d", &h.grace)
	}
	for name, value := range map[string]string{"slug": h.slug, "name": h.name} {
		if f.Changed(name) && value == "" {
			return usage.Errorf("--%s is empty: it must have 1 character or more", name)
		}
	}
	return nil
}

// params are the fields that the flags set.
func (h *heartbeatFlags) params(f *pflag.FlagSet) (p heartbeat.CreateParams, err error) {
	if err := h.check(f); err != nil {
		return p, err
	}
	p = heartbeat.CreateParams{
		IntervalSecs: int(h.interval), GraceSecs: int(h.grace), MissThreshold: h.threshold, Slug: h.slug, Arm: h.arm, Tags: h.tags, Email: h.email,
		Description: h.description, RunbookURL: h.runbook, Owner: h.owner,
		RemindEverySecs: h.remind.create(), Notify: h.notify, DependsOn: h.dependsOn, FailureThreshold: h.failures, MaxRunSecs: int(h.maxRun), MinRunSecs: int(h.minRun),
	}
	if f.Changed("schedule") {
		p.Schedule = h.schedule
	}
	p.TZ = h.tz // the server refuses it without a schedule
	if f.Changed("check") {
		p.Checks = h.checkList()
	}
	if h.grace == 0 && f.Changed("grace") {
		p.GraceSecs = heartbeat.NoGrace
	}
	if f.Changed("only-post") {
		p.Methods = h.methods()
	}
	return p, nil
}

// changes are the fields that the flags set, of a heartbeat that is there.
func (h *heartbeatFlags) changes(f *pflag.FlagSet) (u heartbeat.UpdateParams, err error) {
	interval, grace, methods := int(h.interval), int(h.grace), h.methods()
	call.SetIfGiven(f, "name", &u.Name, &h.name)
	call.SetIfGiven(f, "slug", &u.Slug, &h.slug)
	call.SetIfGiven(f, "arm", &u.Arm, &h.arm)
	call.SetIfGiven(f, "interval", &u.IntervalSecs, &interval)
	call.SetIfGiven(f, "grace", &u.GraceSecs, &grace)
	call.SetIfGiven(f, "miss-threshold", &u.MissThreshold, &h.threshold)
	call.SetIfGiven(f, "tag", &u.Tags, &h.tags)
	call.SetIfGiven(f, "email", &u.Email, &h.email)
	call.SetIfGiven(f, "only-post", &u.Methods, &methods)
	call.SetIfGiven(f, "description", &u.Description, &h.description)
	call.SetIfGiven(f, "runbook-url", &u.RunbookURL, &h.runbook)
	call.SetIfGiven(f, "owner", &u.Owner, &h.owner)
	schedule := heartbeat.Schedule(h.schedule)
	call.SetIfGiven(f, "schedule", &u.Schedule, &schedule)
	call.SetIfGiven(f, "tz", &u.TZ, &h.tz)
	maxRun, minRun, checks := int(h.maxRun), int(h.minRun), h.checkList()
	call.SetIfGiven(f, "failure-threshold", &u.FailureThreshold, &h.failures)
	call.SetIfGiven(f, "max-run", &u.MaxRunSecs, &maxRun)
	call.SetIfGiven(f, "min-run", &u.MinRunSecs, &minRun)
	call.SetIfGiven(f, "check", &u.Checks, &checks)
	call.SetIfGiven(f, "notify", &u.Notify, &h.notify)
	call.SetIfGiven(f, "depends-on", &u.DependsOn, &h.dependsOn)
	remind := int(h.remind.every)
	if u.ResetReminders = h.remind.byDefault; !u.ResetReminders {
		call.SetIfGiven(f, "remind-every", &u.RemindEverySecs, &remind)
	}
	if u == (heartbeat.UpdateParams{}) {
		return u, usage.Errorf("nothing to change: see 'quorumbeat update --help' for the flags")
	}
	return u, h.check(f)
}

// nameDependencies puts IDs in place of names, which only this program knows, in what --depends-on lists.
func nameDependencies(ctx context.Context, api *heartbeat.Client, on []string) error {
	for i, word := range on {
		if call.IDForm.MatchString(word) || strings.HasPrefix(word, "tag:") || word == "" {
			continue
		}
		called, err := call.HeartbeatsCalled(ctx, api, word)
		if err != nil {
			return err
		}
		if len(called) == 0 || slices.ContainsFunc(called, func(h *heartbeat.Heartbeat) bool { return h.Slug == word }) {
			continue // the cluster says what it makes of it
		}
		if on[i], err = call.HeartbeatOf(ctx, api, word); err != nil {
			return err
		}
	}
	return nil
}
