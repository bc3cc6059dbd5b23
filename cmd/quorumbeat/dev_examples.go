package main

import (
	"context"
	"fmt"
	"time"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// devExample is a job that quorumbeat dev --examples plays.
type devExample struct {
	heartbeat.CreateParams
	every time.Duration // 0: it only does what begin does
	begin func(*heartbeat.Client, *heartbeat.Heartbeat) error
	run   func(n int) (status int, output string) // of its n-th run
}

func devExamples() []devExample {
	ctx := context.Background()
	good := func(n int) (int, string) { return 0, fmt.Sprintf("run %d: copied %d files\n", n, 1000+n*37%400) }
	return []devExample{
		{CreateParams: heartbeat.CreateParams{Name: "backup-db-1", IntervalSecs: 10, GraceSecs: 5, Tags: []string{"db", "nightly"}}, every: 10 * time.Second, run: good},
		{CreateParams: heartbeat.CreateParams{Name: "backup-db-2", IntervalSecs: 10, GraceSecs: 5, Tags: []string{"db", "nightly"}}, every: 10 * time.Second, run: func(n int) (int, string) {
			if n%12 > 8 {
				return 1, "dumping…\nerror: no space left on device\n"
			}
			return good(n)
		}},
		{CreateParams: heartbeat.CreateParams{Name: "sync-10", IntervalSecs: 30, GraceSecs: 10, Tags: []string{"web"}}, every: 30 * time.Second, run: good},
		{CreateParams: heartbeat.CreateParams{Name: "sync-2", IntervalSecs: 30, GraceSecs: 600, Tags: []string{"web"}}, begin: func(c *heartbeat.Client, h *heartbeat.Heartbeat) error {
			return c.Ping(ctx, h.Token) // and then it falls silent: late, for ten minutes
		}},
		{CreateParams: heartbeat.CreateParams{Name: "certificates", IntervalSecs: 86400}},
		{CreateParams: heartbeat.CreateParams{Name: "report", IntervalSecs: 3600}, begin: func(c *heartbeat.Client, h *heartbeat.Heartbeat) error {
			_, err := c.Pause(ctx, h.ID)
			return err
		}},
	}
}

// playExamples makes the example heartbeats, and plays their jobs until ctx ends.
func playExamples(ctx context.Context, urls []string) error {
	client := heartbeat.New(devKey, heartbeat.WithBaseURL(urls...))
	for _, ex := range devExamples() {
		h, err := client.Create(ctx, ex.CreateParams)
		if err != nil {
			return err
		}
		if ex.begin != nil {
			if err := ex.begin(client, h); err != nil {
				return err
			}
		}
		if ex.run != nil {
			go ex.play(ctx, client, h)
		}
	}
	return nil
}

// play runs a job again and again, as quorumbeat run would tell of it.
func (ex *devExample) play(ctx context.Context, c *heartbeat.Client, h *heartbeat.Heartbeat) {
	for n := 1; ctx.Err() == nil; n++ {
		_ = c.Start(ctx, h.Token, heartbeat.SignalParams{})
		pause(ctx, time.Duration(200+n*131%900)*time.Millisecond)
		status, output := ex.run(n)
		_ = c.Exit(ctx, h.Token, status, heartbeat.SignalParams{Body: []byte(output)})
		pause(ctx, ex.every-time.Second)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
