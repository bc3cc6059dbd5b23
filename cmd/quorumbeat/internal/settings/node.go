package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/alerting"
	"github.com/quorumbeat/quorumbeat/alerting/outbound"
	"github.com/quorumbeat/quorumbeat/api"
	"github.com/quorumbeat/quorumbeat/cluster"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/selfwatch"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

var (
	LogLevels  = []string{"debug", "info", "warn", "error"}
	LogFormats = []string{"text", "json"}
)

// Node are the settings of a node, as flags.
type Node struct {
	configFile  string
	HTTPAddr    string
	secretFile  string
	secret      string
	groupWait   time.Duration
	flapWindow  time.Duration
	remindEvery time.Duration
	LogLevel    string
	LogFormat   string

	Cluster  cluster.Config
	Alerting alerting.Config
	API      api.Config
	Outbound outbound.Config

	Canaries      selfwatch.Canaries
	NodeDownAfter time.Duration // a node that is gone for so long is told; 0: never

	flags *pflag.FlagSet // that they are read into
}

// Build is what this program was built of.
type Build struct{ Version, Revision string }

// New returns the defaults.
func New(b Build) *Node {
	s := &Node{Cluster: cluster.DefaultConfig(), Alerting: alerting.DefaultConfig(), API: api.DefaultConfig(), Outbound: outbound.DefaultConfig(), NodeDownAfter: 5 * time.Minute, Canaries: selfwatch.Canaries{Every: time.Hour}}
	s.Cluster.NodeName, _ = os.Hostname()
	s.Cluster.DataDir = "./data"
	s.Cluster.Version, s.API.Version, s.API.Revision = b.Version, b.Version, b.Revision
	s.groupWait = time.Duration(s.Alerting.Settings.GroupWait) * time.Millisecond
	s.flapWindow = time.Duration(s.Alerting.Settings.FlapWindow) * time.Millisecond
	return s
}

