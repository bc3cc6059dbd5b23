package api

import (
	"bufio"
	"cmp"
	"context"
	"crypto/subtle"
	"crypto/x509"
	_ "embed"
	"errors"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/metrics"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const plainText = "text/plain; charset=utf-8"

//go:embed openapi.json
var openAPIDocument []byte

func (s *Server) openAPI(ctx *fasthttp.RequestCtx, _ []string) error {
	ctx.Response.Header.SetContentType("application/json")
	ctx.Response.SetBodyRaw(openAPIDocument)
	return nil
}

// healthz says that the process lives. It asks nobody.
func (s *Server) healthz(ctx *fasthttp.RequestCtx, _ []string) error {
	ctx.SetContentType(plainText)
	ctx.SetBodyString("ok\n")
	return nil
}

// readyz says whether this node can take a ping, for load balancers.
func (s *Server) readyz(ctx *fasthttp.RequestCtx, _ []string) error {
	ctx.SetContentType(plainText)
	if err := s.ready(); err != nil {
		ctx.SetStatusCode(fasthttp.StatusServiceUnavailable)
		ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, "1")
		ctx.SetBodyString("not ready: " + err.Error() + "\n")
		return nil
	}
	ctx.SetBodyString("ready\n")
	return nil
}

// Certificate returns the certificate that clients are shown; nil without TLS.
func (s *Server) Certificate() *x509.Certificate {
	if c := s.secrets.cert.Load(); c != nil {
		return c.Leaf
	}
	return nil
}

// Hears is nil unless this node's public listener is known not to answer.
func (s *Server) Hears() error { return s.hearing.Err() }

func (s *Server) ready() error {
	if err := s.hearing.Err(); err != nil {
		return err
	}
	return s.cluster.Ready()
}

type clusterJSON struct {
	ClusterID  *string    `json:"cluster_id"`
	Term       uint64     `json:"term"`
	Leader     *string    `json:"leader"`
	Nodes      []nodeJSON `json:"nodes"`
	IngestGaps []gapJSON  `json:"ingest_gaps"`
	NotReady   *string    `json:"not_ready"` // why the answering node takes no pings
	Troubles   []string   `json:"troubles"`

	MailServer mailServerJSON `json:"mail_server"`
	Outbound   outboundJSON   `json:"outbound"`
	TZData     string         `json:"tz_data"` // which rules of time zones the answering node uses
}

type nodeJSON struct {
	Name          string `json:"name"`
	ID            string `json:"id"`
	HTTP          string `json:"http"`
	Cluster       string `json:"cluster"`
	Voter         bool   `json:"voter"`
	Alive         bool   `json:"alive"`
	Listener      bool   `json:"listener"`
	Leader        bool   `json:"leader"`
	Disk          string `json:"disk"`
	AppliedIndex  uint64 `json:"applied_index"`
	LastContactMs *int64 `json:"last_contact_ms"`
	Version       string `json:"version"`

	LagEntries     *uint64  `json:"lag_entries"`     // null: the answering node has not heard of it lately
	ClockSkewMs    *int64   `json:"clock_skew_ms"`   // likewise
	SettingsDiffer []string `json:"settings_differ"` // flags
}

type gapJSON struct {
	From *string `json:"from"`
	To   *string `json:"to"`
}

// clusterStatus answers from this node at once, also without a majority.
func (s *Server) clusterStatus(ctx *fasthttp.RequestCtx, _ []string) error {
	if err := s.requireRecentLeader(ctx); err != nil {
		return err
	}
	st := s.cluster.Status()
	out := clusterJSON{Term: st.Term, Nodes: []nodeJSON{}, IngestGaps: []gapJSON{}, MailServer: s.mailServer(), Outbound: outboundToJSON(s.outbound()), TZData: s.cfg.Zones.Version(), Troubles: append([]string{}, st.Troubles...)}
	if !st.ClusterID.IsZero() {
		id := st.ClusterID.String()
		out.ClusterID = &id
	}
	if st.Leader != "" {
		out.Leader = &st.Leader
	}
	if err := s.ready(); err != nil {
		why := err.Error()
		out.NotReady = &why
	}
	for _, n := range st.Nodes {
		out.Nodes = append(out.Nodes, nodeToJSON(n))
	}
	for _, g := range s.store.Gaps() {
		out.IngestGaps = append(out.IngestGaps, gapJSON{request.Stamp(g.From), request.Stamp(g.To)})
	}
	return reply(ctx, fasthttp.StatusOK, out)
}

