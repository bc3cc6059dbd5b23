package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"io"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/events"
	"github.com/quorumbeat/quorumbeat/api/web/roster"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// A page's stream tells what has changed in it, as pieces of the page by their id. They
// are rendered like the page itself, and only those that differ are sent: once a second, for
// what time alone changes, and as soon as a glance at its heartbeats, which costs next to
// nothing, shows that something came.
const (
	lookEvery   = time.Second
	glanceEvery = 200 * time.Millisecond
)

// watched is how a stream looks at a page.
type watched struct {
	page   string        // what has the same name looks the same
	see    func() live   // renders it
	glance func() uint64 // differs when something came; nil: nothing is looked at between
}

// piece is a part of a page that may change.
type piece struct {
	ID   string `json:"id"`
	HTML string `json:"html"`
}

// live is what a stream tells of a page at once.
type live struct {
	Page   string   `json:"page"` // the query of the page's stream
	Title  string   `json:"title"`
	Icon   string   `json:"icon"`
	Pieces []piece  `json:"pieces"`
	Rows   []string `json:"rows,omitempty"` // at its beginning: which rows it tells of, in order
	Moved  int      `json:"moved"`          // rows that the page would show anew, or in another place
}

// maxPages are told of by one stream: a browser has one, for all of its tabs.
const maxPages = 16

// events answers with the stream of pages: each page is the query that its own stream would
// have. Without any it is that of the query itself, and with once it is told once, for a
// browser that cannot stream.
func (s *Site) events(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	args := ctx.QueryArgs()
	if args.Has("once") {
		w, err := s.watcher(ctx, in, args)
		if err != nil {
			return err
		}
		data, err := json.Marshal(w.see())
		if err != nil {
			return err
		}
		ctx.SetContentType("application/json")
		return s.write(ctx, data)
	}
	pages := args.PeekMulti("page")
	if len(pages) == 0 {
		pages = [][]byte{args.QueryString()}
	}
	all, leave := s.tellersOf(ctx, in, pages[:min(len(pages), maxPages)])
	if len(all) == 0 {
		return errNoPage
	}
	hash := in.hash
	if s.streams.Serve(ctx, events.Stream{
		Tell: all.tell, Alive: func(w io.Writer) { fmt.Fprint(w, "event: alive\ndata: \n\n") },
		Stands: func() (string, bool) { return "", s.back.Stands(hash) }, Leave: leave, Every: glanceEvery,
	}) != nil {
		ctx.SetStatusCode(fasthttp.StatusServiceUnavailable)
		ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, "5")
	}
	return nil
}

// tellers are what a stream tells of several pages.
type tellers []*teller

func (all tellers) tell(w io.Writer) {
	for _, t := range all {
		t.tell(w)
	}
}

// tellersOf makes those of pages; a page that is no more has none.
func (s *Site) tellersOf(ctx *fasthttp.RequestCtx, in *session, pages [][]byte) (all tellers, leave func()) {
	var leaves []func()
	for _, raw := range pages {
		var args fasthttp.Args
		args.ParseBytes(bytes.TrimPrefix(raw, []byte("?")))
		w, err := s.watcher(ctx, in, &args)
		if err != nil {
			continue
		}
		shared, leave := s.looks.join(w)
		leaves = append(leaves, leave)
		all = append(all, &teller{page: string(raw), see: shared, seed: maphash.MakeSeed(), sent: map[string]uint64{}})
	}
	return all, func() {
		for _, leave := range leaves {
			leave()
		}
	}
}

// fromNow is what changes in a piece by the mere passing of time: the page's own script
// keeps that right.
var fromNow = regexp.MustCompile(`(<time datetime="[^"]*")[^>]*>[^<]*`)

// teller is what a stream tells of one page: it knows what it told already.
type teller struct {
	page string
	see  func() (seen live, at time.Time)
	at   time.Time // of what was told
	seed maphash.Seed
	sent map[string]uint64 // hashes of pieces, by their IDs
	last []byte
}

// tell writes what see returns if it differs from what was told.
func (t *teller) tell(w io.Writer) {
	now, at := t.see()
	if at.Equal(t.at) {
		return
	}
	now.Page, t.at = t.page, at
	if t.last != nil {
		now.Rows = nil
	}
	now.Pieces = slices.DeleteFunc(now.Pieces, func(p piece) bool {
		sum := maphash.String(t.seed, fromNow.ReplaceAllString(p.HTML, "$1"))
		known := t.sent[p.ID] == sum
		t.sent[p.ID] = sum
		return known
	})
	data, err := json.Marshal(now)
	if err != nil || bytes.Equal(data, t.last) {
		return
	}
	fmt.Fprintf(w, "data: %s\n\n", data)
	t.last = data
}

// looks are what streams see, shared by those of the same page: a page is rendered once,
// however many people have it on a wall.
type looks struct {
	mu  sync.Mutex
	all map[string]*look
}

