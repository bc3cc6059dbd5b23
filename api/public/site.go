package public

import (
	"bytes"
	"compress/gzip"
	"embed"
	"html/template"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/assets"
	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

const (
	// keep is how long an answer may be old, here and in caches in front.
	keep         = 30 * time.Second
	cacheControl = "public, max-age=30"

	policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)

//go:embed templates/*.html
var templateFiles embed.FS

// AssetPrefix is where the pages have their styles and icons: nothing of the dashboard need
// be reached by who looks at them.
const AssetPrefix = "/status/assets/"

// Site makes the pages and badges.
type Site struct {
	store *store.Store
	now   func() time.Time
	page  *template.Template // and problem.html

	mu     sync.Mutex
	pages  map[string]kept
	groups groups
}

// kept is a page as it was made a while ago.
type kept struct {
	at          time.Time
	published   time.Time // of the page that it shows: another may have its slug by now
	plain, gzip []byte
}

// New makes a site.
func New(from *store.Store) *Site {
	funcs := template.FuncMap{
		"asset": func(name string) string { return AssetPrefix + assets.Name(name) }, "exact": show.Exact, "span": show.Span,
	}
	return &Site{
		store: from, now: time.Now, pages: map[string]kept{},
		page: template.Must(template.New("status.html").Funcs(funcs).ParseFS(templateFiles, "templates/*.html")),
	}
}

// StatusPage answers with a status page; false if there is none of this slug.
func (s *Site) StatusPage(ctx *fasthttp.RequestCtx, slug string) bool {
	p, found := s.store.StatusPage(slug)
	if !found {
		return false
	}
	k, err := s.kept(p)
	if err != nil {
		return false
	}
	h := &ctx.Response.Header
	guard(ctx)
	h.Set(fasthttp.HeaderVary, fasthttp.HeaderAcceptEncoding)
	h.Set(fasthttp.HeaderCacheControl, cacheControl)
	ctx.SetContentType("text/html; charset=utf-8")
	if ctx.Request.Header.HasAcceptEncoding("gzip") {
		h.Set(fasthttp.HeaderContentEncoding, "gzip")
		ctx.SetBody(k.gzip)
		return true
	}
	ctx.SetBody(k.plain)
	return true
}

// Problem tells in a page why there is none; the status stays as it is.
func (s *Site) Problem(ctx *fasthttp.RequestCtx, words string) {
	says := struct{ Title, Words string }{"Not to be had now", show.Sentence(words)}
	if ctx.Response.StatusCode() == fasthttp.StatusNotFound {
		says.Title, says.Words = "There is no such page", "The address may be mistyped, or the page was taken back."
	}
	var b bytes.Buffer
	if s.page.ExecuteTemplate(&b, "problem.html", says) != nil {
		return
	}
	guard(ctx)
	ctx.SetContentType("text/html; charset=utf-8")
	ctx.SetBody(b.Bytes())
}

// guard has browsers take nothing but the page and its styles.
func guard(ctx *fasthttp.RequestCtx) {
	ctx.Response.Header.Set("Content-Security-Policy", policy)
	ctx.Response.Header.Set("Referrer-Policy", "same-origin")
}

// kept returns a page as it was at most a while ago. Only one is made at a time.
func (s *Site) kept(p fsm.StatusPage) (kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	k, ok := s.pages[p.Slug]
	if ok && now.Sub(k.at) < keep && k.published.Equal(p.CreatedAt) {
		return k, nil
	}
	s.forget()
	html, err := s.render(p, now)
	if err != nil {
		return k, err
	}
	k = kept{at: now, published: p.CreatedAt, plain: html, gzip: compressed(html)}
	s.pages[p.Slug] = k
	return k, nil
}

func compressed(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b) // to memory
	_ = w.Close()
	return out.Bytes()
}

// forget drops the pages that were taken back.
func (s *Site) forget() {
	for slug := range s.pages {
		if _, found := s.store.StatusPage(slug); !found {
			delete(s.pages, slug)
		}
	}
}
