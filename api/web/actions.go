package web

import (
	"errors"
	"html/template"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/roster"
	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// change returns a page that commits one command about a heartbeat, and shows the
// heartbeat again.
func change(did string, cmd func(fsm.Heartbeat) fsm.Command) page {
	return func(s *Site, ctx *fasthttp.RequestCtx, _ *session, args []string) error {
		h, err := s.find(args[0])
		if err != nil {
			return err
		}
		if _, err := s.back.Propose(ctx, cmd(h)); err != nil {
			return err
		}
		return see(ctx, Prefix+"heartbeats/"+args[0]+"?did="+did)
	}
}

func (s *Site) resume(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	return change("resumed", func(h fsm.Heartbeat) fsm.Command { return fsm.Resume{ID: h.ID} })(s, ctx, in, args)
}

func (s *Site) ping(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	return change("pinged", func(h fsm.Heartbeat) fsm.Command { return fsm.Ping{Ordinal: h.Ordinal} })(s, ctx, in, args)
}

func (s *Site) delete(ctx *fasthttp.RequestCtx, _ *session, args []string) error {
	h, err := s.find(args[0])
	if err != nil {
		return err
	}
	if _, err := s.back.Propose(ctx, fsm.Delete{ID: h.ID}); err != nil {
		return err
	}
	return see(ctx, Prefix+"?did=deleted")
}

// confirmPage names what would be deleted.
type confirmPage struct {
	frame
	Doomed []fsm.Heartbeat
	Action string // where the form goes
}

func (s *Site) confirmDelete(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	h, err := s.find(args[0])
	if err != nil {
		return err
	}
	return s.render(ctx, "confirm", confirmPage{s.frame(ctx, in, "Delete "+h.Spec.Name+"?", "heartbeats"), []fsm.Heartbeat{h}, Prefix + "heartbeats/" + args[0] + "/delete"})
}

// bulk does one thing to all that were selected.
func (s *Site) bulk(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	args := ctx.PostArgs()
	var chosen []fsm.Heartbeat
	for _, raw := range args.PeekMulti("id") {
		if h, err := s.find(string(raw)); err == nil { // else it is gone
			chosen = append(chosen, h)
		}
	}
	if len(chosen) == 0 {
		return errNothing
	}
	do := string(args.Peek("do"))
	if do == "delete" && !args.Has("sure") {
		return s.render(ctx, "confirm", confirmPage{
			s.frame(ctx, in, "Delete "+show.Plural(len(chosen), "heartbeat", "heartbeats")+"?", "heartbeats"), chosen, Prefix + "bulk",
		})
	}
	tag, length := string(trim(args.Peek("tag"))), pauseForm(ctx)
	for _, h := range chosen {
		cmd, err := s.bulkCommand(do, tag, length, h)
		if err != nil {
			return err
		}
		if cmd == nil {
			continue
		}
		if _, err := s.back.Propose(ctx, cmd); err != nil && !errors.Is(err, fsm.ErrNotFound) {
			return err
		}
	}
	back := string(args.Peek("back"))
	c := roster.Choice{Sort: "state"}
	if query := new(fasthttp.Args); len(back) > 1 {
		query.Parse(back[1:])
		c = roster.ChoiceOf(query)
	}
	did := bulkDid[do]
	if do == "pause" {
		did = didPause(length)
	}
	return see(ctx, withNotice(c.Address(), did))
}

var bulkDid = map[string]string{"resume": "resumed", "tag": "tagged", "delete": "deleted"}

func (s *Site) bulkCommand(do, tag, length string, h fsm.Heartbeat) (fsm.Command, error) {
	switch do {
	case "pause":
		return s.pauseCommand(h, length, time.Now())
	case "resume":
		return fsm.Resume{ID: h.ID}, nil
	case "delete":
		return fsm.Delete{ID: h.ID}, nil
	case "tag":
		if slices.Contains(h.Spec.Tags, tag) {
			return nil, nil
		}
		tags := append(slices.Clone(h.Spec.Tags), tag)
		u := fsm.Update{ID: h.ID, Patch: fsm.Patch{Tags: &tags}}
		return u, u.Patch.Validate()
	}
	return nil, errNoPage
}

func withNotice(address, did string) string {
	if slices.Contains([]byte(address), '?') {
		return address + "&did=" + did
	}
	return address + "?did=" + did
}

// surePage asks before one thing is done that cannot be undone.
type surePage struct {
	frame
	Words  template.HTML // what comes of it
	Action string        // where the form goes
	Do     string        // its button
	Back   string        // the page to go back to
}