// Register declares the flags. Their defaults are those of the packages.
func (s *Node) Register(f *pflag.FlagSet) {
	s.flags = f
	c, a, h := &s.Cluster, &s.Alerting, &s.API
	f.StringVar(&s.configFile, "config", "", "YAML `file` of settings, named like the flags; flags and QUORUMBEAT_… variables win")
	f.StringVar(&c.NodeName, "node-name", c.NodeName, "what people call this node")
	f.StringVar(&c.DataDir, "data-dir", c.DataDir, "`folder` of this node's log, snapshots and identity; one process each")
	f.StringVar(&s.HTTPAddr, "http-addr", ":8080", "public HTTP `address`; port 0 takes the last start's port, else any")
	f.StringVar(&h.TLSCert, "http-tls-cert", "", "PEM `file` of the HTTP certificate; with --http-tls-key")
	f.StringVar(&h.TLSKey, "http-tls-key", "", "PEM `file` of the HTTP certificate's key")
	f.StringVar(&h.PublicURL, "public-url", "", "`URL` that clients reach the cluster at, for ping URLs; default: the Host that they send")
	f.Var((*flags.Addresses)(&h.TrustedProxies), "trusted-proxies", "`networks` of proxies whose X-Forwarded-For and Forwarded are believed, like 10.0.0.0/8,127.0.0.1")
	f.Float64Var(&h.PingRate, "ping-rate-limit", h.PingRate, "pings a second of each heartbeat that this node takes; 0: any number")
	f.IntVar(&h.PingBurst, "ping-rate-burst", h.PingBurst, "pings of it at once, before that limit holds")
	f.StringVar(&c.ClusterAddr, "cluster-addr", c.ClusterAddr, "`address` for Raft and forwarding between nodes")
	f.StringVar(&c.GossipAddr, "gossip-addr", c.GossipAddr, "`address` for finding other nodes (TCP and UDP)")
	f.StringVar(&c.Advertise, "advertise", "", "`host` that the other nodes reach this one at (default: the bound one)")
	f.Var((*flags.Addresses)(&c.Join), "join", "gossip `addresses` of other nodes, tried until they answer")
	f.IntVar(&c.BootstrapExpect, "bootstrap-expect", c.BootstrapExpect, "nodes that form a new cluster together, 1 to 9, over 1 with a secret; with --join 0 unless given: never form one")
	f.StringVar(&s.secretFile, "cluster-secret-file", "", "`file` with the cluster secret of 'quorumbeat secret', the same on every node; without one a node takes no peers and opens no port for any")
	f.StringVar(&s.secret, "cluster-secret", "", "the cluster secret itself: for QUORUMBEAT_CLUSTER_SECRET rather than for the command line")
	f.BoolVar(&c.Insecure, "insecure-cluster", false, "take peers on loopback without a secret: any user of the machine may become one, and owns the cluster then")
	f.StringVar(&c.TLSCert, "cluster-tls-cert", "", "PEM `file` of an own certificate for the cluster port, instead of one made from the secret")
	f.StringVar(&c.TLSKey, "cluster-tls-key", "", "PEM `file` of its key")
	f.StringVar(&c.TLSCA, "cluster-tls-ca", "", "PEM `file` of the CA that all nodes' certificates are signed by")
	SecretFlag(f, &h.AdminKey, "admin-key", "API `key` that may do everything, 16 to 256 printable characters; the same on every node")
	SecretFlag(f, &a.SMTPURL, "smtp-url", "mail server, smtp://user:password@host:587, with ?tls=starttls|implicit|none and &ca=FILE at its end if need be; stdout: shows mails")
	f.StringVar(&a.SMTPHelo, "smtp-helo", "", "`name` that the mail server is told (EHLO): one that the DNS knows, or an [address]; default: this machine's full name, else its address")
	f.StringVar(&a.MailFrom, "mail-from", a.MailFrom, "sender's `address`")
	f.Var((*flags.Addresses)(&a.WebhookAllow), "webhook-allow", "private `networks` that channels may reach beside public addresses, like 10.0.0.0/8,127.0.0.1")
	f.BoolVar(&a.AllowCommands, "allow-command-channel", false, "let whoever has an admin key make channels that run programs of this node, as its user; the same on every node")
	f.Var((*flags.Addresses)(&a.Settings.MailTo), "mail-to", "`addresses` that get the alerts of heartbeats that name none (replicated)")
	f.IntVar(&a.Settings.History, "history", a.Settings.History, "pings kept of each heartbeat, 0 to 1000000 (replicated)")
	f.IntVar(&a.Settings.MaxHeartbeats, "max-heartbeats", a.Settings.MaxHeartbeats, "heartbeats that the cluster may have, up to 4000000; 0: that many (replicated)")
	f.StringVar(&a.InDoubt, "in-doubt", a.InDoubt, "what to do with a mail that may have been delivered: resend or hold")
	f.Var((*diskReserve)(&c.DiskReserve), "disk-reserve", "`size` to keep free on the disk of --data-dir, at least 16MiB: below it bodies are dropped, below half of it no pings are taken; 0: none; auto: 256MiB, or 5 % of a smaller disk")
	f.Var((*flags.Length)(&c.DeadAfter), "dead-after", "remove a dead voter after this long, if three others live; 0: never")
	f.IntVar(&a.Settings.Burst, "alert-burst", a.Settings.Burst, "single mails a recipient and window; more become a digest (replicated)")
	f.Var((*flags.Length)(&s.groupWait), "alert-group-wait", "length of that window; 0s turns digests off (replicated)")
	f.Var((*flags.Length)(&s.flapWindow), "alert-flap-window", "a heartbeat that fails again within this time of its last alert is held back until the end of it; 0s: never (replicated)")
	f.Var((*flags.Length)(&s.remindEvery), "remind-every", "tell an incident again after this long, until it is acknowledged or over, if its heartbeat does not say: 10s to 30d; 0s: never (replicated)")
	SecretFlag(f, &s.Outbound.URL, "outbound-url", "`URL` of another monitor that the leader asks while the cluster is well, like a ping URL of another quorumbeat: its silence tells that this one is dead; the same on every node")
	f.Var((*flags.Length)(&s.Outbound.Every), "outbound-every", "how often it does, 1s to 24h")
	f.Var((*flags.Length)(&s.NodeDownAfter), "node-down-after", "tell --mail-to, and the channels for heartbeats that choose none, when a node has been gone for so long, and when it is back; 0: never")
	f.Var((*flags.Addresses)(&s.Canaries.To), "canary-to", "`addresses` and IDs of channels that get a message each --canary-every, to prove that alerts arrive; the same on every node")
	SecretFlag(f, &s.Canaries.URL, "canary-url", "`URL` that whoever receives such a message is to ask: the ping URL of a heartbeat, which fails when they do not arrive")
	f.Var((*flags.Length)(&s.Canaries.Every), "canary-every", "how often they are sent, 5s to 31d")
	f.BoolVar(&h.MetricsPerHeartbeat, "metrics-per-heartbeat", h.MetricsPerHeartbeat, "export metrics of each heartbeat")
	SecretFlag(f, &h.MetricsToken, "metrics-token", "`token` that scrapers of /metrics have to show as Authorization: Bearer, 16 to 256 printable characters; empty: none is needed")
	f.StringVar(&s.LogLevel, "log-level", "info", "debug, info, warn or error")
	f.StringVar(&s.LogFormat, "log-format", "text", "text or json")
}

