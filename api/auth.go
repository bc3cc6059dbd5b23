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
func bearerOf(ctx *fasthttp.RequestCtx) (key []byte, ok bool) {
	header := ctx.Request.Header.Peek(fasthttp.HeaderAuthorization)
	if len(header) <= len(bearer) || !bytes.EqualFold(header[:len(bearer)], bearer) {
		return nil, false
	}
	return bytes.TrimSpace(header[len(bearer):]), true
}

// authorize lets keys of scope admin through.
func (s *Server) authorize(ctx *fasthttp.RequestCtx) error {
	key, ok := bearerOf(ctx)
	if !ok {
		return errNoKey
	}
	hash := hashKey(key)
	if s.cfg.AdminKey != "" && subtle.ConstantTimeCompare(hash[:], s.admin[:]) == 1 {
		return nil
	}
	k, ok := s.store.KeyByHash(hash)
	if !ok {
		if err := s.certain.wait(within(readLimit)); err != nil {
			return err
		}
		if k, ok = s.store.KeyByHash(hash); !ok {
			return errUnknown
		}
	}
	if k.Scope != fsm.ScopeAdmin {
		return errScope
	}
	setCaller(ctx, k.ID)
	return nil
}
