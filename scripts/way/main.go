package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

const (
	pings    = 500
	pause    = 5 * time.Millisecond // after each, so that whatever follows its reply is its own
	adminKey = "an-admin-key-for-the-way"
	most     = 2 * time.Minute
)

func main() {
	alert := flag.Bool("alert", false, "follow an alert, not a ping")
	flag.Parse()
	if err := run(*alert); err != nil {
		fmt.Fprintln(os.Stderr, "way:", err)
		os.Exit(1)
	}
}

func run(alert bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	dir, err := os.MkdirTemp("", "way-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	functions, err := build(ctx, dir)
	if err != nil {
		return err
	}
	sink, err := smtpsink.Start(smtpsink.Config{})
	if err != nil {
		return err
	}
	defer sink.Close()
	c, err := localcluster.Start(localcluster.Options{
		Binary: filepath.Join(dir, "quorumbeat"), Dir: dir, Nodes: 3, AdminKey: adminKey,
		Flags: []string{"--smtp-url", "smtp://" + sink.Addr() + "?tls=none", "--mail-from", "way@example.com"},
	})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.WaitReady(ctx); err != nil {
		return err
	}
	leader, err := c.Leader(ctx)
	if err != nil {
		return err
	}
	w := &walk{leader: leader, api: heartbeat.New(adminKey, heartbeat.WithBaseURL(leader.URL())), sink: sink}
	if alert {
		err = w.alert(ctx)
	} else {
		err = w.pings(ctx)
	}
	if err != nil {
		return err
	}
	notes, err := readNotes(ctx, leader.Dir+".way", w.began[len(w.began)-1])
	if err != nil {
		return err
	}
	report(os.Stdout, pathOf(visits(notes, functions), w.began, w.quiet), functions)
	return nil
}

// walk has something pass the leader.
type walk struct {
	leader *localcluster.Node
	api    *heartbeat.Client
	sink   *smtpsink.Sink

	began []time.Time // when each ping was sent, and the last one was done with
	quiet time.Time   // from then to the first of those nothing happened; zero: that is not known
}

// pings sends plain pings on one connection, one after the other.
func (w *walk) pings(ctx context.Context) error {
	h, err := w.api.Create(ctx, heartbeat.CreateParams{Name: "way", IntervalSecs: 86_400})
	if err != nil {
		return err
	}
	for range pings {
		w.began = append(w.began, time.Now())
		resp, err := http.Get(w.leader.URL() + "/v1/heartbeats/" + h.Token + "/ping")
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil || resp.StatusCode != http.StatusOK {
			return fmt.Errorf("a ping was answered with %s: %w", resp.Status, err)
		}
		time.Sleep(pause)
	}
	w.began = append(w.began, time.Now())
	return nil
}

const (
	soon    = 15                     // seconds from the creation of a heartbeat to its alert
	settled = 500 * time.Millisecond // after the mail, within which what came of it is recorded
)

// alert has a heartbeat fail, and waits for its mail.
func (w *walk) alert(ctx context.Context) error {
	h, err := w.api.Create(ctx, heartbeat.CreateParams{
		Name: "way", IntervalSecs: soon, GraceSecs: heartbeat.NoGrace, MissThreshold: 1, Email: []string{"way@example.com"},
	})
	if err != nil {
		return err
	}
	for len(w.sink.Mails("way@example.com")) == 0 { // nothing is asked of the nodes meanwhile: that would show
		if ctx.Err() != nil {
			return errors.New("no mail came")
		}
		time.Sleep(50 * time.Millisecond)
	}
	due := h.CreatedAt.Add(soon * time.Second)
	w.quiet, w.began = due.Add(-12*time.Second), []time.Time{due.Add(-50 * time.Millisecond), time.Now().Add(settled)}
	return nil
}
