package main

import (
	"context"
	"fmt"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

const (
	soonest   = 8               // seconds until the first alert is due
	span      = 20              // over which the others follow
	mailLimit = 2 * time.Minute // for mails that are due
)

// measureAlerts takes the time from a deadline to the mail, for heartbeats each of
// which has its own recipient, so that none waits for a digest.
func measureAlerts(ctx context.Context, b *bench) error {
	l, err := b.largeCluster(ctx)
	if err != nil {
		return err
	}
	quiet, err := l.alertDelays(ctx, b.alerts)
	if err != nil {
		return err
	}
	wait := b.startLoad(ctx, shot{urls: l.urls(), tokens: l.tokens, conns: b.conns, rate: b.rate, duration: (soonest + span + 4) * time.Second})
	loaded, err1 := l.alertDelays(ctx, b.alerts)
	r, err2 := wait()
	if err1 != nil || err2 != nil {
		return fmt.Errorf("%w, %w", err1, err2)
	}
	fmt.Printf("%d alerts over %d s, from the deadline until the mail server has taken the mail, ms:\n", b.alerts, span)
	fmt.Printf("idle:             p50 %.0f, p99 %.0f, max %.0f\n", quiet.median(), quiet.percentile(99), quiet.max())
	fmt.Printf("%5.0f pings/s:     p50 %.0f, p99 %.0f, max %.0f (%d pings not OK)\n", b.rate, loaded.median(), loaded.percentile(99), loaded.max(), r.Bad()+r.Unsent)
	worst := max(quiet.percentile(99), loaded.percentile(99))
	b.addFinding(fmt.Sprintf("deadline passed → mail handed over, at %d heartbeats", b.many), "p99 ≤ 1 s",
		fmt.Sprintf("p99 %.2f s idle, %.2f s at %.0f pings/s", quiet.percentile(99)/1000, loaded.percentile(99)/1000, b.rate), worst <= 1000)
	return nil
}

// alertDelays has n heartbeats fail, and returns how late their mails were, in ms.
func (l *large) alertDelays(ctx context.Context, n int) (late spread, err error) {
	round := time.Now().UnixNano()
	to := func(i int) string { return fmt.Sprintf("a%d-%d@example.com", round, i) }
	var all []*heartbeat.Heartbeat
	defer func() { l.deleteAll(all) }()
	api := clientOf(l.leader)
	for i := range n {
		h, err := api.Create(ctx, failingHeartbeat(fmt.Sprintf("late %d", i), soonest+i*span/n, to(i)))
		if err != nil {
			return nil, err
		}
		all = append(all, h)
		if err := sleepContext(ctx, 5*time.Millisecond); err != nil { // not all at the same part of a second
			return nil, err
		}
	}
	for i, h := range all {
		mails, err := l.waitMails(ctx, to(i), 1)
		if err != nil {
			return nil, err
		}
		late = append(late, float64(mails[0].At.Sub(dueAt(h)).Microseconds())/1000)
	}
	return late, nil
}

// failingHeartbeat is a heartbeat that fails so many seconds after its creation.
func failingHeartbeat(name string, secs int, to string) heartbeat.CreateParams {
	return heartbeat.CreateParams{Name: name, IntervalSecs: secs, GraceSecs: heartbeat.NoGrace, MissThreshold: 1, Email: []string{to}}
}

func dueAt(h *heartbeat.Heartbeat) time.Time {
	return h.CreatedAt.Add(time.Duration(h.IntervalSecs+h.GraceSecs) * time.Second)
}

// waitMails waits for n mails to somebody.
func (l *large) waitMails(ctx context.Context, to string, n int) ([]smtpsink.Mail, error) {
	ctx, cancel := context.WithTimeout(ctx, mailLimit)
	defer cancel()
	for {
		if mails := l.sink.Mails(to); len(mails) >= n {
			return mails, nil
		}
		if err := sleepContext(ctx, 50*time.Millisecond); err != nil {
			return nil, fmt.Errorf("%d mails of %d came to %s: %w", len(l.sink.Mails(to)), n, to, err)
		}
	}
}

// deleteAll deletes heartbeats that have done their part, as well as it can.
func (l *large) deleteAll(list []*heartbeat.Heartbeat) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	api := clientOf(l.leader)
	if err := inParallel(len(list), func(i int) error { return api.Delete(ctx, list[i].ID) }); err != nil {
		say("some heartbeats are left in the state: %v", err)
	}
}
