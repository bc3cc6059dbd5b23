package web

import (
	"fmt"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// morning is what a form says for 8:00 of the next day, in the heartbeat's time zone.
const (
	morning     = "morning"
	morningHour = 8
)

// pause pauses a heartbeat until it is resumed, or as long as the form says.
func (s *Site) pause(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	return s.pauseAs(ctx, args[0], pauseForm(ctx))
}

func (s *Site) pauseAs(ctx *fasthttp.RequestCtx, id, length string) error {
	h, err := s.find(id)
	if err != nil {
		return err
	}
	cmd, err := s.pauseCommand(h, length, time.Now())
	if err != nil {
		return err
	}
	if _, err := s.back.Propose(ctx, cmd); err != nil {
		return err
	}
	return see(ctx, Prefix+"heartbeats/"+id+"?did="+didPause(length))
}

// pauseForm reads for how long a form wants a pause: what was typed, else what was chosen; "": until
// it is resumed.
func pauseForm(ctx *fasthttp.RequestCtx) string {
	args := ctx.PostArgs()
	if typed := trim(args.Peek("length")); len(typed) > 0 {
		return string(typed)
	}
	return string(trim(args.Peek("for")))
}

func didPause(length string) string {
	if length == "" {
		return "paused"
	}
	return "paused-for"
}

// pauseCommand makes a command of it.
func (s *Site) pauseCommand(h fsm.Heartbeat, length string, now time.Time) (fsm.Command, error) {
	switch length {
	case "":
		return fsm.Pause{ID: h.ID}, nil
	case morning:
		return fsm.TimedPause{ID: h.ID, Until: nextMorning(now.In(s.zoneOf(h.Spec))).UnixMilli()}, nil
	}
	secs, err := show.ReadDuration(length)
	if err != nil {
		return nil, fmt.Errorf("%w: the length of the pause: %w", fsm.ErrInvalid, err)
	}
	if secs < fsm.MinPause/1000 || secs > fsm.MaxPause/1000 {
		return nil, fmt.Errorf("%w: the length of the pause is %q; it must be 1s to 366d", fsm.ErrInvalid, length)
	}
	return fsm.TimedPause{ID: h.ID, For: secs * 1000}, nil
}

// nextMorning is 8:00 of the day after a time, in its zone.
func nextMorning(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d+1, morningHour, 0, 0, 0, t.Location())
}
