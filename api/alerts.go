package api

import (
	"fmt"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// alertJSON is a row of the ledger as clients see it. A digest has no heartbeat
// and no incident of its own.
type alertJSON struct {
	ID            string   `json:"id"`
	IncidentID    *string  `json:"incident_id"`
	HeartbeatID   *string  `json:"heartbeat_id"`
	HeartbeatName *string  `json:"heartbeat_name"`
	Kind          string   `json:"kind"`
	Channel       string   `json:"channel"`
	Recipient     string   `json:"recipient"`
	State         string   `json:"state"`
	Attempts      uint32   `json:"attempts"`
	InDoubt       bool     `json:"in_doubt"`
	MessageID     string   `json:"message_id"`
	DigestID      *string  `json:"digest_id"`
	Members       []string `json:"members,omitempty"`
	Error         string   `json:"error"`
	CreatedAt     *string  `json:"created_at"`
	SentAt        *string  `json:"sent_at"`

	Evidence *evidenceJSON `json:"evidence"`
}

func alertToJSON(a fsm.Alert) alertJSON {
	out := alertJSON{
		ID: a.ID.String(), Kind: a.Kind.String(), Channel: "email", Recipient: a.Recipient,
		State: a.State.String(), Attempts: a.Attempt, InDoubt: a.InDoubt, MessageID: a.MessageID,
		Error: a.Error, CreatedAt: stamp(a.CreatedAt), SentAt: stamp(a.SentAt),
	}
	if a.Kind != fsm.AlertDigest {
		incident, hb, name := a.IncidentID(), a.Heartbeat.String(), a.Evidence.Name
		out.IncidentID, out.HeartbeatID, out.HeartbeatName = &incident, &hb, &name
		out.Evidence = evidenceToJSON(a)
	}
	if a.Digest != (fsm.AlertID{}) {
		digest := a.Digest.String()
		out.DigestID = &digest
	}
	for _, m := range a.Members {
		out.Members = append(out.Members, m.String())
	}
	return out
}

func (s *Server) listAlerts(ctx *fasthttp.RequestCtx, _ []string) error {
	f, err := alertFilter(ctx)
	if err != nil {
		return err
	}
	if err := s.fresh(ctx); err != nil {
		return err
	}
	found, more := s.store.Alerts(f)
	out := struct {
		Alerts     []alertJSON `json:"alerts"`
		NextCursor string      `json:"next_cursor,omitempty"`
	}{Alerts: make([]alertJSON, 0, len(found))}
	for _, a := range found {
		out.Alerts = append(out.Alerts, alertToJSON(a))
	}
	if more {
		out.NextCursor = makeCursor(found[len(found)-1].ID.String())
	}
	return reply(ctx, fasthttp.StatusOK, out)
}

func alertFilter(ctx *fasthttp.RequestCtx) (f fsm.AlertFilter, err error) {
	args := ctx.QueryArgs()
	if raw := string(args.Peek("state")); raw != "" {
		state, ok := fsm.ParseAlertState(raw)
		if !ok {
			return f, badRequest(fmt.Sprintf("state is %.40q; it must be pending, claimed, fenced, sent, failed, held or cancelled", raw))
		}
		f.State = state
	}
	if raw := string(args.Peek("heartbeat_id")); raw != "" {
		id, err := fsm.ParseHeartbeatID(raw)
		if err != nil {
			return f, badRequest(fmt.Sprintf("heartbeat_id is %.60q; it must be like hb_0123456789abcdef01234567", raw))
		}
		f.Heartbeat = &id
	}
	if f.Limit, err = limitArg(ctx, 100, maxList); err != nil {
		return f, err
	}
	cursor, err := cursorArg(ctx)
	if err != nil || cursor == "" {
		return f, err
	}
	id, err := fsm.ParseAlertID(cursor)
	if err != nil {
		return f, badCursor()
	}
	f.Before = &id
	return f, nil
}

func (s *Server) retryAlert(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := fsm.ParseAlertID(args[0])
	if err != nil {
		return errNotFound
	}
	if _, err := s.propose(ctx, fsm.RetryAlert{Alert: id}); err != nil {
		return err
	}
	if err := limited(readLimit, s.cluster.ReadBarrier); err != nil {
		return errUnread
	}
	a, err := s.store.Alert(id)
	if err != nil {
		return err
	}
	return reply(ctx, fasthttp.StatusOK, alertToJSON(a))
}
