package wrap

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/spool"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// report tells the monitor of one run. Its start is told in the background, again
// and again while the job runs; its end is told after the job's, for a while, and is
// then kept for later.
type report struct {
	api   *heartbeat.Client
	spool *spool.Folder
	wait  time.Duration
	say   func(string, ...any)
	run   spool.Entry // as it would be kept

	ended     chan struct{} // closed when the job has
	startDone chan struct{} // closed when nobody tells of the start any more; nil: nobody did
	startDue  bool          // the monitor was not told of the start, then
	stop      context.CancelFunc
	flushing  sync.WaitGroup
	left      bool // of the spool
}

const (
	startAgain = time.Minute     // after about this time a start is told again
	flushTime  = 2 * time.Second // for what earlier runs have left, after a job's end
)

func newReport(s *Settings, api *heartbeat.Client, say func(string, ...any)) *report {
	return &report{
		api: api, spool: &s.Spool, wait: s.Wait, say: say, left: true,
		run:   spool.Entry{URL: s.URL, Token: s.Token, RunID: heartbeat.NewRunID()},
		ended: make(chan struct{}),
	}
}

// tellStart tells of the start, and then of what earlier runs have left.
func (r *report) tellStart(at time.Time) {
	ctx, stop := context.WithCancel(context.Background())
	r.stop, r.startDone = stop, make(chan struct{})
	start := spool.Signal{Signal: string(heartbeat.SignalStart), At: at, Key: heartbeat.NewKey()}
	r.run.Signals = []spool.Signal{start}
	r.flushing.Go(func() {
		err := r.retryStart(ctx, start)
		r.startDue = err != nil && !heartbeat.IsRefused(err)
		close(r.startDone)
		if err == nil {
			r.flush(ctx)
		}
	})
}

// retryStart tries until it has tried once since the job's end. A refusal is for the
// end to tell of.
func (r *report) retryStart(ctx context.Context, start spool.Signal) error {
	for late := false; ; late = true {
		last := isClosed(r.ended)
		err := r.run.Tell(ctx, r.api, start, late)
		if err == nil || heartbeat.IsRefused(err) || last || ctx.Err() != nil {
			return err
		}
		pause := time.NewTimer(startAgain/2 + rand.N(startAgain))
		select {
		case <-r.ended:
		case <-pause.C:
		}
		pause.Stop()
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// tellEnd tells of the end, or has it kept. enough cuts it short.
func (r *report) tellEnd(enough <-chan struct{}, end spool.Signal) {
	ctx, cancel := context.WithTimeout(context.Background(), r.wait)
	defer cancel()
	go func() {
		select {
		case <-enough:
			cancel()
		case <-ctx.Done():
		}
	}()
	end.Key = heartbeat.NewKey()
	r.finishStart(ctx)
	err := r.run.Tell(ctx, r.api, end, false)
	switch {
	case err == nil:
		r.flush(ctx)
	case heartbeat.IsNotFound(err) && heartbeat.IsRefused(err):
		r.say("the monitor knows no heartbeat with this token: see --token; nobody was told of this run")
	case heartbeat.IsRefused(err):
		r.say("the monitor refused to be told of this run: %v", err)
	default:
		r.keepForLater(end, err)
	}
}

// finishStart gives the start a third of the time. It has to be told first: a start
// that comes after its end would begin a run that never ends. If the end then comes
// through and the start did not, the start is dropped.
func (r *report) finishStart(ctx context.Context) {
	close(r.ended)
	if r.startDone == nil {
		return
	}
	limit := time.NewTimer(r.wait / 3)
	defer limit.Stop()
	select {
	case <-r.startDone:
	case <-limit.C:
	case <-ctx.Done():
	}
	r.stop()
	r.flushing.Wait()
}

// keepForLater puts what was not told into the spool.
func (r *report) keepForLater(end spool.Signal, why error) {
	if !r.startDue {
		r.run.Signals = nil
	}
	r.run.Signals = append(r.run.Signals, end)
	why = cli.Explain(&cli.Connection{URL: r.run.URL}, why)
	dir, err := r.spool.Add(r.run)
	if err != nil {
		r.say("the monitor was not told of this run: %v; and it cannot be kept for later: %v", why, err)
		return
	}
	r.say("the monitor was not told of this run: %v; it is kept in %s, for the next run or 'quorumbeat spool flush'", why, dir)
}

// flush tells of earlier runs, as far as the time allows.
func (r *report) flush(ctx context.Context) {
	if !r.left {
		return
	}
	if isClosed(r.ended) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, flushTime)
		defer cancel()
	}
	f := spool.Flusher{Say: r.say, Client: func(e spool.Entry) *heartbeat.Client {
		if e.Token == r.run.Token || e.URL == r.run.URL { // the address may have been corrected since
			return r.api
		}
		return nil
	}}
	res, err := f.Flush(ctx, r.spool)
	r.left = err != nil || res.Left > 0
}
