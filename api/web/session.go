package web

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// A session is a cookie, and nothing but that: the hash of the API key that somebody signed
// in with, and when, sealed with a key that all nodes of the cluster have. So any node
// knows it, and none keeps it. Whether the API key still stands is asked with each request.

const (
	cookieName = "quorumbeat"
	sessionFor = 30 * 24 * time.Hour
)

// Account is who is signed in.
type Account struct {
	Name  string // of the key
	Scope string // of the key: one that allows to read, at least
}

// CanWrite reports whether the account may change heartbeats and alerts, and see how they
// are pinged. Pages show no buttons, forms and ping URLs to others.
func (a Account) CanWrite() bool { return fsm.ScopeAllows(a.Scope, fsm.ScopeWrite) }

// Admin reports whether the account may do everything: keys, nodes and settings, too.
func (a Account) Admin() bool { return fsm.ScopeAllows(a.Scope, fsm.ScopeAdmin) }

// session is an account's sign-in.
type session struct {
	hash  [32]byte // of the API key
	since time.Time
	CSRF  string // what its forms carry
	stale string // why what this request shows may be old; "": it is not
	Account
}

// Keys seal cookies. The first seals, all of them open, so that they can be replaced.
type Keys [][32]byte

var errNoSession = errors.New("not signed in")

// seal makes the cookie of a session.
func (k Keys) seal(hash [32]byte, since time.Time) string {
	plain := binary.BigEndian.AppendUint64(hash[:], uint64(since.Unix()))
	box := aead(k[0])
	nonce := make([]byte, box.NonceSize())
	_, _ = rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(box.Seal(nonce, nonce, plain, []byte(cookieName)))
}

// open reads what seal made, unless it is too old.
func (k Keys) open(cookie []byte, now time.Time) (s session, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(string(cookie))
	if err != nil {
		return s, errNoSession
	}
	for _, key := range k {
		box := aead(key)
		if len(sealed) < box.NonceSize() {
			return s, errNoSession
		}
		plain, err := box.Open(nil, sealed[:box.NonceSize()], sealed[box.NonceSize():], []byte(cookieName))
		if err != nil || len(plain) != len(s.hash)+8 {
			continue
		}
		copy(s.hash[:], plain)
		s.since = time.Unix(int64(binary.BigEndian.Uint64(plain[len(s.hash):])), 0)
		if age := now.Sub(s.since); age > sessionFor || age < -sessionFor {
			return s, errNoSession
		}
		sum := hmac.New(sha256.New, key[:])
		sum.Write([]byte("form"))
		sum.Write(sealed)
		s.CSRF = base64.RawURLEncoding.EncodeToString(sum.Sum(nil))
		return s, nil
	}
	return s, errNoSession
}

func aead(key [32]byte) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // of a wrong length only
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return box
}

// Cookie finds this site's cookie among those that a browser sends with its own; nil if it
// is not there.
func Cookie(list []byte) []byte {
	for one := range bytes.SplitSeq(list, []byte(";")) {
		if one = bytes.TrimSpace(one); bytes.HasPrefix(one, []byte(cookieName+"=")) {
			return one
		}
	}
	return nil
}

// setCookie gives the browser a cookie; "" takes it away.
func setCookie(ctx *fasthttp.RequestCtx, value string, secure bool) {
	c := fasthttp.AcquireCookie()
	defer fasthttp.ReleaseCookie(c)
	c.SetKey(cookieName)
	c.SetValue(value)
	c.SetPath("/ui/")
	c.SetHTTPOnly(true)
	c.SetSecure(secure)
	c.SetSameSite(fasthttp.CookieSameSiteStrictMode)
	c.SetMaxAge(int(sessionFor.Seconds()))
	if value == "" {
		c.SetExpire(fasthttp.CookieExpireDelete)
	}
	ctx.Response.Header.SetCookie(c)
}

// signedIn returns the session of a request whose key still stands.
func (s *Site) signedIn(ctx *fasthttp.RequestCtx) (session, error) {
	cookie := ctx.Request.Header.Cookie(cookieName)
	if len(cookie) == 0 {
		return session{}, errNoSession
	}
	in, err := s.keys.Load().open(cookie, time.Now())
	if err != nil {
		return in, err
	}
	in.Account, err = s.back.SignedIn(ctx, in.hash)
	return in, err
}

// ours reports whether a form was sent from one of this session's own pages.
func (in *session) ours(ctx *fasthttp.RequestCtx) bool {
	return hmac.Equal([]byte(in.CSRF), ctx.PostArgs().Peek("csrf"))
}

// signIn takes the key that was typed in.
func (s *Site) signIn(ctx *fasthttp.RequestCtx) error {
	key := ctx.PostArgs().Peek("key")
	hash := sha256.Sum256(trim(key))
	if _, err := s.back.SignIn(ctx, hash); err != nil {
		status, words := s.back.Explain(err)
		if err := s.loginPage(ctx, words); err != nil {
			return err
		}
		if status == fasthttp.StatusForbidden { // of the page, whatever the key may do elsewhere
			status = fasthttp.StatusUnauthorized
		}
		ctx.SetStatusCode(status)
		return nil
	}
	setCookie(ctx, s.keys.Load().seal(hash, time.Now()), s.back.Secure(ctx))
	to := string(ctx.PostArgs().Peek("next"))
	if !isOwnPath(to) {
		to = "/ui/"
	}
	return see(ctx, to)
}

func (s *Site) signOut(ctx *fasthttp.RequestCtx) error {
	setCookie(ctx, "", s.back.Secure(ctx))
	return see(ctx, "/ui/login")
}
