package api

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/explain"
	"github.com/quorumbeat/quorumbeat/api/incidents"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// alertJSON is a row of the ledger as clients see it. A digest has no heartbeat
// and no incident of its own.
type alertJSON struct {
	ID            string   `json:"id"`
	IncidentID    *string  `json:"incident_id"`
	HeartbeatID   *string  `json:"heartbeat_id"`
	HeartbeatName *string  `json:"heartbeat_name"`
	System        bool     `json:"system"` // of the monitor itself
	Kind          string   `json:"kind"`
	Channel       string   `json:"channel"`
	Recipient     string   `json:"recipient"`
	ChannelID     *string  `json:"channel_id"`
	State         string   `json:"state"`
	Attempts      uint32   `json:"attempts"`
	InDoubt       bool     `json:"in_doubt"`
	MessageID     string   `json:"message_id"`
	DigestID      *string  `json:"digest_id"`
	Members       []string `json:"members,omitempty"`
	Error         string   `json:"error"`
	CreatedAt     *string  `json:"created_at"`
	SentAt        *string  `json:"sent_at"`
	NextAttemptAt *string  `json:"next_attempt_at"` // of a pending one that waits
	WaitsFor      *wait    `json:"waits_for"`

	Evidence *evidenceJSON `json:"evidence"`
}

