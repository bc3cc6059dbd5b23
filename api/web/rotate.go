package web

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// rotatePage asks how long the old ping URL of a heartbeat works beside a new one.
type rotatePage struct {
	frame
	ID fsm.HeartbeatID
}

func (s *Site) rotateForm(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	h, err := s.find(args[0])
	if err != nil {
		return err
	}
	return s.render(ctx, "rotate", rotatePage{s.frame(ctx, in, "A new ping URL for "+h.Spec.Name, "heartbeats"), h.ID})
}

func (s *Site) rotate(ctx *fasthttp.RequestCtx, _ *session, args []string) error {
	h, err := s.find(args[0])
	if err != nil {
		return err
	}
	length := string(ctx.PostArgs().Peek("overlap"))
	overlap, err := show.ReadDuration(length)
	if err != nil || overlap < 0 || overlap > fsm.MaxOverlap/1000 {
		return fmt.Errorf("%w: how long the old URL works is %.40q; it must be 0s to 366d", fsm.ErrInvalid, length)
	}
	_, err = s.back.Propose(ctx, fsm.RotateToken{ID: h.ID, Token: fsm.Token(uuid.New()), Overlap: overlap * 1000})
	if errors.Is(err, fsm.ErrQuota) {
		return errManyTokens
	}
	if err != nil {
		return err
	}
	did := "rotated"
	if overlap == 0 {
		did = "rotated-at-once"
	}
	return see(ctx, Prefix+"heartbeats/"+args[0]+"?did="+did)
}

var errManyTokens = request.NewProblem(402, "quota_exceeded", fmt.Sprintf("%d old URLs of this heartbeat work still, as many as may: wait until one ends, or choose that the old ones work no longer", fsm.MaxOldTokens))
