package api

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// fields are those of a heartbeat that a client may write; nil leaves one alone.
type fields struct {
	Name          *string   `json:"name"`
	Slug          *string   `json:"slug"`
	IntervalSecs  *int64    `json:"interval_secs"`
	GraceSecs     *int64    `json:"grace_secs"`
	MissThreshold *int      `json:"miss_threshold"`
	Arm           *fsm.Arm  `json:"arm"`
	Tags          *[]string `json:"tags"`
	Email         *[]string `json:"email"`
	Methods       *[]string `json:"methods"`
	Description   *string   `json:"description"`
	RunbookURL    *string   `json:"runbook_url"`
	Owner         *string   `json:"owner"`

	Schedule *schedules.List `json:"schedule"`
	TZ       *string         `json:"tz"`

	FailureThreshold *int      `json:"failure_threshold"`
	MaxRunSecs       *int64    `json:"max_run_secs"`
	MinRunSecs       *int64    `json:"min_run_secs"`
	Checks           *[]string `json:"checks"`
	Notify           *[]string `json:"notify"` // names or IDs of channels
	RemindEverySecs  *int64    `json:"remind_every_secs"`
}

func (f fields) patch() fsm.Patch {
	return fsm.Patch{
		Name: f.Name, Slug: f.Slug, Interval: f.IntervalSecs, Grace: f.GraceSecs,
		Threshold: f.MissThreshold, Arm: f.Arm, Tags: f.Tags, Emails: f.Email, Methods: f.Methods,
		Description: f.Description, RunbookURL: f.RunbookURL, Owner: f.Owner,
		FailureThreshold: f.failures(), MaxRun: f.MaxRunSecs, MinRun: f.MinRunSecs, Checks: f.Checks, Notify: f.Notify,
		RemindEvery: f.RemindEverySecs,
		Schedule:    (*[]string)(f.Schedule), TZ: f.TZ,
	}
}

// failures is the threshold of failures; 1, the default, is stored as none.
func (f fields) failures() *int {
	if f.FailureThreshold != nil && *f.FailureThreshold == 1 {
		return new(int)
	}
	return f.FailureThreshold
}

// check refuses what the state would take for a default.
func (f fields) check() error {
	if n := f.FailureThreshold; n != nil && *n < 1 {
		return badRequest(fmt.Sprintf("failure_threshold is %d; it must be 1 to %d", *n, fsm.MaxThreshold))
	}
	return nil
}

// spec completes the fields of a new heartbeat with the defaults.
func (f fields) spec() fsm.Spec {
	s := fsm.Spec{
		Interval: fsm.DefaultInterval, Grace: fsm.DefaultGrace, Threshold: fsm.DefaultThreshold, Arm: fsm.ArmCreated,
	}
	assign(&s.Name, f.Name)
	assign(&s.Slug, f.Slug)
	assign(&s.Interval, f.IntervalSecs)
	assign(&s.Grace, f.GraceSecs)
	assign(&s.Threshold, f.MissThreshold)
	assign(&s.Arm, f.Arm)
	assign(&s.Tags, f.Tags)
	assign(&s.Emails, f.Email)
	assign(&s.Methods, f.Methods)
	assign(&s.Description, f.Description)
	assign(&s.RunbookURL, f.RunbookURL)
	assign(&s.Owner, f.Owner)
	if f.Schedule != nil && len(*f.Schedule) > 0 {
		s.Schedule = *f.Schedule
		if f.IntervalSecs == nil {
			s.Interval = 0
		}
	}
	assign(&s.TZ, f.TZ)
	assign(&s.FailureThreshold, f.failures())
	assign(&s.MaxRun, f.MaxRunSecs)
	assign(&s.MinRun, f.MinRunSecs)
	assign(&s.Checks, f.Checks)
	assign(&s.Notify, f.Notify)
	assign(&s.RemindEvery, f.RemindEverySecs)
	if f.Slug == nil {
		s.Slug = fsm.MakeSlug(s.Name)
	}
	return s
}