// wait is what keeps an alert back though its time has come.
type wait struct {
	For  string `json:"for"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

func waitOf(a fsm.Alert) *wait {
	if a.WaitsFor.For == "" {
		return nil
	}
	return &wait{For: a.WaitsFor.For, ID: a.WaitsFor.ID, Name: a.WaitsFor.Name}
}

func alertToJSON(a fsm.Alert) alertJSON {
	out := alertJSON{
		ID: a.ID.String(), Kind: a.Kind.String(),
		State: a.State.String(), Attempts: a.Attempt, InDoubt: a.InDoubt, MessageID: a.MessageID,
		Error: a.Error, CreatedAt: request.Stamp(a.CreatedAt), SentAt: request.Stamp(a.SentAt), NextAttemptAt: request.Stamp(a.Waits),
		WaitsFor: waitOf(a), System: a.OfSystem(),
	}
	out.Channel, out.Recipient = channelAndRecipient(a)
	if id := a.Channel(); id != (fsm.ChannelID{}) {
		text := id.String()
		out.ChannelID = &text
	}
	if a.Kind != fsm.AlertDigest {
		incident, hb, name := a.IncidentID(), a.Heartbeat.String(), a.Evidence.Name
		out.IncidentID, out.HeartbeatID, out.HeartbeatName = &incident, &hb, &name
		out.Evidence = evidenceToJSON(a)
		if a.Kind == fsm.AlertCanary {
			out.IncidentID = nil // it is none
		}
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

// incidentJSON is an incident with the alerts that are kept. One that is shown alone has its story.
type incidentJSON struct {
	incidents.Incident
	Story  []incidents.Event `json:"story,omitempty"`
	Left   uint64            `json:"story_left_out,omitempty"`
	Alerts []alertJSON       `json:"alerts"`
}

func incidentToJSON(in fsm.Incident) incidentJSON {
	out := incidentJSON{Incident: incidents.Of(in), Alerts: make([]alertJSON, 0, len(in.Alerts))}
	for _, a := range in.Alerts {
		out.Alerts = append(out.Alerts, alertToJSON(a))
	}
	return out
}

// getIncident answers with one incident, and its story.
func (s *Server) getIncident(ctx *fasthttp.RequestCtx, args []string) error {
	ref, err := incidentRef(args)
	if err != nil {
		return err
	}
	if err := s.fresh(ctx); err != nil {
		return err
	}
	return s.replyIncident(ctx, ref)
}

func (s *Server) replyIncident(ctx *fasthttp.RequestCtx, ref fsm.IncidentRef) error {
	in, err := s.store.Incident(ref)
	if err != nil {
		return err
	}
	out := incidentToJSON(in)
	out.Story, out.Left = incidents.StoryOf(in), in.Left
	return reply(ctx, fasthttp.StatusOK, out)
}

// incidentRef reads the ID in a path; what is no ID is not found.
func incidentRef(args []string) (fsm.IncidentRef, error) {
	ref, err := fsm.ParseIncidentRef(args[0])
	if err != nil {
		return ref, errNotFound
	}
	return ref, nil
}

func (s *Server) ackIncident(ctx *fasthttp.RequestCtx, args []string) error {
	return actOnIncident[incidents.Ack](s, ctx, args)
}

func (s *Server) unackIncident(ctx *fasthttp.RequestCtx, args []string) error {
	return actOnIncident[incidents.Unack](s, ctx, args)
}

func (s *Server) snoozeIncident(ctx *fasthttp.RequestCtx, args []string) error {
	return actOnIncident[incidents.Snooze](s, ctx, args)
}

// actOnIncident does what a body says of an incident, and answers with it.
func actOnIncident[B interface {
	Command(ref fsm.IncidentRef) (fsm.Command, error)
}](s *Server, ctx *fasthttp.RequestCtx, args []string) error {
	ref, err := incidentRef(args)
	if err != nil {
		return err
	}
	var body B
	if request.HasBody(&ctx.Request.Header) {
		if err := decode(ctx, &body); err != nil {
			return err
		}
	}
	cmd, err := body.Command(ref)
	if err != nil {
		return err
	}
	if _, err := s.propose(ctx, cmd); err != nil {
		if errors.Is(err, fsm.ErrRejected) {
			return errIncidentOver
		}
		return err
	}
	if err := withTimeout(readLimit, s.cluster.ReadBarrier); err != nil {
		return errUnread
	}
	return s.replyIncident(ctx, ref)
}

func (s *Server) listIncidents(ctx *fasthttp.RequestCtx, _ []string) error {
	f, heartbeat, err := incidentFilter(ctx)
	if err != nil {
		return err
	}
	if err := s.fresh(ctx); err != nil {
		return err
	}
	var found []fsm.Incident
	more := false
	if heartbeat != nil { // it has few
		found = slices.DeleteFunc(s.store.IncidentsOf(*heartbeat), func(in fsm.Incident) bool { return f.Open && !in.Open })
	} else {
		found, more = s.store.Incidents(f)
	}
	out := struct {
		Incidents  []incidentJSON `json:"incidents"`
		NextCursor string         `json:"next_cursor,omitempty"`
	}{Incidents: make([]incidentJSON, 0, len(found))}
	for _, in := range found {
		out.Incidents = append(out.Incidents, incidentToJSON(in))
	}
	if more {
		out.NextCursor = makeCursor(found[len(found)-1].ID())
	}
	return reply(ctx, fasthttp.StatusOK, out)
}

// incidentFilter reads which incidents are asked for.
func incidentFilter(ctx *fasthttp.RequestCtx) (f fsm.IncidentFilter, heartbeat *fsm.HeartbeatID, err error) {
	state := string(ctx.QueryArgs().Peek("state"))
	if state != "" && state != "open" {
		return f, nil, badRequest(fmt.Sprintf("state is %.40q; it must be open, or left out for all", state))
	}
	f.Open = state == "open"
	if heartbeat, err = heartbeatArg(ctx); err != nil {
		return f, nil, err
	}
	if f.Limit, err = limitArg(ctx, 100, maxList); err != nil {
		return f, nil, err
	}
	cursor, err := cursorArg(ctx)
	if err != nil || cursor == "" {
		return f, heartbeat, err
	}
	ref, err := fsm.ParseIncidentRef(cursor)
	if err != nil {
		return f, nil, badCursor()
	}
	f.Before = &ref
	return f, heartbeat, nil
}

// heartbeatArg reads the heartbeat whose alerts or incidents are asked for; nil for those of all.
func heartbeatArg(ctx *fasthttp.RequestCtx) (*fsm.HeartbeatID, error) {
	raw := string(ctx.QueryArgs().Peek("heartbeat_id"))
	if raw == "" {
		return nil, nil
	}
	id, err := fsm.ParseHeartbeatID(raw)
	if err != nil {
		return nil, badRequest(fmt.Sprintf("heartbeat_id is %.60q; it must be like hb_0123456789abcdef01234567", raw))
	}
	return &id, nil
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
	if f.Heartbeat, err = heartbeatArg(ctx); err != nil {
		return f, err
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

// handleAlert returns a handler that has a person do something about an alert. wants says, for one that is
// refused, which alerts that is possible for.
func handleAlert(wants string, cmd func(id fsm.AlertID) fsm.Command) handler {
	return func(s *Server, ctx *fasthttp.RequestCtx, args []string) error {
		id, err := fsm.ParseAlertID(args[0])
		if err != nil {
			return errNotFound
		}
		if err := noFields(ctx); err != nil {
			return err
		}
		_, err = s.propose(ctx, cmd(id))
		switch {
		case errors.Is(err, fsm.ErrRejected):
			return request.NewProblem(fasthttp.StatusConflict, "invalid_state", "the alert is not in a state that allows this: "+wants)
		case errors.Is(err, fsm.ErrQuota):
			return request.NewProblem(fasthttp.StatusConflict, "too_many_held", fmt.Sprintf("%d alerts are held by hand, which is the most: send or cancel some", fsm.MaxOnHold))
		case err != nil:
			return err
		}
		if err := withTimeout(readLimit, s.cluster.ReadBarrier); err != nil {
			return errUnread
		}
		a, err := s.store.Alert(id)
		if err != nil {
			return err
		}
		return reply(ctx, fasthttp.StatusOK, alertToJSON(a))
	}
}

var (
	retryAlert   = handleAlert("it must be failed or held", func(id fsm.AlertID) fsm.Command { return fsm.RetryAlert{Alert: id} })
	deliverAlert = handleAlert("it must be pending; retry sends one that failed or is held", func(id fsm.AlertID) fsm.Command { return fsm.DeliverAlert{Alert: id} })
	holdAlert    = handleAlert("it must be pending, in no digest, and not in doubt", func(id fsm.AlertID) fsm.Command { return fsm.HoldAlert{Alert: id} })
	cancelAlert  = handleAlert("it must be pending or held by hand, in no digest, and not in doubt", func(id fsm.AlertID) fsm.Command { return fsm.CancelAlert{Alert: id} })
)

// warnings tell of what a heartbeat lacks.
func (s *Server) warnings(h fsm.Heartbeat) []string {
	if len(s.store.Targets(h.Spec)) == 0 {
		return []string{"nobody is told when it fails: it names no email, no channel is chosen for it, and the cluster has no --mail-to"}
	}
	return nil
}

// explainHeartbeat answers who is told of a heartbeat, and why not.
func (s *Server) explainHeartbeat(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := fsm.ParseHeartbeatID(args[0])
	if err != nil {
		return errNotFound
	}
	if err := s.fresh(ctx); err != nil {
		return err
	}
	x, err := s.store.Explain(id)
	if err != nil {
		return err
	}
	return reply(ctx, fasthttp.StatusOK, explain.Of(x, s.mailServer().Error))
}

// channelAndRecipient say by what an alert goes out, and to whom.
func channelAndRecipient(a fsm.Alert) (channel, recipient string) {
	if _, is := fsm.ChannelOf(a.Recipient); !is {
		return fsm.KindEmail, a.Address()
	}
	if a.ChannelKind == "" {
		return "deleted", a.Recipient
	}
	return a.ChannelKind, a.ChannelName
}

// testMail sends a test mail from this node. It is no command, so the caller's key is
// looked at right before.
func (s *Server) testMail(ctx *fasthttp.RequestCtx, _ []string) error {
	if err := s.barrier(ctx); err != nil {
		return err
	}
	var in struct {
		To string `json:"to"`
	}
	if request.HasBody(&ctx.Request.Header) {
		if err := decodeWithoutNulls(ctx, &in, map[string]string{"to": "leave it out to ask every address of --mail-to"}); err != nil {
			return err
		}
	}
	if in.To != "" {
		if err := fsm.ValidateEmail(in.To); err != nil {
			return err
		}
	}
	if err := s.limits.TestMail(); err != nil {
		return err
	}
	var results []MailTest
	if s.cfg.Mail != nil {
		results = s.cfg.Mail.Test(context.Background(), in.To)
	}
	if results == nil {
		return badRequest("there is nobody to send a test mail to: give an address as to, or set --mail-to")
	}
	return reply(ctx, fasthttp.StatusOK, map[string]any{"results": results})
}
