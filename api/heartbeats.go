package api

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/api/writable"
	"github.com/quorumbeat/quorumbeat/fsm"
)

func (s *Server) createHeartbeat(ctx *fasthttp.RequestCtx, _ []string) error {
	var f writable.Fields
	if err := decode(ctx, &f); err != nil {
		return err
	}
	if f.Name == nil {
		return badRequest(fmt.Sprintf("name is missing; it must have 1 to %d characters", fsm.MaxNameLen))
	}
	if err := s.check(&f); err != nil {
		return err
	}
	c := fsm.Create{Token: fsm.Token(uuid.New()), Spec: f.Spec()}
	if err := cmp.Or(c.Spec.Validate(), c.Spec.CheckRuns()); err != nil {
		return err
	}
	rand.Read(c.ID[:])
	cmd, err := s.withTimetable(c, (*[]string)(f.Schedule), f.TZ, true)
	if err != nil {
		return err
	}
	err = s.commit(ctx, fasthttp.StatusCreated, cmd)
	return s.explainInvalid(ctx, err, fsm.Patch{}, func() (fsm.Heartbeat, error) { return fsm.Heartbeat{ID: c.ID, Spec: c.Spec}, nil })
}

// commit runs a command that answers with a heartbeat.
func (s *Server) commit(ctx *fasthttp.RequestCtx, status int, cmd fsm.Command) error {
	res, err := s.propose(ctx, cmd)
	if err != nil {
		return err
	}
	h, err := fsm.DecodeHeartbeat(res.Data)
	if err != nil {
		return err
	}
	return s.replyHeartbeat(ctx, status, h)
}

func (s *Server) replyHeartbeat(ctx *fasthttp.RequestCtx, status int, h fsm.Heartbeat) error {
	ctx.Response.Header.Set(fasthttp.HeaderETag, strconv.Quote(strconv.FormatUint(h.Version, 10)))
	return reply(ctx, status, s.toJSON(ctx, h))
}

// heartbeatID reads the ID in a path; what is no ID is not found.
func heartbeatID(args []string) (fsm.HeartbeatID, error) {
	id, err := fsm.ParseHeartbeatID(args[0])
	if err != nil {
		return id, errNotFound
	}
	return id, nil
}

// lookup returns a heartbeat; a stale read that does not find it asks again behind
// a barrier before it says so.
func (s *Server) lookup(ctx *fasthttp.RequestCtx, id fsm.HeartbeatID) (fsm.Heartbeat, error) {
	if err := s.fresh(ctx); err != nil {
		return fsm.Heartbeat{}, err
	}
	h, err := s.store.Heartbeat(id)
	if err != nil {
		if err := withTimeout(readLimit, s.cluster.PacedReadBarrier); err != nil {
			return h, err
		}
		h, err = s.store.Heartbeat(id)
	}
	return h, err
}

func (s *Server) getHeartbeat(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := heartbeatID(args)
	if err != nil {
		return err
	}
	h, err := s.lookup(ctx, id)
	if err != nil {
		return err
	}
	return s.replyHeartbeat(ctx, fasthttp.StatusOK, h)
}

// target reads the ID and the version of a change.
func target(ctx *fasthttp.RequestCtx, args []string) (id fsm.HeartbeatID, version uint64, err error) {
	if id, err = heartbeatID(args); err != nil {
		return id, 0, err
	}
	version, err = ifMatch(ctx)
	return id, version, err
}

func (s *Server) updateHeartbeat(ctx *fasthttp.RequestCtx, args []string) error {
	id, version, err := target(ctx, args)
	if err != nil {
		return err
	}
	var body struct {
		writable.Fields
		Status *string `json:"status"`
	}
	if err := decode(ctx, &body); err != nil {
		return err
	}
	if err := s.check(&body.Fields); err != nil {
		return err
	}
	c := fsm.Update{ID: id, IfVersion: version, Patch: body.Patch()}
	if err := c.Patch.Validate(); err != nil {
		return err
	}
	if c.Pause, err = pauseOf(body.Status); err != nil {
		return err
	}
	if body.OnlyZone() {
		if err := s.requireSchedule(ctx, id, *body.TZ); err != nil {
			return err
		}
	}
	find := func() (fsm.Heartbeat, error) { return s.store.Heartbeat(id) }
	if err := s.checkRuns(ctx, c.Patch, find); err != nil {
		return err
	}
	cmd, err := s.withTimetable(c, (*[]string)(body.Schedule), body.TZ, false)
	if err != nil {
		return err
	}
	err = s.commit(ctx, fasthttp.StatusOK, cmd)
	return s.explainInvalid(ctx, err, c.Patch, find)
}

