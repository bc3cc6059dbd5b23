package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/channels"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/api/windows"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

// Channels is what the API needs of the senders of this node.
type Channels interface {
	// TestChannel sends a test by a channel, within the time that an HTTP client waits. The
	// error is fsm.ErrNotFound.
	TestChannel(ctx context.Context, id fsm.ChannelID) (ChannelTest, error)
}

// ChannelTest is what became of a test.
type ChannelTest struct {
	Accepted bool   `json:"accepted"`
	Answer   string `json:"answer"` // of the other end, or why there is none
}

var (
	errNameTaken    = request.NewProblem(409, "already_exists", "another channel has this name")
	errManyChannels = request.NewProblem(402, "quota_exceeded", fmt.Sprintf("there are %d channels, as many as may be: delete one", fsm.MaxChannels))
	errNoCommands   = request.BadRequest("channels of the kind command are not allowed: start every node with --allow-command-channel")
)

// channelFor shows a channel to the key of a request: to one that may only read without the
// URL of a webhook, which is often a secret itself.
func channelFor(ctx *fasthttp.RequestCtx, c fsm.Channel) map[string]any {
	out := channels.Of(c)
	if c.Spec.Kind == "webhook" && !seesSecrets(ctx) {
		out["url"] = kinds.Hidden
	}
	return out
}

func (s *Server) listChannels(ctx *fasthttp.RequestCtx, _ []string) error {
	if err := s.fresh(ctx); err != nil {
		return err
	}
	list := []map[string]any{}
	for _, c := range s.store.Channels() {
		list = append(list, channelFor(ctx, c))
	}
	return reply(ctx, fasthttp.StatusOK, map[string]any{"channels": list})
}

func (s *Server) getChannel(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := channelID(args)
	if err != nil {
		return err
	}
	if err := s.fresh(ctx); err != nil {
		return err
	}
	c, err := s.store.Channel(id)
	if err != nil {
		return err
	}
	return replyChannel(ctx, fasthttp.StatusOK, channelFor(ctx, c))
}

// channelID reads the ID in a path; what is no ID is not found.
func channelID(args []string) (fsm.ChannelID, error) {
	id, err := fsm.ParseChannelID(args[0])
	if err != nil {
		return id, errNotFound
	}
	return id, nil
}

func replyChannel(ctx *fasthttp.RequestCtx, status int, c map[string]any) error {
	ctx.Response.Header.Set(fasthttp.HeaderETag, strconv.Quote(fmt.Sprint(c["version"])))
	return reply(ctx, status, c)
}

func (s *Server) createChannel(ctx *fasthttp.RequestCtx, _ []string) error {
	var f channels.Fields
	if err := readChannelFields(ctx, &f, ""); err != nil {
		return err
	}
	if f.Name == nil || f.Kind == nil {
		return badRequest("name and kind are needed; a kind is " + strings.Join(kinds.Names(), ", "))
	}
	k, ok := kinds.Find(*f.Kind)
	if !ok {
		return badRequest(fmt.Sprintf("kind is %.40q; it must be %s", *f.Kind, strings.Join(kinds.Names(), ", ")))
	}
	if k.Local && !s.cfg.AllowCommands {
		return errNoCommands
	}
	made := f.MakeSecret(k)
	spec, err := f.Apply(k, fsm.ChannelSpec{On: fsm.SetOf(fsm.ChannelKinds...)}, s.cfg.Zones)
	if err != nil {
		return err
	}
	c := fsm.CreateChannel{Spec: spec}
	rand.Read(c.ID[:])
	if _, err := s.propose(ctx, c); err != nil {
		return channelError(err)
	}
	out, err := s.readChannel(c.ID)
	if err != nil {
		return err
	}
	if made != "" {
		out["secret"] = made // this once
	}
	return replyChannel(ctx, fasthttp.StatusCreated, out)
}

func readChannelFields(ctx *fasthttp.RequestCtx, f *channels.Fields, kind string) error {
	body, err := jsonBody(ctx)
	if err != nil {
		return err
	}
	return f.Read(body, kind)
}

// tellHours tells when the hours of a channel are that was made or changed just now, so that nothing waits for
// the leader to work that out. If it cannot, the leader does, within some seconds.
func (s *Server) tellHours(cmd fsm.Command) {
	var id fsm.ChannelID
	var hours string
	switch c := cmd.(type) {
	case fsm.CreateChannel:
		id, hours = c.ID, c.Spec.Hours
	case fsm.UpdateChannel:
		id, hours = c.ID, c.Spec.Hours
	}
	if hours == "" {
		return
	}
	now := s.cfg.Now()
	spans, err := windows.SpansOf(hours, s.cfg.Zones, now)
	if err != nil {
		return
	}
	_, _ = s.proposeUntil(time.Now().Add(commandLimit), fsm.SetHours{List: []fsm.HoursTimes{{Channel: id, Hours: hours, Rules: s.rulesAt(now), Spans: spans}}})
}

