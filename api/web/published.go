package web

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// publishedPage lists what anybody may see, and has forms to publish more.
type publishedPage struct {
	frame
	StatusPages []fsm.StatusPage
	Badges      []publishedBadge

	// What was typed in, with what is wrong with it.
	Title, Slug, Tags, Named, PageProblem string
	Heartbeat, Tag, Label, BadgeProblem   string
}

// publishedBadge is a badge, and what it is of.
type publishedBadge struct {
	fsm.Badge
	Of string
}

func (s *Site) publishedPage(ctx *fasthttp.RequestCtx, in *session) publishedPage {
	p := publishedPage{frame: s.frame(ctx, in, "Published", "published"), StatusPages: s.store.StatusPages()}
	for _, b := range s.store.Badges() {
		of := "tag " + b.Tag
		if b.Tag == "" {
			h, err := s.store.Heartbeat(b.Heartbeat)
			if of = h.Spec.Name; err != nil {
				of = "a heartbeat that was deleted"
			}
		}
		p.Badges = append(p.Badges, publishedBadge{b, of})
	}
	return p
}

func (s *Site) published(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	return s.render(ctx, "published", s.publishedPage(ctx, in))
}

// publishPage publishes a status page. Its heartbeats are typed in one a line, by slug, with
// an alias behind an equals sign.
func (s *Site) publishPage(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	text := fieldsOf(ctx)
	p := fsm.StatusPage{Title: text("title"), Slug: text("slug"), Tags: split(text("tags"))}
	if p.Slug == "" {
		p.Slug = fsm.MakeSlug(p.Title)
	}
	err := s.nameHeartbeats(&p, text("heartbeats"))
	if err == nil {
		err = p.Validate()
	}
	if err == nil {
		_, err = s.back.Propose(ctx, fsm.PutStatusPage{Page: p})
	}
	if err == nil {
		return see(ctx, Prefix+"published?did=published")
	}
	page := s.publishedPage(ctx, in)
	page.Title, page.Slug, page.Tags, page.Named = text("title"), text("slug"), text("tags"), text("heartbeats")
	page.PageProblem = s.problemOf(err)
	return s.renderProblem(ctx, page)
}

func (s *Site) nameHeartbeats(p *fsm.StatusPage, lines string) error {
	for line := range strings.Lines(lines) {
		slug, alias, _ := strings.Cut(strings.TrimSpace(line), "=")
		if slug = strings.TrimSpace(slug); slug == "" {
			continue
		}
		h, err := s.bySlug(slug)
		if err != nil {
			return err
		}
		p.Heartbeats = append(p.Heartbeats, fsm.PageHeartbeat{ID: h.ID, Alias: strings.TrimSpace(alias)})
	}
	return nil
}

// unpublishedError says what cannot be published.
type unpublishedError string

func (e unpublishedError) Error() string { return string(e) }

// bySlug finds the one heartbeat of a slug.
func (s *Site) bySlug(slug string) (fsm.Heartbeat, error) {
	ordinal, n := s.store.Slug(slug)
	if n != 1 {
		return fsm.Heartbeat{}, unpublishedError(fmt.Sprintf("%d heartbeats have the slug %.100q; one must", n, slug))
	}
	return s.store.HeartbeatAt(ordinal)
}

func (s *Site) publishBadge(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	text := fieldsOf(ctx)
	b := fsm.Badge{Tag: text("tag"), Label: text("label")}
	rand.Read(b.ID[:])
	var err error
	if slug := text("heartbeat"); slug != "" {
		var h fsm.Heartbeat
		h, err = s.bySlug(slug)
		b.Heartbeat = h.ID
	}
	if err == nil {
		err = b.Validate()
	}
	if err == nil {
		_, err = s.back.Propose(ctx, fsm.PutBadge{Badge: b})
	}
	if err == nil {
		return see(ctx, Prefix+"published?did=published")
	}
	page := s.publishedPage(ctx, in)
	page.Heartbeat, page.Tag, page.Label, page.BadgeProblem = text("heartbeat"), text("tag"), text("label"), s.problemOf(err)
	return s.renderProblem(ctx, page)
}

func (s *Site) unpublishPage(ctx *fasthttp.RequestCtx, _ *session, args []string) error {
	return s.takeBack(ctx, fsm.DeleteStatusPage{Slug: args[0]})
}

func (s *Site) unpublishBadge(ctx *fasthttp.RequestCtx, _ *session, args []string) error {
	id, err := fsm.ParseBadgeID(args[0])
	if err != nil {
		return errNoPage
	}
	return s.takeBack(ctx, fsm.DeleteBadge{ID: id})
}

func (s *Site) takeBack(ctx *fasthttp.RequestCtx, cmd fsm.Command) error {
	if _, err := s.back.Propose(ctx, cmd); err != nil {
		return err
	}
	return see(ctx, Prefix+"published?did=unpublished")
}

// fieldsOf returns what stands in a field of a form.
func fieldsOf(ctx *fasthttp.RequestCtx) func(name string) string {
	return func(name string) string { return string(trim(ctx.PostArgs().Peek(name))) }
}

func (s *Site) problemOf(err error) string {
	if own, ok := err.(unpublishedError); ok {
		return show.Sentence(own.Error())
	}
	_, words := s.back.Explain(err)
	return show.Sentence(words)
}

func (s *Site) renderProblem(ctx *fasthttp.RequestCtx, p publishedPage) error {
	ctx.SetStatusCode(fasthttp.StatusUnprocessableEntity)
	return s.render(ctx, "published", p)
}
