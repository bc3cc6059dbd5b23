package alerting

import (
	"context"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/alerting/smtp"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// Cluster is what a leader needs of replication.
type Cluster interface {
	// Propose has a command committed, wherever the leader is, until ctx ends.
	Propose(ctx context.Context, cmd fsm.Command) (fsm.Result, error)
	// ProposeOnce has a command committed by the leader of a term, or not at all.
	ProposeOnce(ctx context.Context, term uint64, cmd fsm.Command) (fsm.Result, error)
	// Tick commits a batch that carries serving time.
	Tick(ctx context.Context) error
}

// Service does a leader's work about time and mail.
type Service struct {
	cfg      Config
	store    *store.Store
	cluster  Cluster
	server   *smtp.Server
	met      *metrics
	log      *slog.Logger
	mail     mailHealth
	awaited  awaited                   // by the lanes
	openers  map[string]channel.Opener // by kind of channels
	policy   outgoing.Policy           // of what channels may reach
	stop     context.CancelFunc
	watching sync.WaitGroup
}

// settingsEvery is how often a node compares its settings with the cluster's.
const settingsEvery = 10 * time.Second

// New makes the service of a node. It does nothing about mail until Lead.
func New(cfg Config, store *store.Store, c Cluster) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	met, err := newMetrics(cfg.Registerer)
	if err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, store: store, cluster: c, met: met, log: cfg.logger()}
	s.server, err = smtp.NewServer(cfg.SMTPURL, smtp.ServerConfig{Helo: cfg.SMTPHelo, Terminal: cfg.Terminal, Dotted: func() { s.passPoint(PointDotted) }})
	if err != nil {
		return nil, err
	}
	policy, err := outgoing.ParsePolicy(cfg.WebhookAllow)
	if err != nil {
		return nil, err
	}
	s.policy = policy
	s.openers = openersFor(cfg, policy, func() { s.passPoint(PointDotted) })
	s.mail.onChange, s.mail.onStatus = s.logMailHealth, met.setMailServer
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.watching.Go(func() { s.watchMailServer(ctx) })
	if len(cfg.Settings.MailTo) == 0 {
		s.log.Warn("no --mail-to is set: when a heartbeat fails that names no address of its own, nobody is told")
	}
	s.watching.Go(func() { s.watchSettings(ctx) })
	return s, nil
}

// Close ends what New began. Lead must have returned.
func (s *Service) Close() error {
	s.stop()
	s.watching.Wait()
	return nil
}

// SetSMTPURL has new connections go to another mail server, or with another password.
// Errors wrap ErrConfig, and leave the old one in force.
func (s *Service) SetSMTPURL(raw string) error { return s.server.Use(raw) }

// Lead ticks and sends until the leadership of a term ends, and returns when all
// of that has stopped.
func (s *Service) Lead(ctx context.Context, term uint64) {
	if !s.enforceSettings(ctx) {
		return
	}
	var parts sync.WaitGroup
	defer parts.Wait()
	t := &ticker{store: s.store, cluster: s.cluster, met: s.met, awaited: &s.awaited}
	parts.Go(func() { t.run(ctx) })
	d := newDispatcher(s, term)
	parts.Go(func() { d.run(ctx) })
}

// enforceSettings makes this node's settings those of the cluster, before its first tick.
// It reports whether it could before ctx ended.
func (s *Service) enforceSettings(ctx context.Context) bool {
	for ctx.Err() == nil {
		if sameSettings(s.store.Settings(), s.cfg.Settings) {
			return true
		}
		limited, cancel := context.WithTimeout(ctx, 10*time.Second)
		_, err := s.cluster.Propose(limited, fsm.SetSettings{Settings: s.cfg.Settings})
		cancel()
		if err == nil {
			s.log.Info("the cluster takes this leader's settings", "history", s.cfg.Settings.History,
				"mail_to", len(s.cfg.Settings.MailTo), "alert_burst", s.cfg.Settings.Burst, "alert_group_wait_ms", s.cfg.Settings.GroupWait,
				"alert_flap_window_ms", s.cfg.Settings.FlapWindow, "remind_every_s", s.cfg.Settings.RemindEvery)
			return true
		}
		select {
		case <-time.After(tickRetry):
		case <-ctx.Done():
		}
	}
	return false
}

func sameSettings(a, b fsm.Settings) bool {
	if len(a.MailTo) == 0 && len(b.MailTo) == 0 {
		a.MailTo, b.MailTo = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

// watchSettings says so once whenever this node's settings are not those in force.
func (s *Service) watchSettings(ctx context.Context) {
	tick := time.NewTicker(settingsEvery)
	defer tick.Stop()
	differed := false
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		differs := !s.store.LastWall().IsZero() && !sameSettings(s.store.Settings(), s.cfg.Settings)
		if differs && !differed {
			s.log.Warn("the settings of this node (--history, --mail-to, --alert-burst, --alert-group-wait) are not those in force: " +
				"the leader's are; give all nodes the same")
		}
		differed = differs
	}
}
