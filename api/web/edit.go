package web

import (
	"cmp"
	"crypto/rand"
	"errors"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/api/web/advice"
	"github.com/quorumbeat/quorumbeat/api/web/form"
	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule"
)

type editPage struct {
	frame
	Form     form.Form
	ID       string // "": a new one
	Preview  preview
	Channels []fsm.Channel // that it can name
}

// Groups are the form's fields, with what was typed.
func (p editPage) Groups() []form.Group {
	groups := p.Form.Groups()
	for _, g := range groups {
		for i := range g.Controls {
			if g.Controls[i].Name == "notify" {
				g.Controls[i].Choices = channelChoices(p.Channels)
				g.Controls[i] = g.Controls[i].With(p.Form)
			}
		}
	}
	return groups
}

// Fields are those of all groups.
func (p editPage) Fields() (list []form.Control) {
	for _, g := range p.Form.Groups() {
		list = append(list, g.Controls...)
	}
	return list
}

func channelChoices(list []fsm.Channel) (out []form.Choice) {
	for _, c := range list {
		note := c.Spec.Kind
		if c.Spec.After > 0 {
			note += ", after " + show.Seconds(c.Spec.After)
		}
		out = append(out, form.Choice{Value: c.ID.String(), Words: c.Spec.Name, Note: note})
	}
	return out
}

// changedMeanwhile is what a form says whose object is another by now.
const changedMeanwhile = "Somebody else changed it meanwhile. What you see here is what you typed: save it again to have it so, or open it in another tab to compare."

// preview is what a form's schedule would mean.
type preview struct {
	Times  []time.Time // when pings are expected, the next few
	Missed time.Time   // if none comes
	Told   time.Time
	Why    string        // it can tell nothing yet
	Words  string        // of a schedule
	Rules  string        // of time zones that it was computed by; "": of none
	Tried  *advice.Trial // what it would have alerted on; nil: nothing is known
	Now    time.Time
	zone   *time.Location
}

const previewed = 5

// Instant is a moment in full.
func (p preview) Instant(t time.Time) template.HTML { return show.Instant(t, p.Now, p.zone) }

// previewOf tells what a schedule means for a job that ran well now; nothing if it is none.
func previewOf(f form.Form, now time.Time, zones schedules.Zones) preview {
	out := preview{Now: now, zone: time.UTC}
	f.Problems, f.Resolve = map[string]string{}, nil // what is wrong is told here, not yet in the form
	p := f.Patch()
	f.CheckWhole(p.Apply(fsm.Spec{}))
	for _, name := range expecting {
		if out.Why = f.Problems[name]; out.Why != "" {
			return out
		}
	}
	count := max(previewed, *p.Threshold)
	switch {
	case f.Typed["schedule"] != "" && f.Typed["every"] == "":
		when, err := schedule.Parse(*p.Schedule)
		zone, unknown := zones.Location(*p.TZ)
		if err != nil || unknown != nil {
			out.Why = show.Sentence(cmp.Or(err, unknown).Error())
			return out
		}
		out.Words, out.Rules, out.zone = when.Describe(), zones.Version(), zone
		out.Times = when.Times(now, zone, count)
	case f.Typed["schedule"] == "" && p.Interval != nil:
		for n := range count {
			out.Times = append(out.Times, now.Add(time.Duration(n+1)*time.Duration(*p.Interval)*time.Second))
		}
	}
	if len(out.Times) < count { // it never comes to pass so often
		out.Times = nil
		return out
	}
	grace := time.Duration(*p.Grace) * time.Second
	out.Missed, out.Told = out.Times[0].Add(grace), out.Times[*p.Threshold-1].Add(grace)
	out.Times = out.Times[:previewed]
	return out
}

// preview answers with the preview of a form, for its page's script.
func (s *Site) preview(ctx *fasthttp.RequestCtx, _ *session, _ []string) error {
	ctx.SetContentType("text/html; charset=utf-8")
	args := ctx.QueryArgs()
	p := s.previewOf(form.ReadHeartbeat(args), string(args.Peek("heartbeat")), time.Now())
	return s.write(ctx, []byte(s.part("edit", "preview", p)))
}

// previewOf is that of a heartbeat's form: it tells what would have been, too.
func (s *Site) previewOf(f form.Form, id string, now time.Time) preview {
	p := previewOf(f, now, s.back.Zones())
	if h, err := s.find(id); err == nil && p.Times != nil {
		p.Tried = s.try(f, h, now)
	}
	return p
}

// try plays the history of a heartbeat with what a form says.
func (s *Site) try(f form.Form, h fsm.Heartbeat, now time.Time) *advice.Trial {
	p, wrong := f.ReadablePatch()
	if slices.ContainsFunc(wrong, func(name string) bool { return slices.Contains(judged, name) }) {
		return nil
	}
	spec := fsm.Patch{
		Interval: p.Interval, Schedule: p.Schedule, TZ: p.TZ, Grace: p.Grace, Threshold: p.Threshold,
		FailureThreshold: p.FailureThreshold, MaxRun: p.MaxRun, MinRun: p.MinRun,
	}.Apply(h.Spec)
	history, err := schedules.HistoryOf(s.store, h.ID, judgedPings, now)
	if err != nil || spec.Validate() != nil || len(history.Pings) == 0 {
		return nil
	}
	back, ok := s.back.Place()
	if !ok {
		return nil
	}
	defer back()
	t := advice.Try(spec, history, s.back.Zones())
	return &t
}