type look struct {
	mu      sync.Mutex
	at      time.Time
	seen    live
	glanced time.Time
	print   uint64 // what the glance showed before seen
	of      int    // streams
}

// join makes a stream one of those that look at a page; leave is to be called at its end.
func (l *looks) join(w watched) (shared func() (live, time.Time), leave func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.all[w.page]
	if one == nil {
		one = &look{}
		if l.all == nil {
			l.all = map[string]*look{}
		}
		l.all[w.page] = one
	}
	one.of++
	return func() (live, time.Time) { return one.now(w) }, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if one.of--; one.of == 0 {
			delete(l.all, w.page)
		}
	}
}

// now looks again if that was a while ago, or a glance shows that something came.
func (l *look) now(w watched) (live, time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	due, print := time.Since(l.at) >= lookEvery, l.print
	if w.glance != nil && (due || time.Since(l.glanced) >= glanceEvery/2) {
		print, l.glanced = w.glance(), time.Now() // before it is rendered, so that nothing is missed
	}
	if due || print != l.print {
		l.at, l.print = time.Now(), print
		l.seen = w.see()
	}
	out := l.seen
	out.Pieces = slices.Clone(out.Pieces)
	return out, l.at
}

// glanceSeed is one for all streams, which share what they see.
var glanceSeed = maphash.MakeSeed()

// glanceAt tells in a number what heartbeats are like; it changes with each ping.
func (s *Site) glanceAt(ordinals []uint64) func() uint64 {
	return func() uint64 {
		var sum maphash.Hash
		sum.SetSeed(glanceSeed)
		for _, ord := range ordinals {
			h, _ := s.store.HeartbeatAt(ord) // one that is gone is like nothing
			maphash.WriteComparable(&sum, [...]uint64{h.Pings, h.Version, uint64(h.Misses)})
			maphash.WriteComparable(&sum, h.Status)
			maphash.WriteComparable(&sum, h.Started.UnixMilli())
		}
		return sum.Sum64()
	}
}

// watcher returns what looks at the page that a stream belongs to.
func (s *Site) watcher(ctx *fasthttp.RequestCtx, in *session, args *fasthttp.Args) (watched, error) {
	switch {
	case args.Has("heartbeat"):
		h, err := s.find(string(args.Peek("heartbeat")))
		if err != nil {
			return watched{}, err
		}
		return watched{h.ID.String() + in.CSRF, s.watchHeartbeat(ctx, *in, h), s.glanceAt([]uint64{h.Ordinal})}, nil // its forms are the session's
	case args.Has("incidents"):
		return watched{"incidents" + in.CSRF, s.watchIncidents(*in), nil}, nil
	case args.Has("cluster"):
		return watched{"cluster" + in.CSRF, s.watchCluster(*in), nil}, nil
	}
	return s.watchList(roster.ChoiceOf(args), in.CanWrite()), nil
}

// watchList looks at the rows that the list has now.
func (s *Site) watchList(c roster.Choice, write bool) watched {
	first := c.Select(s.view.Read(time.Time{}), time.Now()).Ordinals
	return watched{fmt.Sprint(c, write, first), func() live {
		now := time.Now()
		sel := c.Select(s.view.Read(time.Time{}), now)
		out := live{Title: titleOf(sel.Counts), Icon: iconOf(sel.Counts)}
		for _, r := range s.rows(first, c, write, now) {
			out.Rows = append(out.Rows, r.ID.String())
			out.Pieces = append(out.Pieces, piece{r.ID.String(), s.part("list", "row", r)})
		}
		out.Pieces = append(out.Pieces, piece{"counts", s.part("list", "counts", listPage{Choice: c, Selection: sel, States: roster.Words[:]})})
		out.Moved = roster.Changed(first, sel.Ordinals)
		return out
	}, s.glanceAt(first)}
}

func iconOf(c roster.Counts) string {
	switch {
	case c[roster.Failing] > 0:
		return "failing"
	case c[roster.Late] > 0:
		return "late"
	}
	return "ok"
}

func (s *Site) watchHeartbeat(ctx *fasthttp.RequestCtx, in session, first fsm.Heartbeat) func() live {
	urlOf := s.back.PingURLs(ctx)
	return func() live {
		h, err := s.store.Heartbeat(first.ID)
		if err != nil {
			return live{Title: "Deleted", Icon: "ok"}
		}
		p := s.heartbeatPage(frame{In: &in, Now: time.Now()}, h, urlOf(h.Token), excerpt{})
		out := live{Title: p.Title, Icon: p.Icon}
		names := []string{"now", "numbers", "history"}
		if in.CanWrite() {
			names = append(names, "snippets") // somebody else may have made a new URL
		}
		for _, name := range names {
			out.Pieces = append(out.Pieces, piece{name, s.part("heartbeat", name, p)})
		}
		return out
	}
}

// part renders a named part of a page.
func (s *Site) part(page, name string, data any) string {
	var b bytes.Buffer
	if err := s.pages[page].ExecuteTemplate(&b, name, data); err != nil {
		return ""
	}
	return b.String()
}
