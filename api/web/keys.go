package web

import (
	"html/template"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

type keysPage struct {
	frame
	Keys    []usedKey
	Made    string // shown this once
	Problem string
	Name    string
	Scope   string
}

// usedKey is a key, and when it was last used at this node.
type usedKey struct {
	fsm.Key
	LastUse time.Time
}

// Doom tells what it means to revoke it.
func (k usedKey) Doom(now time.Time) template.HTML {
	words := template.HTML("No node takes it from then on, whoever has it. It was not used at this node since the node was started.")
	if !k.LastUse.IsZero() {
		words = "No node takes it from then on, whoever has it. It was last used here " + show.Moment(k.LastUse, now) + "."
	}
	if k.Heartbeats > 0 {
		words += template.HTML(" " + show.Plural(int(k.Heartbeats), "heartbeat", "heartbeats") + " made with it stay.")
	}
	return words
}

func (s *Site) usedKeys() (list []usedKey) {
	for _, k := range s.store.Keys() {
		list = append(list, usedKey{k, s.back.LastUse(k.ID)})
	}
	return list
}

// Scopes are what a new key may be for, the narrowest first.
func (keysPage) Scopes() [][2]string {
	return [][2]string{
		{fsm.ScopePing, "pings by slug, nothing else: for jobs"},
		{fsm.ScopeRead, "looks at everything but ping URLs: for a wall, or Grafana"},
		{fsm.ScopeWrite, "heartbeats and alerts, but no keys, nodes and backups: for who is on call"},
		{fsm.ScopeAdmin, "everything"},
	}
}

func (s *Site) keysPage(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	return s.render(ctx, "keys", keysPage{frame: s.frame(ctx, in, "API keys", "keys"), Keys: s.usedKeys()})
}

func (s *Site) makeKey(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	name, scope := string(trim(ctx.PostArgs().Peek("name"))), string(ctx.PostArgs().Peek("scope"))
	key, err := s.back.MakeKey(ctx, name, scope)
	p := keysPage{frame: s.frame(ctx, in, "API keys", "keys"), Made: key, Name: name, Scope: scope}
	if err == nil {
		p.Name, p.Scope = "", "" // the form is for another one
	} else {
		_, words := s.back.Explain(err)
		p.Problem = show.Sentence(words)
		ctx.SetStatusCode(fasthttp.StatusUnprocessableEntity)
	}
	_, _ = s.back.Fresh(ctx) // for the new one is to be in the list; the key has to be shown in any case
	p.Keys = s.usedKeys()
	return s.render(ctx, "keys", p)
}

// confirmRevoke names the key that would be revoked.
func (s *Site) confirmRevoke(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	for _, k := range s.usedKeys() {
		if k.ID.String() == args[0] {
			f := s.frame(ctx, in, "Revoke "+k.Name+"?", "keys")
			return s.render(ctx, "sure", surePage{frame: f, Words: k.Doom(f.Now), Action: Prefix + "keys/" + args[0] + "/revoke", Do: "Revoke it", Back: Prefix + "keys"})
		}
	}
	return errNoPage
}

func (s *Site) revokeKey(ctx *fasthttp.RequestCtx, _ *session, args []string) error {
	id, err := fsm.ParseKeyID(args[0])
	if err != nil {
		return errNoPage
	}
	if _, err := s.back.Propose(ctx, fsm.DeleteKey{ID: id}); err != nil {
		return err
	}
	return see(ctx, Prefix+"keys?did=revoked")
}
