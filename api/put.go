package api

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// bySlugPart stands in paths where the ID of a heartbeat would.
const bySlugPart = "by-slug"

// putHeartbeat makes the heartbeat of a slug, or gives it the fields that are sent and
// leaves the others as they are.
func (s *Server) putHeartbeat(ctx *fasthttp.RequestCtx, args []string) error {
	version, err := ifMatch(ctx)
	if err != nil {
		return err
	}
	var f fields
	if err := decode(ctx, &f); err != nil {
		return err
	}
	c, err := f.put(args[0])
	if err != nil {
		return err
	}
	c.IfVersion, c.Token = version, fsm.Token(uuid.New())
	rand.Read(c.ID[:])
	res, err := s.propose(ctx, c)
	if errors.Is(err, fsm.ErrAmbiguous) {
		return &httpError{problem{409, "ambiguous_slug", fmt.Sprintf("several heartbeats have the slug %q: change the slug of all but one, or use their IDs", args[0]), ""}}
	}
	if err != nil {
		return err
	}
	h, err := fsm.DecodeHeartbeat(res.Data)
	if err != nil {
		return err
	}
	status := fasthttp.StatusOK
	if h.ID == c.ID {
		status = fasthttp.StatusCreated
	}
	return s.replyHeartbeat(ctx, status, h)
}

// put makes a command of the fields that were sent for a slug. A new heartbeat is named
// like its slug unless a name was sent.
func (f fields) put(slug string) (c fsm.PutHeartbeat, err error) {
	if f.Slug != nil && *f.Slug != slug {
		return c, badRequest(fmt.Sprintf("slug is %.100q in the body and %.100q in the path; leave it out of the body", *f.Slug, slug))
	}
	f.Slug = nil
	c.Patch = f.patch()
	f.Slug = &slug
	if f.Name == nil {
		f.Name = &slug
	}
	c.Spec = f.spec()
	return c, c.Spec.Validate()
}
