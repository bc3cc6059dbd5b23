package web

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/assets"
	"github.com/quorumbeat/quorumbeat/api/web/form"
	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/api/windows"
	"github.com/quorumbeat/quorumbeat/fsm"
)

//go:embed templates/*.html
var templateFiles embed.FS

// parsedPages is each page with the frame that all share. They are parsed once, for all nodes of
// a process.
var parsedPages = sync.OnceValue(func() map[string]*template.Template {
	frame := template.Must(template.New("frame").Funcs(template.FuncMap{
		"asset": assetPath, "span": show.Span, "took": show.Took, "seconds": show.Seconds, "exact": show.Exact, "plural": show.Plural, "join": strings.Join,
		"plural64": func(n uint64, one, many string) string { return show.Plural(int(n), one, many) },
		"number":   fsm.FormatNumber,
		"hours":    windows.ShowHours,
		"mind":     fsm.MindCheck,
		"millis":   func(ms int64) string { return show.Span(time.Duration(ms) * time.Millisecond) },
		"steps":    show.Steps, "waits": show.Waits, "inWords": show.StateOf, "expected": show.Expected, "legend": func() any { return show.Legend }, "acts": actsOn,
		"inDigest": func(a fsm.Alert) bool { return a.Digest != (fsm.AlertID{}) },
	}).ParseFS(templateFiles, "templates/frame.html", "templates/parts.html"))
	pages := map[string]*template.Template{}
	names, _ := fs.Glob(templateFiles, "templates/*.html")
	for _, name := range names {
		page := strings.TrimSuffix(path.Base(name), ".html")
		if page != "frame" && page != "parts" {
			pages[page] = template.Must(template.Must(frame.Clone()).ParseFS(templateFiles, name))
		}
	}
	return pages
})

// frame is what every page has.
type frame struct {
	Title  string // begins with the state
	Here   string // the part of the navigation
	In     *session
	Notice string // what was just done
	Live   string // the query of the page's stream
	IsLive bool   // it has one
	Icon   string // of the tab: ok, late or failing
	Totals fsm.Totals
	Stale  string // why what is shown may be old; "": it is not
	Now    time.Time
}

func (f frame) Moment(t time.Time) template.HTML  { return show.Moment(t, f.Now) }
func (f frame) Lasting(t time.Time) template.HTML { return show.Lasting(t, f.Now) }

// frame begins a page. A page is shown even without a majority, and says then how old it is.
func (s *Site) frame(ctx *fasthttp.RequestCtx, in *session, title, here string) frame {
	f := frame{Title: title, Here: here, In: in, Now: time.Now(), Totals: s.store.Totals(), Icon: "ok"}
	f.Notice = notices[string(ctx.QueryArgs().Peek("did"))]
	if f.Totals.Failing > 0 {
		f.Icon = "failing"
	}
	if in.stale != "" {
		f.Stale = show.Sentence("this may be old: " + in.stale)
	}
	return f
}

// notices are what a page says of what was just done, by the word in its address.
var notices = map[string]string{
	"made": "The heartbeat was made.", "saved": "The changes were saved.", "paused": "Paused: misses do not count until you resume it.",
	"paused-for": "Paused: misses do not count until it is resumed, which it will be by itself.",
	"resumed":    "Resumed: it is expected from now on.", "pinged": "A ping was recorded.", "deleted": "Deleted.", "retried": "It will be sent again.",
	"acknowledged":   "Acknowledged: nobody is told any more, until it is over.",
	"unacknowledged": "Taken back: people are told again.",
	"snoozed":        "Snoozed: people are told again then, if it is not over.",
	"over":           "That incident is over already.",
	"published":      "It is published.", "unpublished": "It was taken back: nobody sees it any more.",
	"delivered": "It is sent as soon as a sender has it.", "held": "It is held back until somebody sends or cancels it, or a newer one takes its place.",
	"cancelled":    "It was cancelled: it will never be sent.",
	"channel-made": "The channel was made: test it before it is needed.",
	"planned":      "The window is planned.", "planned-idle": "The window is planned. But a tag of it is one that no heartbeat has: it holds nothing back until one does.",
	"planned-twice":   "The window is planned. But another one is for the same tags and times already.",
	"rotated":         "It has a new ping URL, which is shown below. The old one works for as long as you chose.",
	"rotated-at-once": "It has a new ping URL, which is shown below. No old one works any more.",
	"revoked":         "The key was revoked.", "tagged": "The tag was added.",
}

