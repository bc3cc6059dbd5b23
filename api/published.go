package api

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/incidents"
	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// statusPageJSON is a status page as admins see it.
type statusPageJSON struct {
	Slug       string              `json:"slug"`
	Title      string              `json:"title"`
	Tags       []string            `json:"tags"`
	Heartbeats []pageHeartbeatJSON `json:"heartbeats"`
	URL        string              `json:"url"`
	CreatedAt  *string             `json:"created_at"`
}

type pageHeartbeatJSON struct {
	ID    string `json:"id"`
	Alias string `json:"alias"` // what the page calls it; "": its name
}

// badgeJSON is a badge as admins see it.
type badgeJSON struct {
	ID          string  `json:"id"`
	HeartbeatID *string `json:"heartbeat_id"` // or a tag
	Heartbeat   *string `json:"heartbeat_name"`
	Tag         *string `json:"tag"`
	Label       string  `json:"label"`
	SVGURL      string  `json:"svg_url"`
	JSONURL     string  `json:"json_url"` // for shields.io
	CreatedAt   *string `json:"created_at"`
}

func (s *Server) pageToJSON(ctx *fasthttp.RequestCtx, p fsm.StatusPage) statusPageJSON {
	out := statusPageJSON{
		Slug: p.Slug, Title: p.Title, Tags: list(p.Tags), Heartbeats: []pageHeartbeatJSON{},
		URL: s.origin(ctx) + "/status/" + p.Slug, CreatedAt: request.Stamp(p.CreatedAt),
	}
	for _, h := range p.Heartbeats {
		out.Heartbeats = append(out.Heartbeats, pageHeartbeatJSON{h.ID.String(), h.Alias})
	}
	return out
}

func (s *Server) badgeToJSON(ctx *fasthttp.RequestCtx, b fsm.Badge) badgeJSON {
	url := s.origin(ctx) + "/badge/" + b.ID.String()
	out := badgeJSON{ID: b.ID.String(), Label: b.Label, SVGURL: url + ".svg", JSONURL: url + ".json", CreatedAt: request.Stamp(b.CreatedAt)}
	if b.Tag != "" {
		out.Tag = &b.Tag
		return out
	}
	out.HeartbeatID = new(b.Heartbeat.String())
	if h, err := s.store.Heartbeat(b.Heartbeat); err == nil {
		out.Heartbeat = &h.Spec.Name
	}
	return out
}

func (s *Server) listStatusPages(ctx *fasthttp.RequestCtx, _ []string) error {
	if err := s.fresh(ctx); err != nil {
		return err
	}
	out := struct {
		StatusPages []statusPageJSON `json:"status_pages"`
	}{[]statusPageJSON{}}
	for _, p := range s.store.StatusPages() {
		out.StatusPages = append(out.StatusPages, s.pageToJSON(ctx, p))
	}
	return reply(ctx, fasthttp.StatusOK, out)
}

func (s *Server) createStatusPage(ctx *fasthttp.RequestCtx, _ []string) error {
	var body struct {
		Title      string              `json:"title"`
		Slug       string              `json:"slug"`
		Tags       []string            `json:"tags"`
		Heartbeats []pageHeartbeatJSON `json:"heartbeats"`
	}
	if err := decode(ctx, &body); err != nil {
		return err
	}
	p := fsm.StatusPage{Slug: body.Slug, Title: body.Title, Tags: body.Tags}
	if p.Slug == "" {
		p.Slug = fsm.MakeSlug(p.Title)
	}
	for i, h := range body.Heartbeats {
		id, err := s.published(ctx, fmt.Sprintf("heartbeats[%d].id", i), h.ID)
		if err != nil {
			return err
		}
		p.Heartbeats = append(p.Heartbeats, fsm.PageHeartbeat{ID: id, Alias: h.Alias})
	}
	if err := p.Validate(); err != nil {
		return err
	}
	if _, err := s.propose(ctx, fsm.PutStatusPage{Page: p}); err != nil {
		return publishingError(err, fmt.Sprintf("there is a status page %q already: take it back first, or use another slug", p.Slug), fmt.Sprintf("there are %d status pages, and no more may be: take one back first", fsm.MaxStatusPages))
	}
	made := p
	if withTimeout(readLimit, s.cluster.ReadBarrier) == nil {
		made, _ = s.store.StatusPage(p.Slug)
	}
	if made.Slug == "" || made.CreatedAt.IsZero() { // taken back at once, or not here yet
		made = p
		made.CreatedAt = time.Now()
	}
	return reply(ctx, fasthttp.StatusCreated, s.pageToJSON(ctx, made))
}

