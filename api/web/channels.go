package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/templates"
	"github.com/quorumbeat/quorumbeat/api/web/form"
	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

// channelsPage lists the ways to tell people beside mail.
type channelsPage struct {
	frame
	Channels []shownChannel
	Made     *madeSecret
	Tested   *testedChannel
}

// shownChannel is a channel without its secrets.
type shownChannel struct{ fsm.Channel }

// Goes is where its alerts go.
func (c shownChannel) Goes() string { return kinds.Target(c.Spec) }

// On names the kinds of alerts that it takes, unless it takes all.
func (c shownChannel) On() (list []string) {
	for _, k := range fsm.ChannelKinds {
		if c.Spec.On.Has(k) {
			list = append(list, k.String())
		}
	}
	if len(list) == len(fsm.ChannelKinds) {
		return nil
	}
	return list
}

// madeSecret is the signing secret that was made for a new webhook, which is shown this once.
type madeSecret struct{ Name, Secret string }

// testedChannel is what the other end said to a test.
type testedChannel struct {
	Name     string
	Accepted bool
	Answer   string
}

func (s *Site) channelsPage(f frame) channelsPage {
	p := channelsPage{frame: f}
	for _, c := range s.channelsByName() {
		p.Channels = append(p.Channels, shownChannel{c})
	}
	return p
}

// channelsByName lists the channels in the natural order of their names.
func (s *Site) channelsByName() []fsm.Channel {
	list := s.store.Channels()
	slices.SortStableFunc(list, func(a, b fsm.Channel) int { return show.CompareNatural(a.Spec.Name, b.Spec.Name) })
	return list
}

func (s *Site) channels(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	return s.render(ctx, "channels", s.channelsPage(s.frame(ctx, in, "Channels", "channels")))
}

// channelPage is the form of one, or the choice of a kind for a new one.
type channelPage struct {
	frame
	Form  form.Form
	Kind  kinds.Kind // "": one is to be chosen
	Kinds []kinds.Kind
	ID    string // "": a new one
}

// Fields are the form's, with what was typed.
func (p channelPage) Fields() []form.Control { return form.Channel(p.Kind).With(p.Form) }

func (s *Site) showChannel(ctx *fasthttp.RequestCtx, in *session, p channelPage) error {
	title := "New channel"
	if p.ID != "" {
		title = "Edit " + p.Form.Typed["name"]
	}
	if len(p.Form.Problems) > 0 {
		ctx.SetStatusCode(fasthttp.StatusUnprocessableEntity)
		title = "Not saved: " + title
	}
	p.frame = s.frame(ctx, in, title, "channels")
	return s.render(ctx, "channel", p)
}

// newChannel has a kind chosen, by the address, and then shows the form of it.
func (s *Site) newChannel(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	k, ok := kinds.Find(string(ctx.QueryArgs().Peek("kind")))
	if !ok {
		return s.showChannel(ctx, in, channelPage{Kinds: s.allowedKinds()})
	}
	return s.showChannel(ctx, in, channelPage{Kind: k, Form: form.OfChannel(k, fsm.Channel{Spec: fsm.ChannelSpec{On: fsm.SetOf(fsm.ChannelKinds...)}})})
}

// allowedKinds are those of which this cluster takes new channels.
func (s *Site) allowedKinds() []kinds.Kind {
	return slices.DeleteFunc(slices.Clone(kinds.All), func(k kinds.Kind) bool { return k.Local && !s.back.AllowsCommands() })
}

func (s *Site) createChannel(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	k, ok := kinds.Find(string(ctx.PostArgs().Peek("kind")))
	if !ok || k.Local && !s.back.AllowsCommands() {
		return errNoKind
	}
	f := form.ReadChannel(k, ctx.PostArgs())
	made := ""
	if k.Name == "webhook" && f.Typed["secret"] == "" {
		var random [32]byte
		rand.Read(random[:])
		made = kinds.SigningSecret(random[:])
	}
	c := fsm.CreateChannel{Spec: f.ChannelSpec(k, fsm.ChannelSpec{Kind: k.Name, Alone: k.Alone}, made, s.back.Zones())}
	rand.Read(c.ID[:])
	if !s.saveChannel(ctx, c, &f) {
		return s.showChannel(ctx, in, channelPage{Kind: k, Form: f})
	}
	if made == "" {
		return see(ctx, Prefix+"channels?did=channel-made")
	}
	_, _ = s.back.Fresh(ctx) // for the new one is to be in the list; the secret has to be shown in any case
	p := s.channelsPage(s.frame(ctx, in, "Channels", "channels"))
	p.Notice, p.Made = notices["channel-made"], &madeSecret{c.Spec.Name, made}
	return s.render(ctx, "channels", p)
}

// saveChannel commits what a form says, or says in the form why that cannot be.
func (s *Site) saveChannel(ctx *fasthttp.RequestCtx, cmd fsm.Command, f *form.Form) bool {
	if len(f.Problems) > 0 {
		return false
	}
	switch _, err := s.back.Propose(ctx, cmd); {
	case err == nil:
		return true
	case errors.Is(err, fsm.ErrExists):
		f.Problems["name"] = "Another channel has this name."
	case errors.Is(err, fsm.ErrQuota):
		f.Problems[""] = fmt.Sprintf("There are %d channels, as many as may be: delete one first.", fsm.MaxChannels)
	case errors.Is(err, fsm.ErrConflict):
		f.Problems[""] = changedMeanwhile
	default:
		_, words := s.back.Explain(err)
		field, rest, named := strings.Cut(words, ": ")
		if _, known := f.Typed[field]; !named || !known {
			field, rest = "", words
		}
		f.Problems[field] = show.Sentence(rest)
	}
	return false
}