// deriveAndValidate derives what depends on several flags, and validates everything.
func (s *Node) deriveAndValidate(f *pflag.FlagSet) error {
	if len(s.Cluster.Join) > 0 && !f.Changed("bootstrap-expect") {
		s.Cluster.BootstrapExpect = 0
	}
	s.Alerting.Settings.GroupWait = s.groupWait.Milliseconds()
	s.Alerting.Settings.FlapWindow = s.flapWindow.Milliseconds()
	if s.remindEvery%time.Second != 0 {
		return usage.Errorf("--remind-every is %v: use whole seconds", s.remindEvery)
	}
	s.Alerting.Settings.RemindEvery = int64(s.remindEvery / time.Second)
	s.Alerting.NodeName, s.Alerting.PublicURL = s.Cluster.NodeName, s.API.PublicURL
	s.API.AllowCommands = s.Alerting.AllowCommands
	if err := s.readSecret(); err != nil {
		return err
	}
	if !slices.Contains(LogFormats, s.LogFormat) {
		return usage.Errorf("--log-format is %q: use text or json", s.LogFormat)
	}
	if !slices.Contains(LogLevels, s.LogLevel) {
		return usage.Errorf("--log-level is %q: use debug, info, warn or error", s.LogLevel)
	}
	return firstError(s.checkAddresses, s.Cluster.Validate, s.Alerting.Validate, s.API.Validate, s.Outbound.Validate, s.Canaries.Validate, s.checkNodeDownAfter, s.CheckKeys)
}

func (s *Node) checkNodeDownAfter() error {
	if d := s.NodeDownAfter; d != 0 && (d < time.Second || d > 30*24*time.Hour) {
		return usage.Errorf("--node-down-after is %v; it must be 1s to 30d, or 0 for never", d)
	}
	return nil
}

func firstError(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Node) readSecret() (err error) {
	text := []byte(s.secret)
	if s.secretFile != "" {
		if s.secret != "" {
			return usage.Errorf("both a cluster secret and a file of one are given: use --cluster-secret-file alone")
		}
		text, err = readSecretFile("--cluster-secret-file", s.secretFile)
		if errors.Is(err, fs.ErrNotExist) {
			return usage.Errorf("%v; make one with 'quorumbeat secret'", err)
		}
		if err != nil {
			return err
		}
	}
	if text != nil && (s.secretFile != "" || len(text) > 0) {
		s.Cluster.Secrets, err = transport.ParseSecrets(text)
	}
	return err
}

// Load reads the settings from everywhere into the registered flags.
func (s *Node) Load(e Env) error {
	if err := e.Resolve(s.flags); err != nil {
		return err
	}
	if err := s.deriveAndValidate(s.flags); err != nil {
		if errors.Is(err, usage.Err) {
			return err
		}
		return usage.Wrap(fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "configuration: ")))
	}
	return nil
}
