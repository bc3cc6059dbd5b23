package roster

import (
	"cmp"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// RowsPerPage is how many heartbeats a page shows.
const RowsPerPage = 100

// home is where the list is.
const home = "/ui/"

// Choice is what a list shows, as its address says.
type Choice struct {
	Query string // part of a name, in any case
	State string // "": any
	Tag   string
	Sort  string // state, name, last or due
	Page  int    // from 1
}

// ChoiceOf reads it from the query of an address.
func ChoiceOf(args *fasthttp.Args) Choice {
	c := Choice{
		Query: strings.TrimSpace(string(args.Peek("q"))), State: string(args.Peek("status")), Tag: string(args.Peek("tag")),
		Sort: string(args.Peek("sort")), Page: max(args.GetUintOrZero("page"), 1),
	}
	if _, ok := ParseState(c.State); !ok {
		c.State = ""
	}
	if !slices.Contains([]string{"name", "last", "due"}, c.Sort) {
		c.Sort = "state"
	}
	return c
}

// With is the address of the same list with one thing changed, from its first page.
func (c Choice) With(what, value string) string {
	switch what {
	case "status":
		c.State = value
	case "tag":
		c.Tag = value
	}
	c.Page = 1
	return c.Address()
}

// Sorts are the ways to sort, and their words.
func (Choice) Sorts() map[string]string {
	return map[string]string{"state": "worst first", "name": "by name", "last": "last pinged first", "due": "due first"}
}

// Before and After are the pages beside this one.
func (c Choice) Before() int { return c.Page - 1 }
func (c Choice) After() int  { return c.Page + 1 }

// At is the address of another page of the same list.
func (c Choice) At(page int) string {
	c.Page = page
	return c.Address()
}

// Address is that of the list.
func (c Choice) Address() string { return home + c.Search() }

// Search is the query of the address, with its question mark.
func (c Choice) Search() string {
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

// Counts are how many heartbeats are in each state, of those that a search and tag leave.
type Counts [len(Words)]int

// Of is the count of a state by its word.
func (c Counts) Of(word string) int {
	st, _ := ParseState(word)
	return c[st]
}

// All is how many there are.
func (c Counts) All() (n int) {
	for _, one := range c {
		n += one
	}
	return n
}

// Selection is what a choice leaves of a picture.
type Selection struct {
	Counts   Counts
	Pages    int
	Ordinals []uint64 // of this page, in order
}

// Select filters and sorts. Only a page of the result is ever looked at, so a state's
// heartbeats are not sorted among each other: they come in the order of names.
func (c Choice) Select(p Picture, now time.Time) (out Selection) {
	want, filtered := ParseState(c.State)
	filtered = filtered && c.State != ""
	query, at := strings.ToLower(c.Query), now.UnixMilli()
	var buckets [len(Words)][]uint32
	for _, i := range p.ByName {
		e := &p.Entries[i]
		if c.Tag != "" && !e.Tagged(c.Tag) || query != "" && !strings.Contains(strings.ToLower(e.Name), query) {
			continue
		}
		st := At(e.Status, e.LastPing, e.Due, at)
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
		slices.SortStableFunc(found, func(a, b uint32) int { return cmp.Compare(p.Entries[b].LastPing, p.Entries[a].LastPing) })
	case "due":
		slices.SortStableFunc(found, func(a, b uint32) int { return cmp.Compare(dueOrNever(p.Entries[a].Due), dueOrNever(p.Entries[b].Due)) })
	}
	out.Pages = max((len(found)+RowsPerPage-1)/RowsPerPage, 1)
	first := min((min(c.Page, out.Pages)-1)*RowsPerPage, len(found))
	for _, i := range found[first:min(first+RowsPerPage, len(found))] {
		out.Ordinals = append(out.Ordinals, p.Entries[i].Ordinal)
	}
	return out
}

// Changed is how many rows a page would show anew, or in another place among the others, than
// it does: a row that came first and pushed the others down is one.
func Changed(shown, now []uint64) int {
	was := map[uint64]int{}
	for i, ord := range shown {
		was[ord] = i
	}
	var stay []int // where those that are still there were
	for _, ord := range now {
		if i, still := was[ord]; still {
			stay = append(stay, i)
		}
	}
	return max(len(now), len(shown)) - longestRising(stay)
}

// longestRising is the length of the longest part of a list, not in one piece, that rises.
func longestRising(list []int) int {
	var ends []int // the least end of a part of each length
	for _, n := range list {
		i, _ := slices.BinarySearch(ends, n)
		if i == len(ends) {
			ends = append(ends, n)
		}
		ends[i] = n
	}
	return len(ends)
}

// order puts what fails before what is late, and both before the rest.
func order(st State) int { return min(int(st), int(Up)) }

func dueOrNever(due int64) int64 {
	if due == 0 {
		return math.MaxInt64
	}
	return due
}
