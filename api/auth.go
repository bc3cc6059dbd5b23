package api

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

var bearer = []byte("Bearer ")

func hashKey(key []byte) [32]byte { return sha256.Sum256(key) }

// bearerOf returns the key that a request shows.
func bearerOf(h *fasthttp.RequestHeader) (key []byte, ok bool) {
	header := h.Peek(fasthttp.HeaderAuthorization)
	if len(header) <= len(bearer) || !bytes.EqualFold(header[:len(bearer)], bearer) {
		return nil, false
	}
	return bytes.TrimSpace(header[len(bearer):]), true
}

func (s *Server) isConfigured(hash [32]byte) bool {
	admin := s.secrets.admin.Load()
	return admin != nil && subtle.ConstantTimeCompare(hash[:], admin[:]) == 1
}

// isAdmin reports whether a request's key is one of scope admin, as far as this node
// knows.
func (s *Server) isAdmin(h *fasthttp.RequestHeader) bool {
	key, ok := bearerOf(h)
	if !ok {
		return false
	}
	hash := hashKey(key)
	k, ok := s.store.KeyByHash(hash)
	return s.isConfigured(hash) || ok && k.Scope == fsm.ScopeAdmin
}

// authorize lets keys of scope admin through.
func (s *Server) authorize(ctx *fasthttp.RequestCtx) error {
	key, ok := bearerOf(&ctx.Request.Header)
	if !ok {
		return s.denied(ctx, loginNoKey, errNoKey)
	}
	return s.authorizeHash(ctx, hashKey(key))
}

// authorizeHash lets the key of scope admin with a SHA-256 through.
func (s *Server) authorizeHash(ctx *fasthttp.RequestCtx, hash [32]byte) error {
	if s.isConfigured(hash) {
		return nil
	}
	k, ok := s.store.KeyByHash(hash)
	if !ok {
		known, err := s.makeSure(ctx, readLimit, limitLogin, func() bool {
			k, ok = s.store.KeyByHash(hash)
			return ok
		})
		switch {
		case err != nil:
			return err
		case !known:
			return s.denied(ctx, loginUnknown, errUnknown)
		}
	}
	if k.Scope != fsm.ScopeAdmin {
		return s.denied(ctx, loginScope, errScope)
	}
	setCaller(ctx, k.ID)
	return nil
}

// denied counts a failed login.
func (s *Server) denied(ctx *fasthttp.RequestCtx, reason string, err error) error {
	s.logins.fail(reason, s.remote(ctx))
	return err
}
