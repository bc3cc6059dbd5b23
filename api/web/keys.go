package web

import (
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

type keysPage struct {
	frame
	Keys    []fsm.Key
	Made    string // shown this once
	Problem string
	Name    string
}

func (s *Site) keysPage(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	return s.render(ctx, "keys", keysPage{frame: s.frame(ctx, in, "API keys", "keys"), Keys: s.store.Keys()})
}

func (s *Site) makeKey(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	name, scope := string(trim(ctx.PostArgs().Peek("name"))), string(ctx.PostArgs().Peek("scope"))
	key, err := s.back.MakeKey(ctx, name, scope)
	p := keysPage{frame: s.frame(ctx, in, "API keys", "keys"), Made: key, Name: name}
	if err != nil {
		_, words := s.back.Explain(err)
		p.Problem = show.Sentence(words)
		ctx.SetStatusCode(fasthttp.StatusUnprocessableEntity)
	}
	p.Keys = s.store.Keys()
	return s.render(ctx, "keys", p)
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