func nodeToJSON(n NodeStatus) nodeJSON {
	out := nodeJSON{
		Name: n.Name, ID: n.ID.String(), HTTP: n.HTTP, Cluster: n.Cluster, Voter: n.Voter, Alive: n.Alive, Listener: n.Listener,
		Leader: n.Leader, Disk: n.Disk, AppliedIndex: n.AppliedIndex, Version: n.Version,
	}
	if n.AppliedIndex > 0 && n.LastContact >= 0 { // only of the node that answers
		ms := n.LastContact.Milliseconds()
		out.LastContactMs = &ms
	}
	out.SettingsDiffer = list(n.Differs)
	if n.Surveyed {
		out.LagEntries, out.ClockSkewMs = &n.Lag, new(n.Skew.Milliseconds())
	}
	return out
}

// removeNode takes a node out of the cluster for good. That is no command which could
// name the caller's key, so the key is looked at right before.
func (s *Server) removeNode(ctx *fasthttp.RequestCtx, args []string) error {
	if err := s.barrier(ctx); err != nil {
		return err
	}
	// fasthttp has decoded the path.
	err := withTimeout(commandLimit, func(c context.Context) error { return s.cluster.Remove(c, args[0]) })
	if err != nil {
		return err
	}
	ctx.SetStatusCode(fasthttp.StatusNoContent)
	return nil
}

// backup streams the whole state, as it is once everything acknowledged before is
// in it. The state is captured first, and costs no ping its turn.
func (s *Server) backup(ctx *fasthttp.RequestCtx, _ []string) error {
	if err := s.fresh(ctx); err != nil {
		return err
	}
	back, err := s.place(s.costly.Backups)
	if err != nil {
		return err
	}
	image := s.store.Snapshot()
	ctx.SetContentType("application/octet-stream")
	ctx.Response.Header.Set(fasthttp.HeaderContentDisposition, `attachment; filename="quorumbeat.backup"`)
	conn := ctx.Conn()
	ctx.SetBodyStreamWriter(func(w *bufio.Writer) {
		defer back()
		_, err := image.WriteTo(s.reading.Writer(conn, w))
		if err = cmp.Or(err, w.Flush()); err != nil {
			s.log.Warn("a backup was cut off: the client went away or was too slow", "error", err)
			return
		}
		s.noteBackup(time.Now())
	})
	return nil
}

// noteBackup remembers when a backup was sent whole.
func (s *Server) noteBackup(at time.Time) {
	s.met.BackedUp(at)
	if s.cfg.BackedUp == nil {
		return
	}
	if err := s.cfg.BackedUp(at); err != nil {
		s.log.Warn("a backup was sent, but that cannot be noted in the data folder: this node forgets it with its next start", "error", err)
	}
}

// Cluster is what the API needs of replication.
type Cluster interface {
	// Propose has a command committed until ctx ends; see the errors of fsm.
	Propose(ctx context.Context, cmd fsm.Command) (fsm.Result, error)
	// Ping is Propose of a ping until deadline, and allocates nothing.
	Ping(deadline time.Time, p fsm.Ping) (fsm.Code, error)
	// PingThen is Ping that does not wait: unless it returns an error, then is called
	// with the outcome, once, maybe before it returns. then must not block.
	PingThen(deadline time.Time, p fsm.Ping, then func(fsm.Code)) error
	// ReadBarrier returns once the local store has all that was acknowledged.
	ReadBarrier(ctx context.Context) error
	// PacedReadBarrier is ReadBarrier for requests that name what this node does not
	// know. All that wait share a barrier, and the leader is asked at most every 50 ms.
	// Of ctx only the deadline counts.
	PacedReadBarrier(ctx context.Context) error
	// Ready is nil while this node can take a ping, else the reason.
	Ready() error
	// Status is the cluster as this node sees it, at once.
	Status() ClusterStatus
	// Remove takes a node out for good.
	Remove(ctx context.Context, nameOrID string) error
}

// ClusterStatus is the cluster as one node sees it.
type ClusterStatus struct {
	ClusterID fsm.NodeID
	Term      uint64
	Leader    string // a name, "" if none is known
	Nodes     []NodeStatus
	Troubles  []string // what this node has met lately and a person has to mend
}