// render writes a page.
func (s *Site) render(ctx *fasthttp.RequestCtx, page string, data any) error {
	var b bytes.Buffer
	if err := s.pages[page].ExecuteTemplate(&b, "page", data); err != nil {
		return err
	}
	ctx.SetContentType("text/html; charset=utf-8")
	return s.write(ctx, b.Bytes())
}

// write answers with a body, compressed where the browser takes that.
func (s *Site) write(ctx *fasthttp.RequestCtx, b []byte) error {
	ctx.Response.Header.Set(fasthttp.HeaderVary, fasthttp.HeaderAcceptEncoding)
	if len(b) > 1024 && ctx.Request.Header.HasAcceptEncoding("gzip") {
		ctx.Response.Header.Set(fasthttp.HeaderContentEncoding, "gzip")
		b = fasthttp.AppendGzipBytesLevel(nil, b, fasthttp.CompressBestSpeed)
	}
	ctx.SetBody(b)
	return nil
}

// failed shows an error as a page.
func (s *Site) failed(ctx *fasthttp.RequestCtx, err error) {
	status, words, title := fasthttp.StatusForbidden, err.Error(), "That did not work"
	switch {
	case errors.Is(err, errNoPage):
		status, title, words = fasthttp.StatusNotFound, "There is no such page", "what it showed was deleted, or its address is mistyped"
	case errors.Is(err, errMethod):
		status = fasthttp.StatusMethodNotAllowed
		ctx.Response.Header.Set(fasthttp.HeaderAllow, "GET, HEAD, POST")
	case errors.Is(err, errNothing), errors.Is(err, errNoKind):
		status = fasthttp.StatusBadRequest
	case errors.Is(err, errForm), errors.Is(err, errReadOnly):
	default:
		status, words = s.back.Explain(err)
	}
	in, _ := s.signedIn(ctx)
	f := frame{Title: title, In: &in, Now: time.Now(), Icon: "ok"}
	if s.render(ctx, "error", struct {
		frame
		Words, Back string
	}{f, show.Sentence(form.PlainWords(errors.New(words))), cameFrom(ctx)}) != nil {
		ctx.Error(words, status)
		return
	}
	ctx.SetStatusCode(status)
}

// cameFrom is the page with the form that was sent; "": none is known.
func cameFrom(ctx *fasthttp.RequestCtx) string {
	u, err := url.Parse(string(ctx.Request.Header.Referer()))
	if err != nil || !ctx.IsPost() {
		return ""
	}
	query := u.Query()
	query.Del("did")
	back := url.URL{Path: u.Path, RawQuery: query.Encode()}
	if path := back.String(); isOwnPath(path) {
		return path
	}
	return ""
}

func (s *Site) loginPage(ctx *fasthttp.RequestCtx, problem string) error {
	f := frame{Title: "Sign in", Now: time.Now(), Icon: "ok"}
	next := string(ctx.FormValue("next"))
	return s.render(ctx, "login", struct {
		frame
		Problem, Next string
	}{f, show.Sentence(problem), next})
}

// assetPath is the address of an asset.
func assetPath(name string) string { return Prefix + "assets/" + assets.Name(name) }

// Asset answers with a file that pages share, by the name that package assets gives it.
func (s *Site) Asset(ctx *fasthttp.RequestCtx, name string) {
	b, contentType, found := assets.Find(name)
	if !found {
		s.failed(ctx, errNoPage)
		return
	}
	ctx.SetContentType(contentType)
	ctx.Response.Header.Set(fasthttp.HeaderCacheControl, assets.CacheControl)
	_ = s.write(ctx, b)
}
