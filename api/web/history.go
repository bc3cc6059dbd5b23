package web

import (
	"net/url"
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	shownPings = 50
	readAtOnce = 1000
	maxRead    = 20_000 // pings that are looked through for one page
)

// excerpt is the part of a heartbeat's history that an address asks for.
type excerpt struct {
	Only   string // one of onlys; "": everything
	Before uint64 // number to go on from; 0: the newest
}

// onlys are the filters of a history, by their words.
var onlys = map[string]func(p fsm.PingRecord) bool{
	"good":   func(p fsm.PingRecord) bool { return p.Kind == fsm.SignalSuccess },
	"failed": func(p fsm.PingRecord) bool { return p.Kind == fsm.SignalFail },
	"body":   func(p fsm.PingRecord) bool { return len(p.Body) > 0 || p.Dropped > 0 },
	"late":   func(p fsm.PingRecord) bool { return !p.Received.Equal(p.At) },
}

func excerptOf(args *fasthttp.Args) (e excerpt) {
	if only := string(args.Peek("only")); onlys[only] != nil {
		e.Only = only
	}
	e.Before, _ = strconv.ParseUint(string(args.Peek("before")), 10, 64)
	return e
}

// Search is the query of the address of this part, with its question mark.
func (e excerpt) Search() string {
	q := url.Values{}
	if e.Only != "" {
		q.Set("only", e.Only)
	}
	if e.Before > 0 {
		q.Set("before", strconv.FormatUint(e.Before, 10))
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// history is that part.
type history struct {
	excerpt
	Pings []fsm.PingRecord
	Older excerpt // where to go on; Before 0: there are no more
}

// Filters are the filters and what people call them, in order.
func (history) Filters() [][2]string {
	return [][2]string{{"", "everything"}, {"failed", "failures"}, {"good", "good runs"}, {"body", "with output"}, {"late", "came late"}}
}

// Filtered is where another filter leads.
func (history) Filtered(only string) string { return excerpt{Only: only}.Search() }

// history reads a page of it. A filter that finds little gives up after a while, and the
// page goes on from there.
func (s *Site) history(h fsm.Heartbeat, e excerpt) history {
	out := history{excerpt: e, Older: excerpt{Only: e.Only}}
	if e.Only == "" {
		page, more, _ := s.store.Pings(h.ID, shownPings, e.Before)
		if out.Pings = page; more {
			out.Older.Before = page[len(page)-1].Number
		}
		return out
	}
	before, read, more := e.Before, 0, true
	for more && read < maxRead {
		var page []fsm.PingRecord
		if page, more, _ = s.store.Pings(h.ID, readAtOnce, before); len(page) == 0 {
			return out
		}
		read += len(page)
		for i, p := range page {
			if !onlys[e.Only](p) {
				continue
			}
			if out.Pings = append(out.Pings, p); len(out.Pings) == shownPings {
				if more || i+1 < len(page) {
					out.Older.Before = p.Number
				}
				return out
			}
		}
		before = page[len(page)-1].Number
	}
	if more {
		out.Older.Before = before
	}
	return out
}