// published reads the ID of a heartbeat that somebody wants to publish.
func (s *Server) published(ctx *fasthttp.RequestCtx, field, text string) (fsm.HeartbeatID, error) {
	id, err := fsm.ParseHeartbeatID(text)
	if err == nil {
		_, err = s.lookup(ctx, id)
	}
	if errors.Is(err, fsm.ErrNotFound) || err != nil && id == (fsm.HeartbeatID{}) {
		return id, badRequest(fmt.Sprintf("%s is %.60q; it must be the ID of a heartbeat, like hb_0123456789abcdef01234567", field, text))
	}
	return id, err
}

// publishingError puts the errors of the state in words that fit.
func publishingError(err error, exists, quota string) error {
	p := statusOf(err)
	switch {
	case errors.Is(err, fsm.ErrExists):
		p.Words = exists
	case errors.Is(err, fsm.ErrQuota):
		p.Words = quota
	case errors.Is(err, fsm.ErrNotFound):
		p.Words = "a heartbeat that it names was deleted"
	default:
		return err
	}
	return &p
}

func (s *Server) deleteStatusPage(ctx *fasthttp.RequestCtx, args []string) error {
	return s.commitNoContent(ctx, fsm.DeleteStatusPage{Slug: args[0]})
}

func (s *Server) listBadges(ctx *fasthttp.RequestCtx, _ []string) error {
	if err := s.fresh(ctx); err != nil {
		return err
	}
	out := struct {
		Badges []badgeJSON `json:"badges"`
	}{[]badgeJSON{}}
	for _, b := range s.store.Badges() {
		out.Badges = append(out.Badges, s.badgeToJSON(ctx, b))
	}
	return reply(ctx, fasthttp.StatusOK, out)
}

func (s *Server) createBadge(ctx *fasthttp.RequestCtx, _ []string) (err error) {
	var body struct {
		HeartbeatID string `json:"heartbeat_id"`
		Tag         string `json:"tag"`
		Label       string `json:"label"`
	}
	if err := decode(ctx, &body); err != nil {
		return err
	}
	b := fsm.Badge{Tag: body.Tag, Label: body.Label}
	if body.HeartbeatID != "" {
		if b.Heartbeat, err = s.published(ctx, "heartbeat_id", body.HeartbeatID); err != nil {
			return err
		}
	}
	rand.Read(b.ID[:])
	if err := b.Validate(); err != nil {
		return err
	}
	if _, err := s.propose(ctx, fsm.PutBadge{Badge: b}); err != nil {
		return publishingError(err, "it exists already", fmt.Sprintf("there are %d badges, and no more may be: take some back first", fsm.MaxBadges))
	}
	b.CreatedAt = time.Now()
	if withTimeout(readLimit, s.cluster.ReadBarrier) == nil {
		if made, found := s.store.Badge(b.ID); found {
			b = made
		}
	}
	return reply(ctx, fasthttp.StatusCreated, s.badgeToJSON(ctx, b))
}

func (s *Server) deleteBadge(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := fsm.ParseBadgeID(args[0])
	if err != nil {
		return errNotFound
	}
	return s.commitNoContent(ctx, fsm.DeleteBadge{ID: id})
}

// What follows is for anybody, and says of all that is not there the same.

// errOld is for pages that would say how things were when this node last heard of them.
var errOld = &request.Problem{Status: 503, Code: "no_leader", Words: "this node has heard from no leader for 10 s, so it does not know how things are now: ask another node", Retry: "1"}

// isPublic reports whether a path is of pages and badges for anybody, where browsers are
// answered with pages.
func isPublic(path []byte) bool {
	return bytes.HasPrefix(path, []byte("/status/")) || bytes.HasPrefix(path, []byte("/badge/")) || bytes.HasPrefix(path, []byte("/incident/"))
}