// NodeStatus is one node of the cluster.
type NodeStatus struct {
	fsm.NodeInfo
	Voter, Alive bool
	Listener     bool // it lives, and is not known to have a public listener that does not answer
	Leader       bool
	Disk         string        // "ok", "low" or "full"; "" if it is not known
	AppliedIndex uint64        // of the answering node only
	LastContact  time.Duration // likewise; negative if never

	Surveyed bool          // the node that answers is this one, or has heard of it lately:
	Lag      uint64        // entries of the log that this one has yet to apply
	Skew     time.Duration // its wall clock less that of the node that answers
	Differs  []string      // flags that it was started with and that the cluster does not run under
}

const (
	commandLimit = 10 * time.Second // for a command, elections included
	readLimit    = 5 * time.Second  // for a read's barrier
)

// withTimeout runs f under a context that ends after d.
func withTimeout(d time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return f(ctx)
}

// serveMetrics answers with the node's metrics and those of all heartbeats, or with
// those of the heartbeats that have a tag.
func (s *Server) serveMetrics(ctx *fasthttp.RequestCtx, _ []string) error {
	tag := string(ctx.QueryArgs().Peek("tag"))
	return s.scrape(ctx, metrics.Parts{Node: tag == "", Heartbeats: s.cfg.MetricsPerHeartbeat, Tag: tag})
}

// serveNodeMetrics answers with the metrics of the node.
func (s *Server) serveNodeMetrics(ctx *fasthttp.RequestCtx, _ []string) error {
	return s.scrape(ctx, metrics.Parts{Node: true})
}

func (s *Server) scrape(ctx *fasthttp.RequestCtx, what metrics.Parts) error {
	if err := s.mayScrape(ctx); err != nil {
		return err
	}
	err := s.scrapes.Serve(ctx, what)
	if errors.Is(err, metrics.ErrBusy) {
		return errScrapes
	}
	return err
}

// mayScrape lets through who shows the scrape token or a key that may read, or everybody if
// there is no token.
func (s *Server) mayScrape(ctx *fasthttp.RequestCtx) error {
	token := s.secrets.scrape.Load()
	if token == nil {
		return nil
	}
	if key, ok := request.Key(&ctx.Request.Header); ok {
		if hash := hashKey(key); subtle.ConstantTimeCompare(hash[:], token[:]) == 1 {
			return nil
		}
	}
	if err := s.authorize(ctx, reads); err != nil {
		return err
	}
	return s.requireRecentLeader(ctx)
}

// Mail is what the API needs of this node's way to the mail server.
type Mail interface {
	// Status is what the node knows of the mail server, at once.
	Status() MailStatus
	// Test sends a test mail to one address, or to all of --mail-to, within the time that
	// an HTTP client waits.
	Test(ctx context.Context, to string) []MailTest
}

// MailStatus is the newest word about the mail server.
type MailStatus struct {
	Checked time.Time // zero: not yet
	Error   string    // why it cannot be used; "": it answers
}

// MailTest is what became of a test mail.
type MailTest struct {
	Recipient string `json:"recipient"`
	Accepted  bool   `json:"accepted"`
	Answer    string `json:"answer"` // the mail server's, or why there is none
}

// mailServerJSON is the mail server as the answering node sees it.
type mailServerJSON struct {
	State     string  `json:"state"` // ok, failing or unknown
	CheckedAt *string `json:"checked_at"`
	Error     string  `json:"error"`
}

func (s *Server) mailServer() mailServerJSON {
	if s.cfg.Mail == nil {
		return mailServerJSON{State: "unknown"}
	}
	st := s.cfg.Mail.Status()
	out := mailServerJSON{State: "ok", CheckedAt: request.Stamp(st.Checked), Error: st.Error}
	switch {
	case st.Checked.IsZero():
		out.State = "unknown"
	case st.Error != "":
		out.State = "failing"
	}
	return out
}

// OutboundStatus is what a node knows of its telling another monitor that this one is well.
type OutboundStatus struct {
	State string    // ok, withheld or failing; resting: this node does not lead; off: there is none to tell
	Why   string    // it is withheld, or fails
	Last  time.Time // when it last took a ping of this node's; zero: never
}

type outboundJSON struct {
	State  string  `json:"state"`
	Reason string  `json:"reason"`
	LastAt *string `json:"last_success_at"`
}

func outboundToJSON(s OutboundStatus) outboundJSON {
	return outboundJSON{State: s.State, Reason: s.Why, LastAt: request.Stamp(s.Last)}
}

func (s *Server) outbound() OutboundStatus {
	if s.cfg.Outbound == nil {
		return OutboundStatus{State: "off"}
	}
	return s.cfg.Outbound()
}
