package writable

import (
	"cmp"
	"fmt"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Patch returns the change that the fields ask for.
func (f Fields) Patch() fsm.Patch {
	return fsm.Patch{
		Name: f.Name, Slug: f.Slug, Interval: f.IntervalSecs, Grace: f.GraceSecs,
		Threshold: f.MissThreshold, Arm: f.Arm, Tags: f.Tags, Emails: f.Email, Methods: f.Methods,
		Description: f.Description, RunbookURL: f.RunbookURL, Owner: f.Owner,
		FailureThreshold: f.failures(), MaxRun: f.MaxRunSecs, MinRun: f.MinRunSecs, Checks: f.Checks, Notify: f.Notify,
		RemindEvery: f.RemindEverySecs.every(), NeverRemind: f.RemindEverySecs.never(), NotifyMail: f.notifyMail, DependsOn: f.DependsOn,
		Schedule: (*[]string)(f.Schedule), TZ: f.TZ,
	}
}

// failures is the threshold of failures; 1, the default, is stored as none.
func (f Fields) failures() *int {
	if f.FailureThreshold != nil && *f.FailureThreshold == 1 {
		return new(int)
	}
	return f.FailureThreshold
}

// Spec completes the fields of a new heartbeat with the defaults.
func (f Fields) Spec() fsm.Spec {
	s := f.Patch().Apply(fsm.Spec{
		Interval: fsm.DefaultInterval, Grace: fsm.DefaultGrace, Threshold: fsm.DefaultThreshold, Arm: fsm.ArmCreated,
	})
	if f.Slug == nil {
		s.Slug = fsm.MakeSlug(s.Name)
	}
	return s
}

// Put makes a command of the fields that were sent for a slug. A new heartbeat is named
// like its slug unless a name was sent.
func (f Fields) Put(slug string) (c fsm.PutHeartbeat, err error) {
	if f.Slug != nil && *f.Slug != slug {
		return c, request.BadRequest(fmt.Sprintf("slug is %.100q in the body and %.100q in the path; leave it out of the body", *f.Slug, slug))
	}
	f.Slug = nil
	c.Patch = f.Patch()
	f.Slug = &slug
	if f.Name == nil {
		f.Name = &slug
	}
	if f.OnlyZone() {
		f.TZ = nil // whoever runs the command looks whether there is a schedule
	}
	c.Spec = f.Spec()
	return c, cmp.Or(c.Spec.Validate(), c.Patch.Validate())
}
