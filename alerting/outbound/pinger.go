package outbound

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Limits of Config.Every.
const (
	MinEvery = time.Second
	MaxEvery = 24 * time.Hour
)

const (
	retryEvery = 10 * time.Second // after a request that was withheld or failed
	lookLimit  = 20 * time.Second // for looking at the cluster
)

// Config says whom a leader tells, and how often.
type Config struct {
	URL   string        // "": nobody
	Every time.Duration // MinEvery to MaxEvery
}

// DefaultConfig tells nobody.
func DefaultConfig() Config { return Config{Every: time.Minute} }

// Validate tells the first thing that is wrong, and what to do about it.
func (c Config) Validate() error {
	if c.Every < MinEvery || c.Every > MaxEvery {
		return fmt.Errorf("%w: --outbound-every is %v; it must be %v to %v", fsm.ErrConfig, c.Every, MinEvery, MaxEvery)
	}
	if c.URL == "" {
		return nil
	}
	if _, err := outgoing.ParseURL(c.URL); err != nil {
		return fmt.Errorf("%w: --outbound-url: %v", fsm.ErrConfig, err)
	}
	return nil
}

// Pinger tells another monitor that the cluster is well, while its node leads.
type Pinger struct {
	every  time.Duration
	url    *url.URL
	client *outgoing.Client
	look   func(context.Context) View
	log    *slog.Logger
	status status
}

// New returns a pinger that looks at the cluster by a function. Without a URL its Lead returns at once.
func New(c Config, look func(context.Context) View, log *slog.Logger, reg prometheus.Registerer) (*Pinger, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p := &Pinger{every: c.Every, client: outgoing.New(outgoing.PrivateToo()), look: look, log: log}
	if c.URL == "" {
		return p, nil
	}
	p.url, _ = outgoing.ParseURL(c.URL)
	return p, p.status.register(reg)
}

// Lead tells the other monitor until ctx ends.
func (p *Pinger) Lead(ctx context.Context, _ uint64) {
	if p.url == nil {
		return
	}
	defer p.status.rest()
	for ctx.Err() == nil {
		began := time.Now()
		every := p.every
		if !p.tell(ctx) {
			every = min(every, retryEvery)
		}
		select {
		case <-time.After(time.Until(began.Add(every))):
		case <-ctx.Done():
		}
	}
}

// tell looks at the cluster and, if it is well, asks the URL. It reports whether that was
// taken.
func (p *Pinger) tell(ctx context.Context) bool {
	limited, cancel := context.WithTimeout(ctx, lookLimit)
	fault := p.look(limited).Fault()
	cancel()
	state := Withheld
	if fault == "" {
		state = Taken
		if err := p.ask(ctx); err != nil {
			state, fault = Failed, err.Error()
		}
	}
	if ctx.Err() != nil {
		return false // it leads no more, and that is why
	}
	if before, changed := p.status.set(state, fault); changed {
		p.logChange(before, state, fault)
	}
	return state == Taken
}

// ask sends the request. What the answer says beside its status does not matter.
func (p *Pinger) ask(ctx context.Context) error {
	conn, err := p.client.Open(ctx, p.url)
	if err != nil {
		return err
	}
	defer conn.Close()
	answer, err := conn.Do(ctx, time.Now().Add(time.Minute), outgoing.Request{Method: http.MethodGet})
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", p.url.Host, err)
	case answer.Status >= 300 && answer.Status < 400:
		return fmt.Errorf("%s answered %d, a redirect, which is not followed: give --outbound-url the URL that it leads to", p.url.Host, answer.Status)
	case answer.Status < 200 || answer.Status > 299:
		return fmt.Errorf("%s answered %d", p.url.Host, answer.Status)
	}
	return nil
}

func (p *Pinger) logChange(before, state State, fault string) {
	switch {
	case state == Withheld:
		p.log.Warn("the other monitor is told nothing, for the cluster is not well", "monitor", p.url.Host, "why", fault)
	case state == Failed:
		p.log.Warn("the other monitor does not take the ping that says that this one is well: see to it, or to --outbound-url", "monitor", p.url.Host, "why", fault)
	case before == Withheld || before == Failed:
		p.log.Info("the other monitor is told again that this one is well", "monitor", p.url.Host)
	default:
		p.log.Info("this leader tells the other monitor that the cluster is well", "monitor", p.url.Host, "every", p.every)
	}
}
