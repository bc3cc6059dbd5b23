package web

import (
	"cmp"
	"html/template"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const rowsPerPage = 100

// choice is what a list shows, as its address says.
type choice struct {
	Query string // part of a name, in any case
	State string // "": any
	Tag   string
	Sort  string // state, name, last or due
	Page  int    // from 1
}

func choiceOf(args *fasthttp.Args) choice {
	c := choice{
		Query: strings.TrimSpace(string(args.Peek("q"))), State: string(args.Peek("status")), Tag: string(args.Peek("tag")),
		Sort: string(args.Peek("sort")), Page: max(args.GetUintOrZero("page"), 1),
	}
	if _, ok := parseState(c.State); !ok {
		c.State = ""
	}
	if !slices.Contains([]string{"name", "last", "due"}, c.Sort) {
		c.Sort = "state"
	}
	return c
}

// With is the address of the same list with one thing changed, from its first page.
func (c choice) With(what, value string) string {
	switch what {
	case "status":
		c.State = value
	case "tag":
		c.Tag = value
	}
	c.Page = 1
	return c.address()
}

// Sorts are the ways to sort, and their words.
func (choice) Sorts() map[string]string {
	return map[string]string{"state": "worst first", "name": "by name", "last": "last pinged first", "due": "due first"}
}

// Before and After are the pages beside this one.
func (c choice) Before() int { return c.Page - 1 }
func (c choice) After() int  { return c.Page + 1 }

// At is the address of another page of the same list.
func (c choice) At(page int) string {
	c.Page = page
	return c.address()
}

func (c choice) address() string { return Prefix + c.Search() }

// Search is the query of the address, with its question mark.
func (c choice) Search() string {
	q := url.Values{}
	for name, value := range map[string]string{"q": c.Query, "status": c.State, "tag": c.Tag} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if c.Sort != "state" {
		q.Set("sort", c.Sort)
	}
	if c.Page > 1 {
		q.Set("page", strconv.Itoa(c.Page))
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// counts are how many heartbeats are in each state, of those that a search and tag leave.
type counts [len(stateWords)]int

// Of is the count of a state by its word.
func (c counts) Of(word string) int {
	st, _ := parseState(word)
	return c[st]
}

func (c counts) All() (n int) {
	for _, one := range c {
		n += one
	}
	return n
}

// selection is what a choice leaves of a picture.
type selection struct {
	Counts   counts
	Pages    int
	ordinals []uint64 // of this page, in order
}

// selectFrom filters and sorts. Only a page of the result is ever looked at, so a state's
// heartbeats are not sorted among each other: they come in the order of names.
func (c choice) selectFrom(p picture, now time.Time) (out selection) {
	want, filtered := parseState(c.State)
	filtered = filtered && c.State != ""
	query, at := strings.ToLower(c.Query), now.UnixMilli()
	var buckets [len(stateWords)][]uint32
	for _, i := range p.byName {
		e := &p.entries[i]
		if c.Tag != "" && !e.tagged(c.Tag) || query != "" && !strings.Contains(strings.ToLower(e.name), query) {
			continue
		}
		st := stateAt(e.status, e.lastPing, e.due, at)
		out.Counts[st]++
		switch {
		case filtered && st != want:
		case c.Sort == "state":
			buckets[order(st)] = append(buckets[order(st)], i)
		default:
			buckets[0] = append(buckets[0], i)
		}
	}
	found := slices.Concat(buckets[:]...)
	switch c.Sort {
	case "last":
		slices.SortStableFunc(found, func(a, b uint32) int { return cmp.Compare(p.entries[b].lastPing, p.entries[a].lastPing) })
	case "due":
		slices.SortStableFunc(found, func(a, b uint32) int { return cmp.Compare(dueOrNever(p.entries[a].due), dueOrNever(p.entries[b].due)) })
	}
	out.Pages = max((len(found)+rowsPerPage-1)/rowsPerPage, 1)
	first := min((min(c.Page, out.Pages)-1)*rowsPerPage, len(found))
	for _, i := range found[first:min(first+rowsPerPage, len(found))] {
		out.ordinals = append(out.ordinals, p.entries[i].ordinal)
	}
	return out
}

// order puts what fails before what is late, and both before the rest.
func order(st state) int { return min(int(st), int(stateUp)) }

func dueOrNever(due int64) int64 {
	if due == 0 {
		return math.MaxInt64
	}
	return due
}

// row is a heartbeat in a list.
type row struct {
	fsm.Heartbeat
	State  string
	Strip  []show.Beat
	Now    time.Time
	Search choice
	Write  bool // who looks may select it
}

func (r row) Moment(t time.Time) template.HTML { return show.Moment(t, r.Now) }

// Overdue reports whether its due time has passed.
func (r row) Overdue() bool { return !r.NextDue.IsZero() && r.NextDue.Before(r.Now) }

func stateOf(h fsm.Heartbeat, now time.Time) state {
	due, last := int64(0), int64(0)
	if !h.NextDue.IsZero() {
		due = h.NextDue.UnixMilli()
	}
	if !h.LastPing.IsZero() {
		last = h.LastPing.UnixMilli()
	}
	return stateAt(h.Status, last, due, now.UnixMilli())
}

// rows reads the heartbeats of a page as they are now; some may be gone.
func (s *Site) rows(ordinals []uint64, c choice, write bool, now time.Time) []row {
	out, gaps := make([]row, 0, len(ordinals)), s.store.Gaps()
	for _, ord := range ordinals {
		h, err := s.store.HeartbeatAt(ord)
		if err != nil {
			continue
		}
		pings, _, _ := s.store.Pings(h.ID, 2*show.StripLength, 0)
		out = append(out, row{h, stateOf(h, now).String(), show.Strip(h, pings, gaps, now), now, c, write})
	}
	return out
}

// listPage is the page of heartbeats.
type listPage struct {
	frame
	choice
	selection
	Rows   []row
	States []string
	First  bool // there is no heartbeat at all
}

func (s *Site) list(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	c := choiceOf(ctx.QueryArgs())
	f := s.frame(ctx, in, "", "heartbeats")
	var since time.Time
	if f.Notice != "" || s.view.isCheap() { // who just changed something wants to see it
		since = f.Now
	}
	sel := c.selectFrom(s.view.read(since), f.Now)
	f.Title, f.Live, f.IsLive = titleOf(sel.Counts), c.Search(), true
	f.Icon = iconOf(sel.Counts)
	return s.render(ctx, "list", listPage{
		frame: f, choice: c, selection: sel, Rows: s.rows(sel.ordinals, c, in.CanWrite(), f.Now),
		States: stateWords[:], First: sel.Counts.All() == 0 && c.Query == "" && c.Tag == "",
	})
}

// titleOf begins with what is worst.
func titleOf(c counts) string {
	switch {
	case c[stateFailing] > 0:
		return strconv.Itoa(c[stateFailing]) + " failing"
	case c[stateLate] > 0:
		return strconv.Itoa(c[stateLate]) + " late"
	case c.All() == 0:
		return "No heartbeats"
	}
	return "All up"
}
