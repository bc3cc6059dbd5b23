package roster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

var now = time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)

// pictureOf has a heartbeat in each state, and some more that are up.
func pictureOf() Picture {
	at := now.UnixMilli()
	entries := []Entry{
		{Name: "job10", LastPing: at - 10, Due: at + 500, Status: fsm.StatusActive},
		{Name: "Job2", LastPing: at - 20, Due: at + 400, Status: fsm.StatusActive, Tags: "db\nnight\n"},
		{Name: "paused", LastPing: at - 5, Status: fsm.StatusPaused, Tags: "night\n"},
		{Name: "a new one", Due: at + 100, Status: fsm.StatusActive},
		{Name: "late", LastPing: at - 900, Due: at - 1, Status: fsm.StatusActive},
		{Name: "z fails", LastPing: at - 999, Due: at + 9, Status: fsm.StatusFailing, Tags: "db\n"},
		{Name: "b fails", LastPing: at - 998, Due: at + 8, Status: fsm.StatusFailing},
	}
	for i := range entries {
		entries[i].Ordinal = uint64(100 + i)
	}
	return Picture{Entries: entries, ByName: namesInOrder(entries)}
}

func TestWhatAListShows(t *testing.T) {
	p := pictureOf()
	for query, want := range map[string]string{
		"":                             "b fails, z fails, late, a new one, Job2, job10, paused",
		"sort=name":                    "a new one, b fails, Job2, job10, late, paused, z fails",
		"sort=last":                    "paused, job10, Job2, late, b fails, z fails, a new one",
		"sort=due":                     "late, b fails, z fails, a new one, Job2, job10, paused",
		"sort=colour":                  "b fails, z fails, late, a new one, Job2, job10, paused",
		"q=JOB":                        "Job2, job10",
		"q=+job1+":                     "job10",
		"status=failing":               "b fails, z fails",
		"status=paused":                "paused",
		"status=new&sort=due":          "a new one",
		"status=asleep":                "b fails, z fails, late, a new one, Job2, job10, paused",
		"tag=db":                       "z fails, Job2",
		"tag=d":                        "",
		"tag=night&q=job&status=up":    "Job2",
		"page=2":                       "b fails, z fails, late, a new one, Job2, job10, paused", // the last there is
		"page=99999999999999999999999": "b fails, z fails, late, a new one, Job2, job10, paused",
	} {
		var args fasthttp.Args
		args.Parse(query)
		c := ChoiceOf(&args)
		var names []string
		for _, ord := range c.Select(p, now).Ordinals {
			names = append(names, p.Entries[ord-100].Name)
		}
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("%s shows %s, want %s", query, got, want)
		}
		args.Parse(strings.TrimPrefix(c.Search(), "?"))
		if again := ChoiceOf(&args); again != c {
			t.Errorf("%s is %+v, and by its own address %+v", query, c, again)
		}
	}
}

func TestCountsAreOfAllStates(t *testing.T) {
	c := Choice{State: "late", Sort: "state", Page: 1}.Select(pictureOf(), now).Counts
	if got := fmt.Sprint(c.Of("failing"), c.Of("late"), c.Of("up"), c.Of("new"), c.Of("paused"), c.All()); got != "2 1 2 1 1 7" {
		t.Errorf("%s, %v", got, c)
	}
}

func TestPagesOfAList(t *testing.T) {
	var entries []Entry
	for i := range 2*RowsPerPage + 1 {
		entries = append(entries, Entry{Name: fmt.Sprint("job", i), Ordinal: uint64(i), Status: fsm.StatusActive})
	}
	p := Picture{Entries: entries, ByName: namesInOrder(entries)}
	for page, want := range map[int]int{1: RowsPerPage, 2: RowsPerPage, 3: 1, 9: 1} {
		s := Choice{Sort: "state", Page: page}.Select(p, now)
		if len(s.Ordinals) != want || s.Pages != 3 || s.Ordinals[0] != uint64(RowsPerPage*(min(page, 3)-1)) {
			t.Errorf("page %d has %d from %d on, of %d pages", page, len(s.Ordinals), s.Ordinals[0], s.Pages)
		}
	}
}

func TestHowManyRowsChanged(t *testing.T) {
	for _, c := range []struct {
		shown, now []uint64
		want       int
	}{
		{[]uint64{1, 2, 3, 4}, []uint64{1, 2, 3, 4}, 0},
		{[]uint64{1, 2, 3, 4}, []uint64{4, 1, 2, 3}, 1}, // the last came first
		{[]uint64{1, 2, 3, 4}, []uint64{9, 1, 2, 3}, 1}, // a new one pushed the last off the page
		{[]uint64{1, 2, 3, 4}, []uint64{1, 3, 4}, 1},    // one is gone
		{[]uint64{1, 2, 3, 4}, []uint64{2, 1, 4, 3}, 2},
		{[]uint64{1, 2, 3, 4}, []uint64{4, 3, 2, 1}, 3},
		{nil, []uint64{1, 2}, 2},
		{nil, nil, 0},
		{[]uint64{1}, nil, 1},
	} {
		if got := Changed(c.shown, c.now); got != c.want {
			t.Errorf("%v is %v now: %d changed, want %d", c.shown, c.now, got, c.want)
		}
	}
}