// findChannel returns the channel that an address names.
func (s *Site) findChannel(id string) (fsm.Channel, error) {
	parsed, err := fsm.ParseChannelID(id)
	if err != nil {
		return fsm.Channel{}, errNoPage
	}
	c, err := s.store.Channel(parsed)
	if err != nil {
		return c, errNoPage
	}
	return c, nil
}

// findToEdit returns a channel with its kind, if this node knows that and takes changes of it.
func (s *Site) findToEdit(id string) (fsm.Channel, kinds.Kind, error) {
	c, err := s.findChannel(id)
	if err != nil {
		return c, kinds.Kind{}, err
	}
	k, ok := kinds.Find(c.Spec.Kind)
	if !ok || k.Local && !s.back.AllowsCommands() {
		return c, k, errNoKind
	}
	return c, k, nil
}

func (s *Site) editChannelForm(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	c, k, err := s.findToEdit(args[0])
	if err != nil {
		return err
	}
	return s.showChannel(ctx, in, channelPage{Kind: k, ID: args[0], Form: form.OfChannel(k, c)})
}

func (s *Site) editChannel(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	c, k, err := s.findToEdit(args[0])
	if err != nil {
		return err
	}
	f := form.ReadChannel(k, ctx.PostArgs())
	if !s.saveChannel(ctx, fsm.UpdateChannel{ID: c.ID, IfVersion: f.Version, Spec: f.ChannelSpec(k, c.Spec, "", s.back.Zones())}, &f) {
		f.Version = c.Version
		return s.showChannel(ctx, in, channelPage{Kind: k, ID: args[0], Form: f})
	}
	return see(ctx, Prefix+"channels?did=saved")
}

func (s *Site) confirmDeleteChannel(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	c, err := s.findChannel(args[0])
	if err != nil {
		return err
	}
	return s.render(ctx, "sure", surePage{
		frame:  s.frame(ctx, in, "Delete "+c.Spec.Name+"?", "channels"),
		Words:  "Alerts that wait for it fail. Heartbeats that name it alone are told of by the channels of their tags from then on, or else by the default ones.",
		Action: Prefix + "channels/" + args[0] + "/delete", Do: "Delete it", Back: Prefix + "channels",
	})
}

func (s *Site) deleteChannel(ctx *fasthttp.RequestCtx, _ *session, args []string) error {
	c, err := s.findChannel(args[0])
	if err != nil {
		return err
	}
	if _, err := s.back.Propose(ctx, fsm.DeleteChannel{ID: c.ID}); err != nil {
		return err
	}
	return see(ctx, Prefix+"channels?did=deleted")
}

// testChannel sends a test and shows what the other end said.
func (s *Site) testChannel(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	c, err := s.findChannel(args[0])
	if err != nil {
		return err
	}
	accepted, answer, err := s.back.TestChannel(c.ID)
	if err != nil {
		return err
	}
	p := s.channelsPage(s.frame(ctx, in, "Channels", "channels"))
	p.Tested = &testedChannel{c.Spec.Name, accepted, answer}
	if !accepted {
		p.Title = "Not accepted: " + c.Spec.Name
	}
	return s.render(ctx, "channels", p)
}

// toldOf is one of those who are told of a heartbeat.
type toldOf struct {
	Words string // an address, or a channel and its kind
	After int64  // seconds that an incident must last before
}

// tells lists who would be told of a heartbeat that failed now.
func (s *Site) tells(spec fsm.Spec) (list []toldOf) {
	for _, name := range s.store.Targets(spec) {
		one := toldOf{Words: name}
		if id, is := fsm.ChannelOf(name); is {
			c, err := s.store.Channel(id)
			if err != nil { // it was deleted this moment
				continue
			}
			one = toldOf{c.Spec.Name + " (" + c.Spec.Kind + ")", c.Spec.After}
		} else if address, id := fsm.MailOf(name); address != "" {
			one.Words = address
			if c, err := s.store.Channel(id); err == nil {
				one = toldOf{address + " (" + c.Spec.Name + ")", c.Spec.After}
			}
		}
		list = append(list, one)
	}
	return list
}

// wordsPage has the words of one's own for alerts, and what they would say.
type wordsPage struct {
	frame
	templates.Body
	Fields  []string
	Samples []templates.Preview
	Problem string
	Draft   bool // what is shown is not saved
}

// Wrong tells whether the problem is one of this field.
func (p wordsPage) Wrong(field string) bool { return strings.HasPrefix(p.Problem, field+": ") }

func (s *Site) wordsPage(ctx *fasthttp.RequestCtx, in *session, t fsm.Templates) wordsPage {
	of := templates.Of(t)
	return wordsPage{frame: s.frame(ctx, in, "Words", "channels"), Body: of.Body, Fields: of.Fields, Samples: templates.PreviewsOf(t).Previews}
}

func (s *Site) words(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	return s.render(ctx, "words", s.wordsPage(ctx, in, s.store.Templates()))
}

// setWords saves templates, or shows what they would say.
func (s *Site) setWords(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	args := ctx.PostArgs()
	body := templates.Body{Subject: string(args.Peek("subject")), Text: string(args.Peek("text"))}
	t, err := body.Check()
	if err != nil {
		p := s.wordsPage(ctx, in, s.store.Templates())
		p.Body, p.Problem, p.Draft = body, show.Sentence(err.Error()), true
		ctx.SetStatusCode(fasthttp.StatusUnprocessableEntity)
		return s.render(ctx, "words", p)
	}
	if args.Has("preview") {
		p := s.wordsPage(ctx, in, t)
		p.Draft = true
		return s.render(ctx, "words", p)
	}
	if _, err := s.back.Propose(ctx, fsm.SetTemplates{Templates: t}); err != nil {
		return err
	}
	return see(ctx, Prefix+"channels/words?did=saved")
}