func (s *Server) statusPage(ctx *fasthttp.RequestCtx, args []string) error {
	if !s.hasRecentLeader() {
		return errOld
	}
	if !s.public.StatusPage(ctx, args[0]) {
		return errNotFound
	}
	return nil
}

func (s *Server) statusAsset(ctx *fasthttp.RequestCtx, args []string) error {
	s.site.Asset(ctx, args[0])
	return nil
}

func (s *Server) badge(ctx *fasthttp.RequestCtx, args []string) error {
	if !s.hasRecentLeader() {
		return errOld
	}
	if !s.public.Badge(ctx, args[0]) {
		return errNotFound
	}
	return nil
}

// Links reads the links in mails by which an incident is acknowledged without a key.
type Links interface {
	// Open returns the incident of a token; false if this cluster did not sign it, or its time
	// is over.
	Open(token string, now time.Time) (fsm.IncidentRef, bool)
}

var errNoLink = request.NewProblem(404, "not_found", "this link is not known, or it is too old: look at the dashboard")

// showIncidentLink shows the page of a link, which asks what is to be done. It changes nothing: mail
// scanners look at links.
func (s *Server) showIncidentLink(ctx *fasthttp.RequestCtx, args []string) error {
	ref, err := s.openLink(ctx, args[0])
	if err != nil {
		return err
	}
	return s.showIncidentPage(ctx, ref, "")
}

// openLink reads a link. Guesses are counted like those of tokens.
func (s *Server) openLink(ctx *fasthttp.RequestCtx, token string) (fsm.IncidentRef, error) {
	if s.cfg.Links != nil {
		if ref, ok := s.cfg.Links.Open(token, s.cfg.Now()); ok {
			return ref, nil
		}
	}
	if guesser, counts := s.guesser(ctx); counts {
		if err := s.limits.Guess(guesser, limits.UnknownToken); err != nil {
			return fsm.IncidentRef{}, err
		}
	}
	return fsm.IncidentRef{}, errNoLink
}

func (s *Server) showIncidentPage(ctx *fasthttp.RequestCtx, ref fsm.IncidentRef, done string) error {
	if err := withTimeout(readLimit, s.cluster.ReadBarrier); err != nil {
		return err
	}
	in, err := s.store.Incident(ref)
	if err != nil {
		return errNoLink // it is no longer kept
	}
	return s.public.IncidentPage(ctx, in, done)
}

// useIncidentLink does what a form of such a page says.
func (s *Server) useIncidentLink(ctx *fasthttp.RequestCtx, args []string) error {
	ref, err := s.openLink(ctx, args[0])
	if err != nil {
		return err
	}
	if err := s.limits.Link(ref); err != nil {
		return err
	}
	body, err := jsonBody(ctx)
	if err != nil {
		return err
	}
	ctx.Request.SetBodyRaw(body)
	cmd, done, err := linkCommand(ref, ctx.PostArgs())
	if err != nil {
		return err
	}
	switch _, err = s.propose(ctx, cmd); {
	case errors.Is(err, fsm.ErrRejected):
		done = "" // the page says that it is over
	case err != nil:
		return err
	}
	return s.showIncidentPage(ctx, ref, done)
}

// linkCommand returns what a form says, and what to say when that is done.
func linkCommand(ref fsm.IncidentRef, form *fasthttp.Args) (cmd fsm.Command, done string, err error) {
	by := cmp.Or(strings.TrimSpace(string(form.Peek("by"))), "a link in a mail")
	if string(form.Peek("do")) == "ack" {
		cmd, err = incidents.Ack{By: by}.Command(ref)
		return cmd, "Acknowledged.", err
	}
	secs, err := strconv.ParseInt(string(form.Peek("for_secs")), 10, 64)
	if err != nil || string(form.Peek("do")) != "snooze" {
		return nil, "", badRequest("this form says nothing: load the page again")
	}
	cmd, err = incidents.Snooze{ForSecs: &secs, By: by}.Command(ref)
	return cmd, "Snoozed.", err
}
