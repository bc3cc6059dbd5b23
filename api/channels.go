package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/request"
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

// channelFields are those of a channel that a client may write; nil leaves one alone. Those of
// a kind are below: see package kinds.
type channelFields struct {
	Name      *string          `json:"name"`
	Kind      *string          `json:"kind"`
	Default   *bool            `json:"default"`
	Tags      *[]string        `json:"tags"`
	On        *[]string        `json:"on"`
	AfterSecs *int64           `json:"after_secs"`
	Hours     *json.RawMessage `json:"hours"`
	kindFields
}

// kindFields has a field for each that some kind has.
type kindFields struct {
	URL        *string `json:"url"`
	Secret     *string `json:"secret"`
	Token      *string `json:"token"`
	ChatID     *string `json:"chat_id"`
	ThreadID   *string `json:"thread_id"`
	APIURL     *string `json:"api_url"`
	Topic      *string `json:"topic"`
	Server     *string `json:"server"`
	Priority   *string `json:"priority"`
	RoutingKey *string `json:"routing_key"`
	Severity   *string `json:"severity"`
	Username   *string `json:"username"`
	Password   *string `json:"password"`
	Path       *string `json:"path"`
	Args       *string `json:"args"`
}

// sent returns the fields of a kind that were sent, by name.
func (f *kindFields) sent() map[string]string {
	out := map[string]string{}
	v := reflect.ValueOf(f).Elem()
	for i := range v.NumField() {
		if p := v.Field(i).Interface().(*string); p != nil {
			out[v.Type().Field(i).Tag.Get("json")] = *p
		}
	}
	return out
}

// apply returns a channel's spec with the fields that were sent.
func (f *channelFields) apply(k kinds.Kind, s fsm.ChannelSpec) (_ fsm.ChannelSpec, err error) {
	if f.Hours != nil && string(*f.Hours) != "null" {
		return s, badRequest("hours must be null: channels are told at any time")
	}
	s.Kind, s.Alone = k.Name, k.Alone
	assign(&s.Name, f.Name)
	assign(&s.Default, f.Default)
	assign(&s.Tags, f.Tags)
	assign(&s.After, f.AfterSecs)
	if f.On != nil {
		if s.On, err = alertSet(*f.On); err != nil {
			return s, err
		}
	}
	if s.Fields, err = k.Merge(s.Fields, f.sent()); err != nil {
		return s, badRequest(err.Error())
	}
	return s, s.Validate()
}

func alertSet(names []string) (set fsm.AlertSet, err error) {
	for _, name := range names {
		i := slices.IndexFunc(fsm.ChannelKinds, func(k fsm.AlertKind) bool { return k.String() == name })
		if i < 0 {
			return 0, badRequest(fmt.Sprintf("on has %.40q; it may have down, recovered and unheard", name))
		}
		set |= fsm.SetOf(fsm.ChannelKinds[i])
	}
	return set, nil
}

// channelToJSON shows a channel without its secrets.
func channelToJSON(c fsm.Channel) map[string]any {
	out := map[string]any{
		"id": c.ID.String(), "name": c.Spec.Name, "kind": c.Spec.Kind, "default": c.Spec.Default,
		"tags": append([]string{}, c.Spec.Tags...), "after_secs": c.Spec.After, "hours": nil,
		"version": c.Version, "created_at": request.Stamp(c.CreatedAt), "updated_at": request.Stamp(c.UpdatedAt),
	}
	on := []string{}
	for _, k := range fsm.ChannelKinds {
		if c.Spec.On.Has(k) {
			on = append(on, k.String())
		}
	}
	out["on"] = on
	for _, f := range c.Spec.Fields {
		out[f.Name] = f.Value
		if f.Secret {
			out[f.Name] = kinds.Hidden
		}
	}
	return out
}

// channelFor shows a channel to the key of a request: to one that may only read without the
// URL of a webhook, which is often a secret itself.
func channelFor(ctx *fasthttp.RequestCtx, c fsm.Channel) map[string]any {
	out := channelToJSON(c)
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
	var f channelFields
	if err := decode(ctx, &f); err != nil {
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
	made := f.makeSecret(k)
	spec, err := f.apply(k, fsm.ChannelSpec{On: fsm.SetOf(fsm.ChannelKinds...)})
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

// makeSecret makes a signing secret for a new webhook that came without; "" if none is made.
func (f *channelFields) makeSecret(k kinds.Kind) string {
	if k.Name != "webhook" || f.Secret != nil {
		return ""
	}
	var random [32]byte
	rand.Read(random[:])
	made := kinds.SigningSecret(random[:])
	f.Secret = &made
	return made
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
	return channelToJSON(c), nil
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
	var f channelFields
	if err := decode(ctx, &f); err != nil {
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
func (s *Server) tryUpdateChannel(ctx *fasthttp.RequestCtx, id fsm.ChannelID, version uint64, f *channelFields) error {
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
	spec, err := f.apply(k, c.Spec)
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