// checkRuns refuses a change that leaves limits which no run can keep. What this node knows may be old, so it makes sure
// before it refuses. A change of other fields is never refused for limits that are there already.
func (s *Server) checkRuns(ctx *fasthttp.RequestCtx, p fsm.Patch, find func() (fsm.Heartbeat, error)) error {
	if p.MinRun == nil && p.MaxRun == nil && p.Grace == nil && p.Interval == nil {
		return nil
	}
	wrong := func() error {
		h, err := find()
		if err != nil {
			return nil // which the change itself finds out
		}
		spec := p.Apply(h.Spec)
		return cmp.Or(spec.Validate(), spec.CheckRuns())
	}
	if wrong() == nil {
		return nil
	}
	return cmp.Or(s.barrier(ctx), wrong())
}

// explainInvalid finds the words for a change that the state refused: its fields are each right, but
// not beside those that the heartbeat has.
func (s *Server) explainInvalid(ctx *fasthttp.RequestCtx, err error, p fsm.Patch, find func() (fsm.Heartbeat, error)) error {
	if !errors.Is(err, fsm.ErrInvalid) || s.barrier(ctx) != nil {
		return err
	}
	h, gone := find()
	if gone != nil {
		return err
	}
	spec := p.Apply(h.Spec)
	return cmp.Or(spec.Validate(), s.store.CheckDependencies(h.ID, spec), err)
}

func (s *Server) deleteHeartbeat(ctx *fasthttp.RequestCtx, args []string) error {
	id, version, err := target(ctx, args)
	if err != nil {
		return err
	}
	return s.commitNoContent(ctx, fsm.Delete{ID: id, IfVersion: version})
}

// commitNoContent runs a command whose success has nothing to tell.
func (s *Server) commitNoContent(ctx *fasthttp.RequestCtx, cmd fsm.Command) error {
	if _, err := s.propose(ctx, cmd); err != nil {
		return err
	}
	ctx.SetStatusCode(fasthttp.StatusNoContent)
	return nil
}