func assign[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (s *Server) createHeartbeat(ctx *fasthttp.RequestCtx, _ []string) error {
	var f fields
	if err := decode(ctx, &f); err != nil {
		return err
	}
	if f.Name == nil {
		return badRequest(fmt.Sprintf("name is missing; it must have 1 to %d characters", fsm.MaxNameLen))
	}
	if err := s.check(&f); err != nil {
		return err
	}
	c := fsm.Create{Token: fsm.Token(uuid.New()), Spec: f.spec()}
	if err := c.Spec.Validate(); err != nil {
		return err
	}
	rand.Read(c.ID[:])
	cmd, err := s.withTimetable(c, (*[]string)(f.Schedule), f.TZ, true)
	if err != nil {
		return err
	}
	return s.commit(ctx, fasthttp.StatusCreated, cmd)
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
		fields
		Status *string `json:"status"`
	}
	if err := decode(ctx, &body); err != nil {
		return err
	}
	if err := s.check(&body.fields); err != nil {
		return err
	}
	c := fsm.Update{ID: id, IfVersion: version, Patch: body.patch()}
	if err := c.Patch.Validate(); err != nil {
		return err
	}
	if c.Pause, err = pauseOf(body.Status); err != nil {
		return err
	}
	if body.onlyZone() {
		if err := s.requireSchedule(ctx, id, *body.TZ); err != nil {
			return err
		}
	}
	cmd, err := s.withTimetable(c, (*[]string)(body.Schedule), body.TZ, false)
	if err != nil {
		return err
	}
	err = s.commit(ctx, fasthttp.StatusOK, cmd)
	return s.explainInvalid(ctx, err, c.Patch, func() (fsm.Heartbeat, error) { return s.store.Heartbeat(id) })
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
	return cmp.Or(p.Apply(h.Spec).Validate(), err)
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
	var f fields
	if err := decode(ctx, &f); err != nil {
		return err
	}
	if err := s.check(&f); err != nil {
		return err
	}
	c, err := f.put(args[0])
	if err != nil {
		return err
	}
	c.IfVersion, c.Token = version, fsm.Token(uuid.New())
	rand.Read(c.ID[:])
	var what fsm.Command = c
	if f.onlyZone() {
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
		return s.explainInvalid(ctx, err, c.Patch, func() (fsm.Heartbeat, error) {
			ordinal, _ := s.store.Slug(args[0])
			return s.store.HeartbeatAt(ordinal)
		})
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
	if err := f.check(); err != nil {
		return c, err
	}
	f.Slug = nil
	c.Patch = f.patch()
	f.Slug = &slug
	if f.Name == nil {
		f.Name = &slug
	}
	if f.onlyZone() {
		f.TZ = nil // rezone looks whether there is a schedule
	}
	c.Spec = f.spec()
	return c, cmp.Or(c.Spec.Validate(), c.Patch.Validate())
}

// check refuses what the state would take for a default, and turns the names of channels into
// their IDs.
func (s *Server) check(f *fields) error {
	if err := f.check(); err != nil || f.Notify == nil || len(*f.Notify) == 0 {
		return err
	}
	if err := withTimeout(readLimit, s.cluster.ReadBarrier); err != nil {
		return err
	}
	all := s.store.Channels()
	ids := make([]string, 0, len(*f.Notify))
	for i, name := range *f.Notify {
		at := slices.IndexFunc(all, func(c fsm.Channel) bool { return c.Spec.Name == name || c.ID.String() == name })
		if at < 0 {
			return badRequest(fmt.Sprintf("notify[%d] is %.60q; there is no channel of this name or ID", i, name))
		}
		ids = append(ids, all[at].ID.String())
	}
	f.Notify = &ids
	return nil
}

// notifyToJSON shows the channels that a heartbeat names: by name those that are there.
func (s *Server) notifyToJSON(ids []string) []string {
	out := []string{}
	for _, text := range ids {
		if id, err := fsm.ParseChannelID(text); err == nil {
			if c, err := s.store.Channel(id); err == nil {
				text = c.Spec.Name
			}
		}
		out = append(out, text)
	}
	return out
}
