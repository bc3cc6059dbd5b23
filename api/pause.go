package api

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/api/windows"
	"github.com/quorumbeat/quorumbeat/fsm"
)

func (s *Server) pauseHeartbeat(ctx *fasthttp.RequestCtx, args []string) error {
	id, version, err := target(ctx, args)
	if err != nil {
		return err
	}
	body, err := decodePause(ctx)
	if err != nil {
		return err
	}
	cmd, err := body.command(id, version)
	if err != nil {
		return err
	}
	err = s.commit(ctx, fasthttp.StatusOK, cmd)
	if errors.Is(err, fsm.ErrInvalid) && body.Until != nil {
		return badRequest(fmt.Sprintf("until is %s; it must be after now, and within 366 days: by the cluster's clock it is %s", *body.Until, *request.Stamp(s.store.LastWall())))
	}
	return err
}

// pauseBody says when a pause ends by itself. Without any of its fields it does not.
type pauseBody struct {
	ForSecs *int64  `json:"for_secs"`
	Until   *string `json:"until"`
}

// decodePause reads the body of a pause. Nothing in it may be null: a script that could not
// compute the end would silence its job for ever.
func decodePause(ctx *fasthttp.RequestCtx) (b pauseBody, err error) {
	const forever = "leave it out for a pause that does not end by itself"
	err = decodeOptional(ctx, &b, map[string]string{"for_secs": forever, "until": forever})
	return b, err
}

// command makes a command of it. Whether a time has passed is for the leader's clock to say.
func (b pauseBody) command(id fsm.HeartbeatID, version uint64) (fsm.Command, error) {
	c := fsm.TimedPause{ID: id, IfVersion: version}
	switch {
	case b.ForSecs == nil && b.Until == nil:
		return fsm.Pause{ID: id, IfVersion: version}, nil
	case b.ForSecs != nil && b.Until != nil:
		return nil, badRequest("for_secs and until are both there; send one of them")
	case b.ForSecs != nil:
		if *b.ForSecs < fsm.MinPause/1000 || *b.ForSecs > fsm.MaxPause/1000 {
			return nil, badRequest(fmt.Sprintf("for_secs is %d; it must be %d to %d, which are 366 days", *b.ForSecs, fsm.MinPause/1000, fsm.MaxPause/1000))
		}
		c.For = *b.ForSecs * 1000
		return c, nil
	}
	until, err := time.Parse(time.RFC3339, *b.Until)
	if err != nil || until.UnixMilli() <= 0 {
		return nil, badRequest(fmt.Sprintf("until is %.40q; it must be a time like 2026-05-02T08:00:00Z (RFC 3339)", *b.Until))
	}
	c.Until = until.UnixMilli()
	return c, nil
}

func (s *Server) resumeHeartbeat(ctx *fasthttp.RequestCtx, args []string) error {
	id, version, err := target(ctx, args)
	if err != nil {
		return err
	}
	if err := noFields(ctx); err != nil {
		return err
	}
	return s.commit(ctx, fasthttp.StatusOK, fsm.Resume{ID: id, IfVersion: version})
}

// pauseOf reads the status that a PATCH asks for.
func pauseOf(status *string) (*bool, error) {
	if status == nil {
		return nil, nil
	}
	pause := *status == string(fsm.StatusPaused)
	if !pause && *status != string(fsm.StatusActive) {
		return nil, badRequest(fmt.Sprintf("status is %.40q; it may be set to paused or active", *status))
	}
	return &pause, nil
}

func (s *Server) listWindows(ctx *fasthttp.RequestCtx, _ []string) error {
	if err := s.fresh(ctx); err != nil {
		return err
	}
	return reply(ctx, fasthttp.StatusOK, map[string]any{"windows": windows.ListOf(s.store.Windows())})
}

// createWindow makes a maintenance window. Whether it is over is for the leader's clock to say.
func (s *Server) createWindow(ctx *fasthttp.RequestCtx, _ []string) error {
	var b windows.Body
	if err := decodeWithoutNulls(ctx, &b, map[string]string{"from": "leave it out for a window that begins now"}); err != nil {
		return err
	}
	now := s.cfg.Now()
	c, err := b.Command(s.cfg.Zones, now, s.rulesAt(now))
	if err != nil {
		return err
	}
	switch _, err := s.propose(ctx, c); {
	case errors.Is(err, fsm.ErrInvalid) && c.Spec.Once():
		return badRequest(fmt.Sprintf("to is %s; it must be after now, and within 366 days: by the cluster's clock it is %s", *b.To, *request.Stamp(s.store.LastWall())))
	case errors.Is(err, fsm.ErrQuota):
		return errManyWindows
	case err != nil:
		return err
	}
	if err := withTimeout(readLimit, s.cluster.ReadBarrier); err != nil {
		return errUnread
	}
	list := s.store.Windows()
	i := slices.IndexFunc(list, func(w fsm.Window) bool { return w.ID == c.ID })
	if i < 0 {
		return fsm.ErrNotFound // somebody has deleted it
	}
	out := windows.Of(list[i])
	out.Warnings = windows.Warnings(list[i].Spec, slices.Delete(slices.Clone(list), i, i+1), s.store.HasTag)
	return reply(ctx, fasthttp.StatusCreated, out)
}

func (s *Server) deleteWindow(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := fsm.ParseWindowID(args[0])
	if err != nil {
		return errNotFound
	}
	return s.commitNoContent(ctx, fsm.DeleteWindow{ID: id})
}

var errManyWindows = request.NewProblem(402, "quota_exceeded", fmt.Sprintf("there are %d maintenance windows, as many as may be: delete one", fsm.MaxWindows))
