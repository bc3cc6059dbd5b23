package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

const (
	scraped     = 170_000 // heartbeats
	scrapers    = 40      // at once
	scrapePings = 1000    // a second, meanwhile
)

// measureScrapes scrapes the leader of a large cluster, once and by many at once while
// it takes pings.
func measureScrapes(ctx context.Context, b *bench) error {
	l, err := b.startLarge(ctx, scraped, "--metrics-per-heartbeat=true")
	if err != nil {
		return err
	}
	defer l.close()
	if err := l.scrapeAlone(ctx, b); err != nil {
		return err
	}
	return l.scrapeTogether(ctx, b)
}

// scrapeAlone has one scrape at a time, of a cluster that does nothing else.
func (l *large) scrapeAlone(ctx context.Context, b *bench) error {
	took, size := map[bool]spread{}, map[bool]int64{}
	for range b.rounds {
		for _, zip := range []bool{false, true} {
			began := time.Now()
			n, status, err := scrape(ctx, l.leader, zip)
			if err != nil || status != http.StatusOK {
				return fmt.Errorf("a scrape: status %d, %w", status, err)
			}
			took[zip], size[zip] = append(took[zip], time.Since(began).Seconds()), n
		}
	}
	fmt.Printf("a scrape of %d heartbeats alone: %s s plain, %.1f MB; %s s with gzip, %.1f MB\n", scraped,
		took[false].format("%.2f"), float64(size[false])/1e6, took[true].format("%.2f"), float64(size[true])/1e6)
	b.addFinding(fmt.Sprintf("%d heartbeats scraped, plain and with gzip", scraped), "≤ 0.5 s",
		fmt.Sprintf("%.2f and %.2f s", took[false].median(), took[true].median()), max(took[false].median(), took[true].median()) <= 0.5)
	return nil
}

// scrapeTogether has many scrape at once, again and again, while pings come on a schedule.
func (l *large) scrapeTogether(ctx context.Context, b *bench) error {
	pings := shot{urls: urlsOf([]*localcluster.Node{l.leader}), tokens: l.tokens, conns: 64, rate: scrapePings, duration: 3 * b.duration}
	calm, err := b.runGenerator(ctx, pings)
	if err != nil {
		return err
	}
	before, err := l.leader.Usage()
	if err != nil {
		return err
	}
	crowd := startCrowd(ctx, l.leader, scrapers, func(ctx context.Context, i int) (int, error) {
		_, status, err := scrape(ctx, l.leader, i%2 == 0)
		return status, err
	})
	busy, err := b.runGenerator(ctx, pings)
	if err = errors.Join(err, crowd.stop()); err != nil {
		return err
	}
	added := mib(crowd.peak - before.Resident)
	fmt.Printf("%d pings/s: p99 %.1f, longest %.1f ms; beside %d scrapers: p99 %.1f, longest %.1f ms, %d not OK\n",
		scrapePings, calm.Latency.P99, calm.Latency.Max, scrapers, busy.Latency.P99, busy.Latency.Max, busy.Bad())
	fmt.Printf("%d scrapes whole, %d told to come again; resident memory %.0f MiB, at most %.0f MiB more\n",
		crowd.whole.Load(), crowd.refused.Load(), mib(before.Resident), added)
	b.addFinding(fmt.Sprintf("  same, %d at once: memory that is added", scrapers), "< 100 MB", fmt.Sprintf("%.0f MB", added*1.048576), added*1.048576 < 100)
	b.addFinding(fmt.Sprintf("  same: longest of %d pings a second", scrapePings), "≤ 100 ms", fmt.Sprintf("%.0f ms", busy.Latency.Max), busy.Latency.Max <= 100)
	return nil
}

// scrape reads all of an answer, as it comes.
func scrape(ctx context.Context, n *localcluster.Node, zip bool) (size int64, status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.URL()+"/metrics", nil)
	if err != nil {
		return 0, 0, err
	}
	req.Header.Set("Accept-Encoding", map[bool]string{true: "gzip", false: "identity"}[zip])
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer res.Body.Close()
	size, err = io.Copy(io.Discard, res.Body)
	return size, res.StatusCode, err
}

// measureLists lists and searches the large state through the API, one request after the other, at the leader.
func measureLists(ctx context.Context, b *bench) error {
	l, err := b.largeCluster(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("of %d heartbeats, one request after the other; medians of %d (lowest to highest)\n\n", b.many, b.rounds)
	t := newTable(os.Stdout, "what", "ms", "kB")
	for _, x := range []struct{ what, path string }{
		{"one heartbeat", ""},
		{"the newest 50", "?limit=50"},
		{"a name: \"nightly job 500000\"", "?limit=50&q=nightly+job+500000"},
		{"a name that none has, all are looked at", "?limit=50&q=no+such+job"},
		{"a tag that none has", "?limit=50&tag=none"},
		{"those that fail, and none does", "?limit=50&status=failing"},
	} {
		path := "/v1/heartbeats" + x.path
		if x.path == "" {
			var list struct{ Heartbeats []struct{ ID string } }
			if _, err := l.getJSON(ctx, "/v1/heartbeats?limit=1", &list); err != nil || len(list.Heartbeats) == 0 {
				return fmt.Errorf("a list of one: %w", err)
			}
			path += "/" + list.Heartbeats[0].ID
		}
		var took, size spread
		for range b.rounds {
			began := time.Now()
			n, err := l.getJSON(ctx, path, &struct{}{})
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			took, size = append(took, 1000*time.Since(began).Seconds()), append(size, float64(n)/1000)
		}
		t.row(x.what, took.format("%.1f"), fmt.Sprintf("%.1f", size.median()))
	}
	t.Flush()
	return nil
}

// getJSON reads an answer of the leader's, and returns its size.
func (l *large) getJSON(ctx context.Context, path string, v any) (size int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.leader.URL()+path, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+adminKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", res.StatusCode, text)
	}
	return len(text), errors.Join(err, json.Unmarshal(text, v))
}
