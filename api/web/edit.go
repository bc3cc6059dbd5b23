package web

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// form is a heartbeat as it was typed in, so that nothing is lost by a mistake.
type form struct {
	Name, Slug, Every, Grace, Threshold, Tags, Emails string
	FirstPing, OnlyPost                               bool
	Problems                                          map[string]string // by field
}

type editPage struct {
	frame
	Form   form
	ID     string // "": a new one
	Limits limits
}

// limits are what the fields may hold.
type limits struct{ Name, Slug, Tags, Tag, Emails, Threshold int }

var fieldLimits = limits{fsm.MaxNameLen, fsm.MaxSlugLen, fsm.MaxTags, fsm.MaxTagLen, fsm.MaxEmails, fsm.MaxThreshold}

// fieldView is a field as it is shown.
type fieldView struct{ Name, Label, Value, Words, Problem string }

func fieldOf(p editPage, name, label, value, words string) fieldView {
	return fieldView{name, label, value, words, p.Form.Problems[name]}
}

func formOf(spec fsm.Spec) form {
	return form{
		Name: spec.Name, Slug: spec.Slug, Every: show.WriteDuration(spec.Interval), Grace: show.WriteDuration(spec.Grace),
		Threshold: strconv.Itoa(spec.Threshold), Tags: strings.Join(spec.Tags, ", "), Emails: strings.Join(spec.Emails, ", "),
		FirstPing: spec.Arm == fsm.ArmFirstPing, OnlyPost: len(spec.Methods) > 0,
	}
}

func typedForm(args *fasthttp.Args) form {
	text := func(name string) string { return strings.TrimSpace(string(args.Peek(name))) }
	return form{
		Name: text("name"), Slug: text("slug"), Every: text("every"), Grace: text("grace"), Threshold: text("threshold"),
		Tags: text("tags"), Emails: text("emails"), FirstPing: args.Has("first_ping"), OnlyPost: args.Has("only_post"),
		Problems: map[string]string{},
	}
}

// spec reads what was typed; Problems says what is wrong with it.
func (f *form) spec() fsm.Spec {
	spec := fsm.Spec{Name: f.Name, Slug: f.Slug, Arm: fsm.ArmCreated, Tags: split(f.Tags), Emails: split(f.Emails)}
	if f.FirstPing {
		spec.Arm = fsm.ArmFirstPing
	}
	if f.OnlyPost {
		spec.Methods = []string{"POST"}
	}
	if spec.Slug == "" {
		spec.Slug = fsm.MakeSlug(spec.Name)
	}
	var err error
	if spec.Interval, err = show.ReadDuration(f.Every); err != nil {
		f.Problems["every"] = err.Error()
	}
	if spec.Grace, err = show.ReadDuration(f.Grace); err != nil {
		f.Problems["grace"] = err.Error()
	}
	if spec.Threshold, err = strconv.Atoi(f.Threshold); err != nil {
		f.Problems["threshold"] = fmt.Sprintf("%q is no number: use 1 to %d", f.Threshold, fsm.MaxThreshold)
	}
	if len(f.Problems) == 0 {
		f.blame(spec.Validate())
	}
	return spec
}

// blame puts an error beside the field that it is about: its words begin with the field.
func (f *form) blame(err error) {
	if err == nil {
		return
	}
	words := err.Error()
	if _, after, ok := strings.Cut(words, ": "); ok && strings.HasPrefix(words, "invalid") {
		words = after
	}
	for _, field := range [][2]string{{"name", "name"}, {"slug", "slug"}, {"interval", "every"}, {"grace", "grace"}, {"miss", "threshold"}, {"tag", "tags"}, {"email", "emails"}} {
		if strings.HasPrefix(words, field[0]) {
			f.Problems[field[1]] = show.Sentence(words)
			return
		}
	}
	f.Problems["name"] = show.Sentence(words)
}

func split(list string) (out []string) {
	for one := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == '\n' }) {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}

func (s *Site) showForm(ctx *fasthttp.RequestCtx, in *session, id string, f form) error {
	title := "New heartbeat"
	if id != "" {
		title = "Edit " + f.Name
	}
	if len(f.Problems) > 0 {
		ctx.SetStatusCode(fasthttp.StatusUnprocessableEntity)
	}
	return s.render(ctx, "edit", editPage{frame: s.frame(ctx, in, title, "heartbeats"), Form: f, ID: id, Limits: fieldLimits})
}

func (s *Site) newForm(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	f := formOf(fsm.Spec{Interval: fsm.DefaultInterval, Grace: fsm.DefaultGrace, Threshold: fsm.DefaultThreshold})
	f.Name = string(ctx.QueryArgs().Peek("name"))
	return s.showForm(ctx, in, "", f)
}

func (s *Site) create(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	f := typedForm(ctx.PostArgs())
	c := fsm.Create{Token: fsm.Token(uuid.New()), Spec: f.spec()}
	if len(f.Problems) > 0 {
		return s.showForm(ctx, in, "", f)
	}
	rand.Read(c.ID[:])
	if _, err := s.back.Propose(ctx, c); err != nil {
		_, words := s.back.Explain(err)
		f.Problems["name"] = show.Sentence(words)
		return s.showForm(ctx, in, "", f)
	}
	return see(ctx, Prefix+"heartbeats/"+c.ID.String()+"?did=made")
}

func (s *Site) editForm(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	h, err := s.find(args[0])
	if err != nil {
		return err
	}
	return s.showForm(ctx, in, args[0], formOf(h.Spec))
}

func (s *Site) edit(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	h, err := s.find(args[0])
	if err != nil {
		return err
	}
	f := typedForm(ctx.PostArgs())
	spec := f.spec()
	if len(f.Problems) > 0 {
		return s.showForm(ctx, in, args[0], f)
	}
	patch := fsm.Patch{
		Name: &spec.Name, Slug: &spec.Slug, Interval: &spec.Interval, Grace: &spec.Grace, Threshold: &spec.Threshold,
		Arm: &spec.Arm, Tags: &spec.Tags, Emails: &spec.Emails, Methods: &spec.Methods,
	}
	if _, err := s.back.Propose(ctx, fsm.Update{ID: h.ID, Patch: patch}); err != nil {
		_, words := s.back.Explain(err)
		f.Problems["name"] = show.Sentence(words)
		return s.showForm(ctx, in, args[0], f)
	}
	return see(ctx, Prefix+"heartbeats/"+args[0]+"?did=saved")
}
