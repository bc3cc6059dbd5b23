package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

const (
	tag = "quorumbeat-bench"

	makers       = 256              // heartbeats being made or deleted at a time
	attempts     = 5                // to make or delete one
	deleteLimit  = 30 * time.Minute // for all of them
	progressTime = 5 * time.Second
)

// fixture is the heartbeats that a bench makes.
type fixture struct {
	clients []*heartbeat.Client
	words   io.Writer

	mu   sync.Mutex
	made []made
	lost int // creates without an answer: there may be one more each
}

type made struct{ id, token string }

func newFixture(s *options, words io.Writer) *fixture {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: makers, IdleConnTimeout: 5 * time.Second}
	f := &fixture{words: words}
	for _, u := range s.urls {
		f.clients = append(f.clients, heartbeat.New(s.APIKey, heartbeat.WithBaseURL(u), heartbeat.WithRetries(0), // see again
			heartbeat.WithHTTPClient(&http.Client{Timeout: 30 * time.Second, Transport: transport})))
	}
	return f
}

// create makes n heartbeats that will not be due for a year, and returns how many a
// second. The first failure ends it.
func (f *fixture) create(ctx context.Context, n int) (perSecond float64, err error) {
	return f.inParallel(ctx, n, "made", func(ctx context.Context, api *heartbeat.Client, i int) error {
		h, err := api.Create(ctx, heartbeat.CreateParams{
			Name: fmt.Sprintf("bench %d", i+1), IntervalSecs: 366 * 86400, Arm: "first_ping", Tags: []string{tag},
		})
		f.mu.Lock()
		defer f.mu.Unlock()
		switch {
		case err == nil:
			f.made = append(f.made, made{h.ID, h.Token})
		case !certainlyRefused(err):
			f.lost++
		}
		return err
	})
}

// deleteAll deletes what was made, even if ctx has ended; a second Ctrl-C ends it.
func (f *fixture) deleteAll(ctx context.Context) (perSecond float64, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteLimit)
	defer cancel()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	var gone int
	perSecond, err = f.inParallel(ctx, len(f.made), "deleted", func(ctx context.Context, api *heartbeat.Client, i int) error {
		err := api.Delete(ctx, f.made[i].id)
		if heartbeat.IsNotFound(err) { // by an earlier attempt
			err = nil
		}
		if err == nil {
			f.mu.Lock()
			defer f.mu.Unlock()
			gone++
		}
		return err
	})
	switch left := len(f.made) - gone; {
	case left > 0:
		return 0, fmt.Errorf("%d heartbeats of this run could not be deleted: look for the tag %s: %w", left, tag, err)
	case f.lost > 0:
		fmt.Fprintf(f.words, "up to %d heartbeats were made without an answer: look for the tag %s\n", f.lost, tag)
	}
	return perSecond, err
}

// inParallel does something n times, side by side, and says how far it is. What is under
// way when ctx ends is finished: else nobody would know what became of it.
func (f *fixture) inParallel(ctx context.Context, n int, word string, do func(context.Context, *heartbeat.Client, int) error) (perSecond float64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	calm := context.WithoutCancel(ctx)
	began := time.Now()
	todo := make(chan int)
	var wg sync.WaitGroup
	for i := range min(n, makers) {
		api := f.clients[i%len(f.clients)]
		wg.Go(func() {
			for j := range todo {
				if err := retry(ctx, func() error { return do(calm, api, j) }); err != nil {
					cancel(err)
				}
			}
		})
	}
	said := began
	for i := 0; i < n && ctx.Err() == nil; i++ {
		select {
		case todo <- i:
		case <-ctx.Done():
		}
		if time.Since(said) >= progressTime {
			said = time.Now()
			fmt.Fprintf(f.words, "%d of %d heartbeats %s\n", i, n, word)
		}
	}
	close(todo)
	wg.Wait()
	return float64(n) / time.Since(began).Seconds(), context.Cause(ctx)
}

// retry repeats what failed for a passing reason.
func retry(ctx context.Context, do func() error) (err error) {
	for i := range attempts {
		if err = do(); err == nil || !isTransient(err) {
			return err
		}
		select {
		case <-time.After(time.Second << i / 4):
		case <-ctx.Done():
			return err
		}
	}
	return err
}

// certainlyRefused reports whether a request certainly changed nothing.
func certainlyRefused(err error) bool {
	var answer *heartbeat.APIError
	var dial *net.OpError
	return errors.As(err, &answer) && answer.StatusCode < 500 || errors.As(err, &dial) && dial.Op == "dial"
}

// isTransient reports whether a cluster may take the same request a little later.
func isTransient(err error) bool {
	var answer *heartbeat.APIError
	return errors.As(err, &answer) && answer.StatusCode == http.StatusServiceUnavailable
}

func (f *fixture) tokens() []string {
	tokens := make([]string, len(f.made))
	for i, m := range f.made {
		tokens[i] = m.token
	}
	return tokens
}

// writeTokens leaves a --tokens-file for the next run.
func (f *fixture) writeTokens(to io.Writer) error {
	_, err := io.WriteString(to, strings.Join(f.tokens(), "\n")+"\n")
	return err
}
