package api

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/api/web"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// SetSecrets gives the node what the dashboard's cookies and the tickets of TLS sessions are
// sealed with: the cluster's secrets, of which the first is used for new ones. All nodes
// need the same. With none, a sign-in and a session end when the node restarts.
func (s *Server) SetSecrets(secrets [][]byte) error {
	var keys web.Keys
	for _, secret := range secrets {
		key, err := hkdf.Key(sha256.New, secret, nil, "quorumbeat cookies", 32)
		if err != nil {
			return err
		}
		keys = append(keys, [32]byte(key))
	}
	if keys == nil {
		keys = make(web.Keys, 1)
		rand.Read(keys[0][:])
	}
	s.site.SetKeys(keys)
	s.secrets.tickets.Set(secrets)
	return nil
}

// dashboard serves a page, or sends a browser to one. It reports false if the path is none
// of the dashboard's.
func (s *Server) dashboard(ctx *fasthttp.RequestCtx, path []byte) bool {
	switch {
	case isPage(path):
	case string(path) == "/ui", string(path) == "/" && ctx.IsGet() && wantsHTML(&ctx.Request.Header):
		ctx.Response.Header.Set(fasthttp.HeaderLocation, web.Prefix)
		ctx.SetStatusCode(fasthttp.StatusSeeOther)
		return true
	default:
		return false
	}
	defer s.countRequest(ctx)
	defer s.recover(ctx)
	ctx.SetUserValue(routeValue, web.Prefix)
	if ctx.IsPost() {
		body, err := jsonBody(ctx)
		if err != nil {
			s.refuse(ctx, err)
			return true
		}
		ctx.Request.SetBodyRaw(body)
	}
	s.site.Serve(ctx, string(path))
	return true
}

func isPage(path []byte) bool {
	return len(path) >= len(web.Prefix) && string(path[:len(web.Prefix)]) == web.Prefix
}

// backend is the server as the dashboard sees it.
type backend struct{ *Server }

// SignIn implements [web.Backend], with the methods below.
func (b backend) SignIn(ctx *fasthttp.RequestCtx, hash [32]byte) (web.Account, error) {
	if err := b.authorizeHash(ctx, hash, reads); err != nil {
		if retry := statusOf(err).Retry; retry != "" {
			ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, retry)
		}
		if errors.Is(err, errUnknown) {
			err = request.NewProblem(401, "unauthorized", "this key is not known: look whether it was copied whole")
		}
		return web.Account{}, err
	}
	return b.account(hash), nil
}

func (b backend) SignedIn(ctx *fasthttp.RequestCtx, hash [32]byte) (web.Account, error) {
	if !fsm.ScopeAllows(b.scopeOf(hash), reads) {
		return web.Account{}, b.denied(ctx, limits.RevokedKey, errRevoked)
	}
	if k, ok := b.store.KeyByHash(hash); ok && !b.isConfigured(hash) {
		b.setCaller(ctx, k.ID)
	}
	return b.account(hash), nil
}

func (b backend) account(hash [32]byte) web.Account {
	if b.isConfigured(hash) {
		return web.Account{Name: settingsKey, Scope: fsm.ScopeAdmin}
	}
	k, _ := b.store.KeyByHash(hash)
	return web.Account{Name: k.Name, Scope: k.Scope}
}

func (b backend) Stands(hash [32]byte) bool {
	return b.isConfigured(hash) || fsm.ScopeAllows(b.scopeOf(hash), reads) && b.hasRecentLeader()
}

func (b backend) Propose(ctx *fasthttp.RequestCtx, cmd fsm.Command) (fsm.Result, error) {
	return b.propose(ctx, cmd)
}

func (b backend) Place() (back func(), ok bool) { return b.costly.Plays.Take(b.costly.Patience) }

func (b backend) MakeKey(ctx *fasthttp.RequestCtx, name, scope string) (string, error) {
	key, _, err := b.makeKey(ctx, name, scope, fsm.DefaultKeyHeartbeats)
	return key, err
}

func (b backend) Scheduled(cmd fsm.Command, schedule *[]string, tz *string, isNew bool) (fsm.Command, error) {
	return b.withTimetable(cmd, schedule, tz, isNew)
}

func (b backend) Zones() schedules.Zones { return b.cfg.Zones }

func (b backend) TestChannel(id fsm.ChannelID) (accepted bool, answer string, err error) {
	result, err := b.tryChannel(id)
	return result.Accepted, result.Answer, err
}

func (b backend) AllowsCommands() bool { return b.cfg.AllowCommands }

func (b backend) LastUse(key fsm.KeyID) time.Time { return b.logins.LastUse(key) }

// pageLimit is how long a page waits for a majority before it shows what this node has.
const pageLimit = 1500 * time.Millisecond

func (b backend) Fresh(ctx *fasthttp.RequestCtx) (stale string, err error) {
	if err := withTimeout(pageLimit, b.cluster.ReadBarrier); err != nil {
		return statusOf(err).Words, b.requireRecentLeader(ctx)
	}
	return "", b.requireKey(ctx)
}

func (b backend) Explain(err error) (int, string) {
	p := statusOf(err)
	if p.Status == fasthttp.StatusInternalServerError {
		b.log.Error("a page could not be shown: please report it", "err", err)
	}
	return p.Status, p.Words
}

func (b backend) PingURLs(ctx *fasthttp.RequestCtx) func(token fsm.Token) string {
	origin := b.origin(ctx)
	return func(token fsm.Token) string { return origin + "/v1/heartbeats/" + token.String() + "/ping" }
}

func (b backend) Secure(ctx *fasthttp.RequestCtx) bool {
	return strings.HasPrefix(b.origin(ctx), "https:")
}

// ending reports whether the server stops.
func (s *Server) ending() bool { return s.conns.Leaving() || s.conns.Ended() }

func (b backend) Cluster() web.Cluster {
	st := b.cluster.Status()
	out := web.Cluster{Term: st.Term, Leader: st.Leader, Troubles: st.Troubles, Mail: b.mailOf(), Outbound: web.Outbound(b.outbound())}
	if err := b.ready(); err != nil {
		out.NotReady = err.Error()
	}
	slices.SortFunc(st.Nodes, func(x, y NodeStatus) int { return strings.Compare(x.Name, y.Name) })
	for _, n := range st.Nodes {
		out.Nodes = append(out.Nodes, web.Node{
			Name: n.Name, Address: n.HTTP, Version: n.Version, Disk: n.Disk, Voter: n.Voter, Alive: n.Alive, Listener: n.Listener,
			Leader: n.Leader, Here: n.AppliedIndex > 0, Applied: n.AppliedIndex, Contact: n.LastContact,
			Surveyed: n.Surveyed, Lag: n.Lag, Skew: n.Skew, Differs: n.Differs,
		})
	}
	return out
}

func (b backend) mailOf() web.Mail {
	out := web.Mail{State: b.mailServer().State}
	if b.cfg.Mail != nil {
		st := b.cfg.Mail.Status()
		out.Error, out.Checked = st.Error, st.Checked
	}
	return out
}

// wantsHTML reports whether a browser asks.
func wantsHTML(h *fasthttp.RequestHeader) bool {
	return bytes.Contains(h.Peek(fasthttp.HeaderAccept), []byte("text/html"))
}
