package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

const (
	stormIn    = 15 // seconds after its creation, a heartbeat of the storm fails
	stormLimit = 3 * time.Minute
)

// measureStorm has many heartbeats of one recipient fail at once, who should get a few
// mails and digests.
func measureStorm(ctx context.Context, b *bench) error {
	l, err := b.largeCluster(ctx)
	if err != nil {
		return err
	}
	to := fmt.Sprintf("all%d@example.com", time.Now().UnixNano())
	s, err := l.storm(ctx, b.storm, func(int) string { return to })
	if err != nil {
		return err
	}
	fmt.Printf("%d heartbeats fail within %.1f s, one recipient: %s\n", b.storm, s.within, s)
	b.addFinding(fmt.Sprintf("%d heartbeats failing at once: all alerts handed over", b.storm), "≤ 30 s; one recipient gets a digest",
		fmt.Sprintf("%.1f s, %d mails", s.last, s.mails), s.last <= 30 && s.mails < b.storm/100)
	return nil
}

// measureMails has as many fail with a recipient each, who get a mail each: it shows
// how fast mails go out.
func measureMails(ctx context.Context, b *bench) error {
	l, err := b.largeCluster(ctx)
	if err != nil {
		return err
	}
	round := time.Now().UnixNano()
	s, err := l.storm(ctx, b.storm, func(i int) string { return fmt.Sprintf("s%d-%d@example.com", round, i) })
	if err != nil {
		return err
	}
	fmt.Printf("%d heartbeats fail within %.1f s, a recipient each: %s: %.0f a second\n", b.storm, s.within, s, float64(s.mails)/(s.last-s.first))
	return nil
}

// stormed is how a storm went; times in seconds after the first deadline.
type stormed struct {
	within      float64 // all deadlines
	judged      float64 // all heartbeats are failing
	first, last float64 // mail
	mails       int
}

func (s stormed) String() string {
	return fmt.Sprintf("all found failing after %.2f s; %d mails, the first after %.2f s, the last after %.1f s", s.judged, s.mails, s.first, s.last)
}

// storm makes n heartbeats fail, waits for the mails, and deletes them.
func (l *large) storm(ctx context.Context, n int, to func(int) string) (s stormed, err error) {
	already, err := l.metric(ctx, `quorumbeat_heartbeats{status="failing"}`)
	if err != nil {
		return s, err
	}
	mailsBefore := len(l.sink.Mails(""))
	list, err := l.createEach(ctx, n, func(i int) heartbeat.CreateParams {
		return failingHeartbeat(fmt.Sprintf("storm %d", i), stormIn, to(i))
	})
	defer func() { l.deleteAll(list) }()
	if err != nil {
		return s, err
	}
	first, last := dueAt(list[0]), dueAt(list[0])
	for _, h := range list {
		if at := dueAt(h); at.Before(first) {
			first = at
		} else if at.After(last) {
			last = at
		}
	}
	s.within = last.Sub(first).Seconds()
	if err := l.waitMetric(ctx, `quorumbeat_heartbeats{status="failing"}`, already+float64(n)); err != nil {
		return s, err
	}
	s.judged = time.Since(first).Seconds()
	if err := l.waitMetric(ctx, "quorumbeat_alert_queue_length", 0); err != nil {
		return s, err
	}
	mails := l.sink.Mails("")[mailsBefore:]
	s.mails = len(mails)
	if len(mails) == 0 {
		return s, fmt.Errorf("no mail came of %d heartbeats that failed", n)
	}
	s.first, s.last = mailTimes(mails, first)
	return s, nil
}

func mailTimes(mails []smtpsink.Mail, since time.Time) (first, last float64) {
	var at spread
	for _, m := range mails {
		at = append(at, m.At.Sub(since).Seconds())
	}
	return at.min(), at.max()
}

// waitMetric waits until the leader exports a value.
func (l *large) waitMetric(ctx context.Context, name string, want float64) error {
	ctx, cancel := context.WithTimeout(ctx, stormLimit)
	defer cancel()
	for {
		got, err := l.metric(ctx, name)
		if err == nil && got == want {
			return nil
		}
		if err := sleepContext(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("%s is %v, not %v, after %s", name, got, want, stormLimit)
		}
	}
}

// metric reads one series of the leader.
func (l *large) metric(ctx context.Context, name string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.leader.URL()+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	return findMetric(text, name)
}

func findMetric(text []byte, name string) (float64, error) {
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("no metric %s", name)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}
