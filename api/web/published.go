package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/form"
	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// publishedPage lists what anybody may see, and has forms to publish more.
type publishedPage struct {
	frame
	StatusPages []fsm.StatusPage
	Badges      []publishedBadge
	Page, Badge form.Form // of new ones, as they were typed in
}

// PageFields are those of a new status page, with what was typed.
func (p publishedPage) PageFields() []form.Control { return form.StatusPage.With(p.Page) }

// BadgeFields are those of a new badge.
func (p publishedPage) BadgeFields() []form.Control { return form.Badge.With(p.Badge) }

// publishedBadge is a badge, and what it is of.
type publishedBadge struct {
	fsm.Badge
	Of string
}

func (s *Site) publishedPage(ctx *fasthttp.RequestCtx, in *session) publishedPage {
	return publishedPage{frame: s.frame(ctx, in, "Published", "published"), StatusPages: s.store.StatusPages(), Badges: s.publishedBadges()}
}

func (s *Site) publishedBadges() (list []publishedBadge) {
	for _, b := range s.store.Badges() {
		of := "tag " + b.Tag
		if b.Tag == "" {
			h, err := s.store.Heartbeat(b.Heartbeat)
			if of = h.Spec.Name; err != nil {
				of = "a heartbeat that was deleted"
			}
		}
		list = append(list, publishedBadge{b, of})
	}
	return list
}

func (s *Site) published(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	return s.render(ctx, "published", s.publishedPage(ctx, in))
}

// publishPage publishes a status page. Its heartbeats are typed in one a line, by slug, with
// an alias behind an equals sign.
func (s *Site) publishPage(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	f := form.StatusPage.Read(ctx.PostArgs())
	p := fsm.StatusPage{Title: f.Typed["title"], Slug: f.Typed["slug"], Tags: form.Split(f.Typed["tags"])}
	if p.Slug == "" {
		p.Slug = fsm.MakeSlug(p.Title)
	}
	if err := s.nameHeartbeats(&p, f.Typed["heartbeats"]); err != nil {
		f.Problems["heartbeats"] = show.Sentence(err.Error())
	}
	f.CheckPage(p)
	if len(f.Problems) == 0 {
		_, err := s.back.Propose(ctx, fsm.PutStatusPage{Page: p})
		if err == nil {
			return see(ctx, Prefix+"published?did=published")
		}
		s.refused(err, &f, "slug", "Another page has this address: take it back first, or give this one another.")
	}
	page := s.publishedPage(ctx, in)
	page.Page = f
	return s.renderProblem(ctx, page)
}

// refused says in a form why the state did not take what it says; exists is for what is there
// already, beside the field.
func (s *Site) refused(err error, f *form.Form, field, exists string) {
	if f.Problems[field] = exists; !errors.Is(err, fsm.ErrExists) {
		_, words := s.back.Explain(err)
		f.Problems[field] = show.Sentence(words)
	}
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

// bySlug finds the one heartbeat of a slug.
func (s *Site) bySlug(slug string) (fsm.Heartbeat, error) {
	ordinal, n := s.store.Slug(slug)
	switch n {
	case 0:
		return fsm.Heartbeat{}, fmt.Errorf("no heartbeat has the slug %.100q", slug)
	case 1:
		return s.store.HeartbeatAt(ordinal)
	}
	return fsm.Heartbeat{}, fmt.Errorf("%d heartbeats have the slug %.100q: give that of one alone", n, slug)
}

func (s *Site) publishBadge(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	f := form.Badge.Read(ctx.PostArgs())
	b := fsm.Badge{Tag: f.Typed["tag"], Label: f.Typed["label"]}
	rand.Read(b.ID[:])
	if slug := f.Typed["heartbeat"]; slug != "" {
		h, err := s.bySlug(slug)
		if b.Heartbeat = h.ID; err != nil {
			f.Problems["heartbeat"] = show.Sentence(err.Error())
		}
	}
	f.CheckBadge(b)
	if len(f.Problems) == 0 {
		_, err := s.back.Propose(ctx, fsm.PutBadge{Badge: b})
		if err == nil {
			return see(ctx, Prefix+"published?did=published")
		}
		s.refused(err, &f, "heartbeat", "It exists already.")
	}
	page := s.publishedPage(ctx, in)
	page.Badge = f
	return s.renderProblem(ctx, page)
}

// confirmUnpublishPage asks before a page is taken back.
func (s *Site) confirmUnpublishPage(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	p, found := s.store.StatusPage(args[0])
	if !found {
		return errNoPage
	}
	return s.render(ctx, "sure", surePage{
		frame:  s.frame(ctx, in, "Take "+p.Title+" back?", "published"),
		Words:  "Nobody sees it any more, at once: its address answers that there is no such page. Who linked to it has a dead link.",
		Action: Prefix + "published/pages/" + p.Slug + "/revoke", Do: "Take it back", Back: Prefix + "published",
	})
}

func (s *Site) confirmUnpublishBadge(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	for _, b := range s.publishedBadges() {
		if b.ID.String() == args[0] {
			return s.render(ctx, "sure", surePage{
				frame:  s.frame(ctx, in, "Take the badge of "+b.Of+" back?", "published"),
				Words:  "Nobody sees it any more, at once. A new badge of the same has another address: whoever shows this one has to change it.",
				Action: Prefix + "published/badges/" + args[0] + "/revoke", Do: "Take it back", Back: Prefix + "published",
			})
		}
	}
	return errNoPage
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

func (s *Site) renderProblem(ctx *fasthttp.RequestCtx, p publishedPage) error {
	ctx.SetStatusCode(fasthttp.StatusUnprocessableEntity)
	p.Title = "Not published: " + p.Title
	return s.render(ctx, "published", p)
}
