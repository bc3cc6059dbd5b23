package web

import (
	"bytes"
	"errors"
	"html/template"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/events"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/api/web/elections"
	"github.com/quorumbeat/quorumbeat/api/web/roster"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// Backend is what the pages need of the server around them.
type Backend interface {
	// SignIn returns the account of the API key with a SHA-256. It counts failures, limits
	// them by the caller's address, and its errors are words for the person.
	SignIn(ctx *fasthttp.RequestCtx, hash [32]byte) (Account, error)
	// SignedIn is SignIn of a key that was known before: it asks no other node.
	SignedIn(ctx *fasthttp.RequestCtx, hash [32]byte) (Account, error)
	// Stands reports, at once, whether an API key does, as far as this node can know. One that
	// has heard from no leader for a while cannot: nobody can tell it that a key was revoked.
	Stands(hash [32]byte) bool
	// Propose commits a command on behalf of who is signed in.
	Propose(ctx *fasthttp.RequestCtx, cmd fsm.Command) (fsm.Result, error)
	// MakeKey makes an API key, which is shown this once.
	MakeKey(ctx *fasthttp.RequestCtx, name, scope string) (key string, err error)
	// Scheduled adds to a command what one that gives a heartbeat a schedule needs.
	Scheduled(cmd fsm.Command, schedule *[]string, tz *string, isNew bool) (fsm.Command, error)
	// Place takes one of the places of what works at schedules, of which a node has few.
	Place() (back func(), ok bool)
	// Zones are the rules of time zones that this node has.
	Zones() schedules.Zones
	// TestChannel sends a test by a channel, which takes some seconds, and tells what the other
	// end said, or why it said nothing. It is limited; then the error has words for the person.
	TestChannel(id fsm.ChannelID) (accepted bool, answer string, err error)
	// AllowsCommands reports whether channels may run programs of the nodes.
	AllowsCommands() bool
	// LastUse is when a key was last used at this node, since it was started; zero: never.
	LastUse(key fsm.KeyID) time.Time
	// Fresh returns once this node has all that was acknowledged. If it cannot soon, stale says
	// why: what is shown may be old. An error means that the key of who is signed in was
	// revoked, or that this node cannot know.
	Fresh(ctx *fasthttp.RequestCtx) (stale string, err error)
	// Cluster is the cluster as this node sees it, at once.
	Cluster() Cluster
	// Explain tells an error's status and its words for a person.
	Explain(err error) (status int, words string)
	// PingURLs returns the address that a heartbeat with a token is pinged at. It may outlive the request.
	PingURLs(ctx *fasthttp.RequestCtx) func(token fsm.Token) string
	// Secure reports whether the browser reached the cluster by TLS.
	Secure(ctx *fasthttp.RequestCtx) bool
}

// Cluster is what the pages show of the nodes.
type Cluster struct {
	Term     uint64
	Leader   string // "": none is known
	Nodes    []Node
	NotReady string // why this node takes no pings; "": it does
	Troubles []string
	Mail     Mail
	Outbound Outbound
}

// Outbound is how the other monitor is told that this one is well.
type Outbound struct {
	State string // off, resting, ok, withheld or failing
	Why   string
	Last  time.Time // zero: this node never did
}

// Mail is what this node knows of the mail server.
type Mail struct {
	State   string // ok, failing or unknown
	Error   string
	Checked time.Time
}

// Node is one node.
type Node struct {
	Name, Address, Version, Disk   string
	Voter, Alive, Listener, Leader bool
	Here                           bool // the one that answers
	Applied                        uint64
	Contact                        time.Duration // since it heard from the leader; of this one only

	Surveyed bool          // the one that answers has heard of it lately:
	Lag      uint64        // entries of the log that it has yet to apply
	Skew     time.Duration // its wall clock less that of the one that answers
	Differs  []string      // flags that it was started with and that the cluster does not run under
}

// Site serves the pages below /ui/.
type Site struct {
	back      Backend
	store     *store.Store
	keys      atomic.Pointer[Keys]
	view      *roster.View
	pages     map[string]*template.Template
	streams   *events.Streams
	looks     looks
	elections elections.Log // as this node saw them
}

// New makes the site, which needs keys before it serves.
func New(back Backend, from *store.Store, streams *events.Streams) *Site {
	return &Site{
		back: back, store: from, view: roster.NewView(from),
		pages: parsedPages(), streams: streams,
	}
}

// SetKeys exchanges the keys of cookies; there must be one at least.
func (s *Site) SetKeys(keys Keys) { s.keys.Store(&keys) }

// Prefix is where the pages are.
const Prefix = "/ui/"

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Serve answers a request for a path below Prefix.
func (s *Site) Serve(ctx *fasthttp.RequestCtx, path string) {
	h := &ctx.Response.Header
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	rest := strings.TrimPrefix(path, Prefix)
	if name, ok := strings.CutPrefix(rest, "assets/"); ok {
		s.Asset(ctx, name)
		return
	}
	if err := s.route(ctx, rest); err != nil {
		s.failed(ctx, err)
	}
}

// page answers one address; args are the parts of the path that its pattern leaves open.
type page func(s *Site, ctx *fasthttp.RequestCtx, in *session, args []string) error

// What the key that somebody signed in with must allow, at least.
const (
	reads  = fsm.ScopeRead
	writes = fsm.ScopeWrite
	admins = fsm.ScopeAdmin
)

// routes are the addresses below Prefix, for who is signed in with a key of a scope that
// allows what needs the given one. POST changes things.
var routes = []struct {
	method, pattern string
	needs           string
	page            page
}{
	{"GET", "", reads, (*Site).list},
	{"POST", "bulk", writes, (*Site).bulk},
	{"GET", "heartbeats/new", writes, (*Site).newForm},
	{"POST", "heartbeats/new", writes, (*Site).create},
	{"GET", "heartbeats/preview", writes, (*Site).preview},
	{"GET", "heartbeats/{id}", reads, (*Site).heartbeat},
	{"GET", "heartbeats/{id}/edit", writes, (*Site).editForm},
	{"POST", "heartbeats/{id}/edit", writes, (*Site).edit},
	{"POST", "heartbeats/{id}/pause", writes, (*Site).pause},
	{"POST", "heartbeats/{id}/resume", writes, (*Site).resume},
	{"POST", "heartbeats/{id}/ping", writes, (*Site).ping},
	{"GET", "heartbeats/{id}/delete", writes, (*Site).confirmDelete},
	{"POST", "heartbeats/{id}/delete", writes, (*Site).delete},
	{"GET", "heartbeats/{id}/rotate", writes, (*Site).rotateForm},
	{"POST", "heartbeats/{id}/rotate", writes, (*Site).rotate},
	{"GET", "incidents", reads, (*Site).incidents},
	{"POST", "incidents/{id}/ack", writes, (*Site).ackIncident},
	{"POST", "incidents/{id}/unack", writes, (*Site).unackIncident},
	{"POST", "incidents/{id}/snooze", writes, (*Site).snoozeIncident},
	{"GET", "alerts", reads, (*Site).alerts},
	{"POST", "alerts/{id}/retry", writes, retryAlert},
	{"POST", "alerts/{id}/deliver", writes, deliverAlert},
	{"POST", "alerts/{id}/hold", writes, holdAlert},
	{"POST", "alerts/{id}/cancel", writes, cancelAlert},
	{"GET", "channels", reads, (*Site).channels},
	{"GET", "channels/words", reads, (*Site).words},
	{"POST", "channels/words", admins, (*Site).setWords},
	{"GET", "channels/new", admins, (*Site).newChannel},
	{"POST", "channels/new", admins, (*Site).createChannel},
	{"GET", "channels/{id}/edit", admins, (*Site).editChannelForm},
	{"POST", "channels/{id}/edit", admins, (*Site).editChannel},
	{"GET", "channels/{id}/delete", admins, (*Site).confirmDeleteChannel},
	{"POST", "channels/{id}/delete", admins, (*Site).deleteChannel},
	{"POST", "channels/{id}/test", writes, (*Site).testChannel},
	{"GET", "windows", reads, (*Site).windows},
	{"POST", "windows", admins, (*Site).createWindow},
	{"GET", "windows/{id}/delete", admins, (*Site).confirmDeleteWindow},
	{"POST", "windows/{id}/delete", admins, (*Site).deleteWindow},
	{"GET", "keys", admins, (*Site).keysPage},
	{"POST", "keys", admins, (*Site).makeKey},
	{"GET", "keys/{id}/revoke", admins, (*Site).confirmRevoke},
	{"POST", "keys/{id}/revoke", admins, (*Site).revokeKey},
	{"GET", "published", admins, (*Site).published},
	{"POST", "published/pages", admins, (*Site).publishPage},
	{"GET", "published/pages/{slug}/revoke", admins, (*Site).confirmUnpublishPage},
	{"POST", "published/pages/{slug}/revoke", admins, (*Site).unpublishPage},
	{"POST", "published/badges", admins, (*Site).publishBadge},
	{"GET", "published/badges/{id}/revoke", admins, (*Site).confirmUnpublishBadge},
	{"POST", "published/badges/{id}/revoke", admins, (*Site).unpublishBadge},
	{"GET", "cluster", reads, (*Site).cluster},
	{"GET", "events", reads, (*Site).events},
}

var (
	errNoPage   = errors.New("there is no such page")
	errMethod   = errors.New("pages take GET and POST")
	errForm     = errors.New("this form is too old, or comes from another site: go back, load the page again and send it anew")
	errNothing  = errors.New("nothing was selected: go back and select some heartbeats first")
	errNoKind   = errors.New("channels of this kind cannot be made or changed here: the nodes do not know it, or were started without --allow-command-channel")
	errReadOnly = errors.New("the key that you signed in with does not allow this: sign in with one of a wider scope")
)

func (s *Site) route(ctx *fasthttp.RequestCtx, path string) error {
	post := ctx.IsPost()
	switch {
	case !post && !ctx.IsGet() && !ctx.IsHead():
		return errMethod
	case path == "login" && post:
		return s.signIn(ctx)
	case path == "login":
		return s.loginPage(ctx, "")
	case path == "logout" && post:
		return s.signOut(ctx)
	}
	in, err := s.signedIn(ctx)
	if err != nil {
		return s.toLogin(ctx, path)
	}
	for i := range routes {
		r := &routes[i]
		args, ok := request.Match("/"+r.pattern, "/"+path)
		if !ok || (r.method == "POST") != post {
			continue
		}
		switch {
		case post && !in.ours(ctx):
			return errForm
		case !fsm.ScopeAllows(in.Scope, r.needs):
			return errReadOnly
		}
		if in.stale, err = s.back.Fresh(ctx); err != nil {
			if _, again := s.signedIn(ctx); again != nil {
				return s.toLogin(ctx, path)
			}
			return err
		}
		return r.page(s, ctx, &in, args)
	}
	return errNoPage
}

// Pages lists the addresses below Prefix for who is signed in, with the least scope that
// each needs.
func Pages() (list []struct{ Method, Pattern, Needs string }) {
	for _, r := range routes {
		list = append(list, struct{ Method, Pattern, Needs string }{r.method, r.pattern, r.needs})
	}
	return list
}

// toLogin has somebody sign in first, and come back.
func (s *Site) toLogin(ctx *fasthttp.RequestCtx, path string) error {
	if path == "events" { // no page
		ctx.SetStatusCode(fasthttp.StatusUnauthorized)
		return nil
	}
	to := "/ui/login"
	if !ctx.IsPost() && path != "" {
		to += "?next=" + url.QueryEscape(string(ctx.RequestURI()))
	}
	return see(ctx, to)
}

// see sends the browser to a page of ours.
func see(ctx *fasthttp.RequestCtx, path string) error {
	ctx.Response.Header.Set(fasthttp.HeaderLocation, path)
	ctx.SetStatusCode(fasthttp.StatusSeeOther)
	return nil
}

// isOwnPath keeps redirects on this site.
func isOwnPath(path string) bool {
	return strings.HasPrefix(path, Prefix) && !strings.ContainsAny(path, "\\\r\n") && !strings.Contains(path, "//")
}

func trim(key []byte) []byte { return bytes.TrimSpace(key) }
