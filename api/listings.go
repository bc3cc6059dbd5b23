package api

import (
	"fmt"
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	maxList      = 1000
	maxPings     = 100
	defaultPings = 50
)

func (s *Server) listHeartbeats(ctx *fasthttp.RequestCtx, _ []string) error {
	f, err := heartbeatFilter(ctx)
	if err != nil {
		return err
	}
	if err := s.fresh(ctx); err != nil {
		return err
	}
	found, more := s.store.Heartbeats(f)
	out := struct {
		Heartbeats []heartbeatJSON `json:"heartbeats"`
		NextCursor string          `json:"next_cursor,omitempty"`
	}{Heartbeats: make([]heartbeatJSON, 0, len(found))}
	for _, h := range found {
		out.Heartbeats = append(out.Heartbeats, toJSON(ctx, h))
	}
	if more {
		out.NextCursor = makeCursor(strconv.FormatUint(found[len(found)-1].Ordinal, 10))
	}
	return reply(ctx, fasthttp.StatusOK, out)
}

func heartbeatFilter(ctx *fasthttp.RequestCtx) (f fsm.HeartbeatFilter, err error) {
	args := ctx.QueryArgs()
	f.Tag, f.Query, f.Status = string(args.Peek("tag")), string(args.Peek("q")), fsm.Status(args.Peek("status"))
	switch f.Status {
	case "", fsm.StatusActive, fsm.StatusPaused, fsm.StatusFailing:
	default:
		return f, badRequest(fmt.Sprintf("status is %.40q; it must be active, paused or failing", f.Status))
	}
	if f.Limit, err = limitArg(ctx, 0, maxList); err != nil {
		return f, err
	}
	f.Before, err = numberCursor(ctx)
	return f, err
}

type pingJSON struct {
	ID          string  `json:"id"`
	HeartbeatID string  `json:"heartbeat_id"`
	PingedAt    *string `json:"pinged_at"`
}

func (s *Server) listPings(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := heartbeatID(args)
	if err != nil {
		return err
	}
	limit, err := limitArg(ctx, defaultPings, maxPings)
	if err != nil {
		return err
	}
	before, err := numberCursor(ctx)
	if err != nil {
		return err
	}
	if _, err := s.lookup(ctx, id); err != nil {
		return err
	}
	found, more, err := s.store.Pings(id, limit, before)
	if err != nil {
		return err
	}
	out := struct {
		Pings      []pingJSON `json:"pings"`
		NextCursor string     `json:"next_cursor,omitempty"`
	}{Pings: make([]pingJSON, 0, len(found))}
	for _, p := range found {
		// A ping's ID derives from its heartbeat and its number.
		out.Pings = append(out.Pings, pingJSON{fmt.Sprintf("pg_%s_%d", args[0][len("hb_"):], p.Number), args[0], stamp(p.At)})
	}
	if more {
		out.NextCursor = makeCursor(strconv.FormatUint(found[len(found)-1].Number, 10))
	}
	return reply(ctx, fasthttp.StatusOK, out)
}