// putHeartbeat makes the heartbeat of a slug, or gives it the fields that are sent and
// leaves the others as they are.
func (s *Server) putHeartbeat(ctx *fasthttp.RequestCtx, args []string) error {
	version, err := ifMatch(ctx)
	if err != nil {
		return err
	}
	var f writable.Fields
	if err := decode(ctx, &f); err != nil {
		return err
	}
	if err := s.check(&f); err != nil {
		return err
	}
	c, err := f.Put(args[0])
	if err != nil {
		return err
	}
	c.IfVersion, c.Token = version, fsm.Token(uuid.New())
	rand.Read(c.ID[:])
	find := func() (fsm.Heartbeat, error) {
		if ordinal, n := s.store.Slug(args[0]); n > 0 {
			return s.store.HeartbeatAt(ordinal)
		}
		return fsm.Heartbeat{ID: c.ID, Spec: c.Spec}, nil
	}
	if err := s.checkRuns(ctx, c.Patch, find); err != nil {
		return err
	}
	var what fsm.Command = c
	if f.OnlyZone() {
		if what, err = s.rezone(ctx, args[0], c); err != nil {
			return err
		}
	}
	cmd, err := s.withTimetable(what, (*[]string)(f.Schedule), f.TZ, false)
	if err != nil {
		return err
	}
	res, err := s.propose(ctx, cmd)
	if errors.Is(err, fsm.ErrAmbiguous) {
		return request.NewProblem(409, "ambiguous_slug", fmt.Sprintf("several heartbeats have the slug %q: change the slug of all but one, or use their IDs", args[0]))
	}
	if err != nil {
		return s.explainInvalid(ctx, err, c.Patch, find)
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

// rotateToken gives a heartbeat a new token; the old one works for a while, a day if nothing else is asked for.
func (s *Server) rotateToken(ctx *fasthttp.RequestCtx, args []string) error {
	id, version, err := target(ctx, args)
	if err != nil {
		return err
	}
	body := struct {
		OverlapSecs int64 `json:"overlap_secs"`
	}{24 * 3600}
	if err := decodeOptional(ctx, &body, map[string]string{"overlap_secs": "leave it out for a day, 86400"}); err != nil {
		return err
	}
	if body.OverlapSecs < 0 || body.OverlapSecs > fsm.MaxOverlap/1000 {
		return badRequest(fmt.Sprintf("overlap_secs is %d; it must be 0 to %d, which are 366 days; 0 ends the old token at once", body.OverlapSecs, fsm.MaxOverlap/1000))
	}
	err = s.commit(ctx, fasthttp.StatusOK, fsm.RotateToken{ID: id, IfVersion: version, Token: fsm.Token(uuid.New()), Overlap: body.OverlapSecs * 1000})
	if errors.Is(err, fsm.ErrQuota) {
		return errManyTokens
	}
	return err
}

var errManyTokens = request.NewProblem(402, "quota_exceeded", fmt.Sprintf("%d old tokens of this heartbeat work still, as many as may: wait until one ends, or send overlap_secs 0, which ends them all at once", fsm.MaxOldTokens))

// check refuses what the state would take for a default, and turns names into IDs: those of channels, and of
// heartbeats.
func (s *Server) check(f *writable.Fields) error {
	if err := f.Check(); err != nil {
		return err
	}
	if f.HasNames() {
		if err := withTimeout(readLimit, s.cluster.ReadBarrier); err != nil {
			return err
		}
	}
	return cmp.Or(s.findChannels(f), s.findDependencies(f))
}

// findChannels turns the names of channels into their IDs.
func (s *Server) findChannels(f *writable.Fields) error {
	if f.Notify == nil {
		return nil
	}
	all := s.store.Channels()
	ids, mail := make([]string, 0, len(*f.Notify)), []string{}
	for i, name := range *f.Notify {
		if strings.Contains(name, "@") {
			if err := fsm.ValidateEmail(name); err != nil {
				return fmt.Errorf("notify[%d]: %w", i, err)
			}
			mail = append(mail, name)
			continue
		}
		at := slices.IndexFunc(all, func(c fsm.Channel) bool { return c.Spec.Name == name || c.ID.String() == name })
		if at < 0 {
			return badRequest(fmt.Sprintf("notify[%d] is %.60q; there is no channel of this name or ID, and it is no mail address", i, name))
		}
		ids = append(ids, all[at].ID.String())
	}
	f.SetNotify(ids, mail)
	return nil
}

// findDependencies turns the slugs of heartbeats into their IDs.
func (s *Server) findDependencies(f *writable.Fields) error {
	if f.DependsOn == nil {
		return nil
	}
	if n := len(*f.DependsOn); n > fsm.MaxDependsOn {
		return badRequest(fmt.Sprintf("depends_on has %d entries; it may have %d", n, fsm.MaxDependsOn))
	}
	list, err := s.store.ResolveDependencies(*f.DependsOn)
	if err == nil {
		f.DependsOn = &list
	}
	return err
}

// notifyToJSON shows the channels that a heartbeat names, by name those that are there, and the addresses.
func (s *Server) notifyToJSON(spec *fsm.Spec) []string {
	out := []string{}
	for _, text := range spec.Notify {
		if id, err := fsm.ParseChannelID(text); err == nil {
			if c, err := s.store.Channel(id); err == nil {
				text = c.Spec.Name
			}
		}
		out = append(out, text)
	}
	return append(out, spec.NotifyMail...)
}