// checkChannel refuses a channel whose URL is new and cannot be asked: nobody would be told by it.
func (s *Server) checkChannel(cmd fsm.Command) error {
	var spec fsm.ChannelSpec
	switch c := cmd.(type) {
	case fsm.CreateChannel:
		spec = c.Spec
	case fsm.UpdateChannel:
		if old, err := s.store.Channel(c.ID); err == nil && slices.Equal(old.Spec.Fields, c.Spec.Fields) {
			return nil
		}
		spec = c.Spec
	default:
		return nil
	}
	if s.cfg.CheckChannel == nil {
		return nil
	}
	if err := s.cfg.CheckChannel(spec); err != nil {
		return badRequest(err.Error())
	}
	return nil
}

// channelError says what an error means for a channel.
func channelError(err error) error {
	switch {
	case errors.Is(err, fsm.ErrExists):
		return errNameTaken
	case errors.Is(err, fsm.ErrQuota):
		return errManyChannels
	}
	return err
}

// readChannel reads a channel back that was just written.
func (s *Server) readChannel(id fsm.ChannelID) (map[string]any, error) {
	if err := withTimeout(readLimit, s.cluster.ReadBarrier); err != nil {
		return nil, errUnread
	}
	c, err := s.store.Channel(id)
	if err != nil {
		return nil, err
	}
	return channels.Of(c), nil
}

// updateTries bounds how often a change is made again because somebody else was faster.
const updateTries = 5

func (s *Server) updateChannel(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := channelID(args)
	if err != nil {
		return err
	}
	version, err := ifMatch(ctx)
	if err != nil {
		return err
	}
	var f channels.Fields
	old, _ := s.store.Channel(id) // whether there is one is found out later
	if err := readChannelFields(ctx, &f, old.Spec.Kind); err != nil {
		return err
	}
	for range updateTries {
		if err = s.tryUpdateChannel(ctx, id, version, &f); !errors.Is(err, fsm.ErrConflict) || version != 0 {
			break
		}
	}
	if err != nil {
		return channelError(err)
	}
	out, err := s.readChannel(id)
	if err != nil {
		return err
	}
	return replyChannel(ctx, fasthttp.StatusOK, out)
}

// tryUpdateChannel writes a channel anew with what was sent, unless it changed since it was read.
func (s *Server) tryUpdateChannel(ctx *fasthttp.RequestCtx, id fsm.ChannelID, version uint64, f *channels.Fields) error {
	if err := s.barrier(ctx); err != nil {
		return err
	}
	c, err := s.store.Channel(id)
	if err != nil {
		return err
	}
	k, ok := kinds.Find(c.Spec.Kind)
	switch {
	case !ok:
		return badRequest(fmt.Sprintf("this version does not know the kind %q", c.Spec.Kind))
	case f.Kind != nil && *f.Kind != c.Spec.Kind:
		return badRequest("kind cannot be changed: make another channel")
	case version != 0 && version != c.Version:
		return fsm.ErrConflict
	case k.Local && !s.cfg.AllowCommands:
		return errNoCommands
	}
	spec, err := f.Apply(k, c.Spec, s.cfg.Zones)
	if err != nil {
		return err
	}
	_, err = s.propose(ctx, fsm.UpdateChannel{ID: id, IfVersion: c.Version, Spec: spec})
	return err
}

func (s *Server) deleteChannel(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := channelID(args)
	if err != nil {
		return err
	}
	version, err := ifMatch(ctx)
	if err != nil {
		return err
	}
	return s.commitNoContent(ctx, fsm.DeleteChannel{ID: id, IfVersion: version})
}

// testChannel sends a test from this node. It is no command, so the caller's key is looked
// at right before.
func (s *Server) testChannel(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := channelID(args)
	if err != nil {
		return err
	}
	if err := noFields(ctx); err != nil {
		return err
	}
	if err := s.barrier(ctx); err != nil {
		return err
	}
	if _, err := s.store.Channel(id); err != nil {
		return err
	}
	result, err := s.tryChannel(id)
	if err != nil {
		return err
	}
	return reply(ctx, fasthttp.StatusOK, result)
}

// tryChannel sends a test by a channel, unless there were many lately.
func (s *Server) tryChannel(id fsm.ChannelID) (ChannelTest, error) {
	if err := s.limits.TestMail(); err != nil {
		return ChannelTest{}, err
	}
	if s.cfg.Channels == nil {
		return ChannelTest{}, badRequest("this node sends no alerts")
	}
	return s.cfg.Channels.TestChannel(context.Background(), id)
}