// expecting are the fields that say when pings are expected, and judged all that say when a heartbeat has failed.
var (
	expecting = []string{"every", "schedule", "tz", "grace", "threshold"}
	judged    = append(slices.Clip(expecting), "failure_threshold", "max_run_secs", "min_run_secs")
)

func (s *Site) showForm(ctx *fasthttp.RequestCtx, in *session, id string, f form.Form) error {
	title := "New heartbeat"
	if id != "" {
		title = "Edit " + f.Typed["name"]
	}
	if len(f.Problems) > 0 {
		ctx.SetStatusCode(fasthttp.StatusUnprocessableEntity)
		title = "Not saved: " + title
	}
	page := editPage{frame: s.frame(ctx, in, title, "heartbeats"), Form: f, ID: id, Channels: s.channelsByName()}
	page.Preview = s.previewOf(f, id, page.Now)
	return s.render(ctx, "edit", page)
}

func (s *Site) newForm(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	f := form.OfHeartbeat(form.Usual, 0)
	f.Fill(ctx.QueryArgs())
	f.Filled = false // it is new anyway
	return s.showForm(ctx, in, "", f)
}

func (s *Site) create(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	f := form.ReadHeartbeat(ctx.PostArgs())
	if ctx.PostArgs().Has("preview") {
		return s.showForm(ctx, in, "", f)
	}
	f.Resolve = s.store.ResolveDependencies
	p := f.Patch()
	c := fsm.Create{Token: fsm.Token(uuid.New()), Spec: p.Apply(fsm.Spec{})}
	f.CheckWhole(c.Spec)
	s.checkHere(&f, p)
	if len(f.Problems) > 0 {
		return s.showForm(ctx, in, "", f)
	}
	rand.Read(c.ID[:])
	if err := s.save(ctx, c, p, true, &f); err != nil {
		s.explainCircle(err, c.ID, c.Spec, &f)
		return s.showForm(ctx, in, "", f)
	}
	return see(ctx, Prefix+"heartbeats/"+c.ID.String()+"?did=made")
}

// checkHere finds what only this node can know to be wrong: the time zone, and channels that
// were deleted while the form was open.
func (s *Site) checkHere(f *form.Form, p fsm.Patch) {
	if p.TZ != nil && f.Problems["tz"] == "" {
		if _, err := s.back.Zones().Location(*p.TZ); err != nil {
			f.Problems["tz"] = show.Sentence(err.Error())
		}
	}
	if p.Notify == nil {
		return
	}
	for _, text := range *p.Notify {
		id, _ := fsm.ParseChannelID(text)
		if _, err := s.store.Channel(id); err != nil {
			f.Problems["notify"] = "One of those that you chose was deleted meanwhile: look at what is chosen now."
		}
	}
}

// save commits what a form says, or says in the form why that cannot be.
func (s *Site) save(ctx *fasthttp.RequestCtx, cmd fsm.Command, p fsm.Patch, isNew bool, f *form.Form) error {
	cmd, err := s.back.Scheduled(cmd, p.Schedule, p.TZ, isNew)
	if err != nil {
		_, words := s.back.Explain(err)
		f.Problems[map[bool]string{true: "tz", false: "schedule"}[strings.HasPrefix(words, "tz")]] = show.Sentence(words)
		return err
	}
	_, err = s.back.Propose(ctx, cmd)
	switch {
	case errors.Is(err, fsm.ErrConflict):
		f.Problems[""] = changedMeanwhile
	case err != nil:
		_, words := s.back.Explain(err)
		f.Problems[""] = show.Sentence(words)
	}
	return err
}

// explainCircle says beside the field that a heartbeat would depend on itself, if it was refused for that.
func (s *Site) explainCircle(err error, id fsm.HeartbeatID, spec fsm.Spec, f *form.Form) {
	if !errors.Is(err, fsm.ErrInvalid) {
		return
	}
	if circle := s.store.CheckDependencies(id, spec); circle != nil {
		delete(f.Problems, "")
		f.Problems["depends_on"] = show.Sentence(strings.TrimPrefix(circle.Error(), "depends_on "))
	}
}

func (s *Site) editForm(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	h, err := s.find(args[0])
	if err != nil {
		return err
	}
	h.Spec.DependsOn = s.store.NameDependencies(h.Spec.DependsOn)
	f := form.OfHeartbeat(h.Spec, h.Version)
	f.Fill(ctx.QueryArgs())
	return s.showForm(ctx, in, args[0], f)
}

func (s *Site) edit(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	h, err := s.find(args[0])
	if err != nil {
		return err
	}
	f := form.ReadHeartbeat(ctx.PostArgs())
	if ctx.PostArgs().Has("preview") {
		return s.showForm(ctx, in, args[0], f)
	}
	f.Resolve = s.store.ResolveDependencies
	u := fsm.Update{ID: h.ID, IfVersion: f.Version, Patch: f.Patch()}
	f.CheckWhole(u.Patch.Apply(h.Spec))
	s.checkHere(&f, u.Patch)
	if len(f.Problems) > 0 {
		return s.showForm(ctx, in, args[0], f)
	}
	if err := s.save(ctx, u, u.Patch, false, &f); err != nil {
		s.explainCircle(err, h.ID, u.Patch.Apply(h.Spec), &f)
		f.Version = h.Version
		return s.showForm(ctx, in, args[0], f)
	}
	return see(ctx, Prefix+"heartbeats/"+args[0]+"?did=saved")
}
