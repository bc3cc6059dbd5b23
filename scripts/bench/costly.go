package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

const (
	costlyState  = 50_000 // heartbeats
	costlyAskers = 40     // at once
	costlyPings  = 1000   // a second, meanwhile
)

// costlyRequests are those that cost a node much, which anybody with a good key may send.
var costlyRequests = []struct{ what, method, path, body string }{
	{"whole lists", "GET", "/v1/heartbeats", ""},
	{"suggestions", "GET", "/v1/heartbeats/ID/suggest", ""},
	{"previews", "POST", "/v1/schedule/preview", `{"schedule":"0 0 29 2 1","tz":"Europe/Berlin","count":100}`},
	{"backups", "GET", "/v1/backup", ""},
}

// measureCostly has many with a good key ask for what costs much, while pings come on a schedule.
func measureCostly(ctx context.Context, b *bench) error {
	l, err := b.startLarge(ctx, costlyState)
	if err != nil {
		return err
	}
	defer l.close()
	var list struct{ Heartbeats []struct{ ID string } }
	if _, err := l.getJSON(ctx, "/v1/heartbeats?limit=1", &list); err != nil || len(list.Heartbeats) == 0 {
		return fmt.Errorf("a list of one: %w", err)
	}
	pings := shot{urls: urlsOf([]*localcluster.Node{l.leader}), tokens: l.tokens, conns: 64, rate: costlyPings, duration: b.duration}
	fmt.Printf("%d pings/s at the leader, of %d heartbeats, beside %d clients with a good key that each ask again once they were answered; medians of %d (lowest to highest)\n\n",
		costlyPings, costlyState, costlyAskers, b.rounds)
	t := newTable(os.Stdout, "beside", "p50 ms", "p99 ms", "longest ms", "not OK", "answered a second", "refused a second", "MiB more")
	longest := 0.0
	for i := range len(costlyRequests) + 1 {
		row, err := l.costlyRow(ctx, b, pings, i, list.Heartbeats[0].ID)
		if err != nil {
			return err
		}
		longest = max(longest, row.p99.median())
		t.row(row.what, row.p50.format("%.1f"), row.p99.format("%.1f"), row.longest.format("%.0f"), fmt.Sprint(row.bad), row.whole.format("%.0f"), row.refused.format("%.0f"), row.added.format("%.0f"))
	}
	t.Flush()
	b.addFinding(fmt.Sprintf("%d pings a second beside %d who ask for what costs much: p99", costlyPings, costlyAskers), "≤ 100 ms", fmt.Sprintf("%.0f ms", longest), longest <= 100)
	return nil
}

// costlyRow is what pings met beside one kind of request.
type costlyRow struct {
	what                                     string
	p50, p99, longest, whole, refused, added spread
	bad                                      int64
}

// costlyRow measures pings beside request i; behind the last one, beside nothing.
func (l *large) costlyRow(ctx context.Context, b *bench, pings shot, i int, id string) (row costlyRow, err error) {
	askers := costlyAskers
	if row.what = "nothing"; i < len(costlyRequests) {
		row.what = costlyRequests[i].what
	} else {
		i, askers = 0, 0
	}
	r := costlyRequests[i]
	for range b.rounds {
		before, err := l.leader.Usage()
		if err != nil {
			return row, err
		}
		crowd := startCrowd(ctx, l.leader, askers, func(ctx context.Context, _ int) (int, error) {
			return l.askAll(ctx, r.method, strings.ReplaceAll(r.path, "ID", id), r.body)
		})
		got, err := b.runGenerator(ctx, pings)
		if err = errors.Join(err, crowd.stop()); err != nil {
			return row, err
		}
		row.p50, row.p99, row.longest = append(row.p50, got.Latency.P50), append(row.p99, got.Latency.P99), append(row.longest, got.Latency.Max)
		row.whole = append(row.whole, float64(crowd.whole.Load())/b.duration.Seconds())
		row.refused = append(row.refused, float64(crowd.refused.Load())/b.duration.Seconds())
		row.added = append(row.added, mib(crowd.peak-before.Resident))
		row.bad += int64(got.Bad())
	}
	return row, nil
}

// askAll reads all of an answer of the leader's, as it comes.
func (l *large) askAll(ctx context.Context, method, path, body string) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, method, l.leader.URL()+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+adminKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

const (
	crowdAgain  = 10 * time.Millisecond
	crowdSample = 20 * time.Millisecond // of resident memory
)

// crowd is many who ask a node, each again once it was answered.
type crowd struct {
	whole, refused atomic.Int64
	peak           int64 // resident memory of the node
	over           context.CancelFunc
	wg             sync.WaitGroup
	mu             sync.Mutex
	err            error
}

// startCrowd has n ask a node until the crowd is stopped. ask reads all of an answer, and returns its status.
func startCrowd(ctx context.Context, node *localcluster.Node, n int, ask func(ctx context.Context, i int) (status int, err error)) *crowd {
	c := &crowd{}
	ctx, c.over = context.WithCancel(ctx)
	for i := range n {
		c.wg.Go(func() { c.askRepeatedly(ctx, i, ask) })
	}
	c.wg.Go(func() {
		for sleepContext(ctx, crowdSample) == nil {
			u, err := node.Usage()
			c.fail(err)
			c.peak = max(c.peak, u.Resident)
		}
	})
	return c
}

func (c *crowd) askRepeatedly(ctx context.Context, i int, ask func(ctx context.Context, i int) (status int, err error)) {
	for sleepContext(ctx, crowdAgain) == nil {
		status, err := ask(ctx, i)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			c.fail(err)
		case status == http.StatusOK:
			c.whole.Add(1)
		default:
			c.refused.Add(1)
		}
	}
}

func (c *crowd) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = errors.Join(c.err, err)
}

func (c *crowd) stop() error {
	c.over()
	c.wg.Wait()
	return c.err
}
