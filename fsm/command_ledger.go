package fsm

import (
	"cmp"
	"encoding/binary"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Claim takes a row for sending, before SMTP begins. Term must be the term of
// the batch; Attempt must be the row's attempts + 1. Result: CodeOK,
// CodeRejected, CodeGrouped.
type Claim struct {
	Alert   AlertID
	Term    uint64
	Attempt uint32
}

// Fence commits to the final dot. Rejected unless the row is claimed by the same
// (term, attempt) and Term is the term of the batch.
type Fence struct {
	Alert   AlertID
	Term    uint64
	Attempt uint32
}

// Outcome is how an attempt ended.
type Outcome uint8

const (
	OutcomeSent    Outcome = 1 // the server took the message
	OutcomeRetry   Outcome = 2 // a passing fault: try again in RetryIn
	OutcomeFailed  Outcome = 3 // a lasting refusal
	OutcomeInDoubt Outcome = 4 // the connection was lost after the dot
)

// Settle records the end of attempt (Term, Attempt). It is accepted from an
// ex-leader. Result: CodeOK or CodeRejected.
type Settle struct {
	Alert   AlertID
	Term    uint64
	Attempt uint32
	Outcome Outcome
	Refused bool   // the server answered 4xx to RCPT, DATA or the dot: counts to the 24 h after which a retry becomes a failure
	RetryIn int64  // ms of serving time until the next attempt, with jitter
	Resend  bool   // for OutcomeInDoubt: send again (else hold)
	Error   string // the server's words, without CR and LF, at most MaxErrorLen bytes
	Ref     string // for OutcomeSent: how the service names the message, to answer it, at most MaxRefLen bytes; "": it does not
}

// MaxRefLen bounds how a service names a message. A longer name is not kept.
const MaxRefLen = 200

// ResolveDoubt decides about a row that was found fenced by an earlier term and
// stayed unsettled: send it again, or hold it. Result: CodeOK or CodeRejected.
type ResolveDoubt struct {
	Alert   AlertID
	Term    uint64 // the row's term, which must be below the batch's
	Attempt uint32
	Resend  bool
}

// RetryAlert makes a failed or held row pending again, by hand: it is due at once. Result: CodeOK,
// CodeNotFound or CodeRejected, as of the other three by hand.
type RetryAlert struct{ Alert AlertID }

// DeliverAlert makes a row that waits, or the digest that carries it, due at once, whatever it waits
// for but for the row before it.
type DeliverAlert struct{ Alert AlertID }

// HoldAlert holds back a row that nobody has in hand, that is in no digest and was certainly not
// delivered: until somebody retries or cancels it, or a newer one takes its place. Result: also
// CodeQuota, if MaxOnHold are held back.
type HoldAlert struct{ Alert AlertID }

// CancelAlert cancels a row that HoldAlert could hold back, or did.
type CancelAlert struct{ Alert AlertID }

// MaxOnHold is how many rows may be held back by hand at a time: they are never dropped.
const MaxOnHold = 10_000

// FormDigest makes one message of several pending rows of one recipient. ID is
// made by DigestID. Result: CodeOK or CodeRejected.
type FormDigest struct {
	ID        AlertID
	Recipient string
	Members   []AlertID
}

// AckIncident says that a person sees to an incident: until it is over no alert is sent but
// its recovery, and what nobody has had yet is cancelled. It ends a snooze. Saying the same
// again changes nothing. Result: CodeOK, CodeNotFound, CodeInvalid, or CodeRejected if the
// incident is over.
type AckIncident struct {
	Heartbeat HeartbeatID
	Incident  uint32
	By        string // who; "": the key that the command came with
	Note      string
}

// SnoozeIncident silences an incident as AckIncident does, for a time. If the heartbeat still
// fails then, that is told again, and nobody sees to it any more. Result: as AckIncident.
type SnoozeIncident struct {
	Heartbeat HeartbeatID
	Incident  uint32
	For       int64 // ms of serving time, 1,000 to MaxSnooze
	By        string
	Note      string
}

// UnackIncident takes back an AckIncident or a SnoozeIncident: the incident is told again at
// once. Without one it changes nothing. Result: as AckIncident.
type UnackIncident struct {
	Heartbeat HeartbeatID
	Incident  uint32
	By        string
}

func (AckIncident) Kind() Kind    { return KindAckIncident }
func (SnoozeIncident) Kind() Kind { return KindSnoozeIncident }
func (UnackIncident) Kind() Kind  { return KindUnackIncident }

// Validate checks what a person wrote, and the time.
func (c SnoozeIncident) Validate() error {
	return cmp.Or(
		validateRange("for_secs", c.For/1000, 1, MaxSnooze/1000),
		validateOptional("by", c.By, MaxOwnerLen),
		validateLines("note", c.Note, MaxIncidentNote),
	)
}

// Validate checks what a person wrote.
func (c AckIncident) Validate() error {
	return SnoozeIncident{For: 1000, By: c.By, Note: c.Note}.Validate()
}

// Validate checks what a person wrote.
func (c UnackIncident) Validate() error { return SnoozeIncident{For: 1000, By: c.By}.Validate() }

func appendIncidentCommand(dst []byte, c Command) []byte {
	switch c := c.(type) {
	case AckIncident:
		return wire.AppendString(wire.AppendString(appendIncidentTarget(dst, c.Heartbeat, c.Incident), c.By), c.Note)
	case SnoozeIncident:
		dst = binary.AppendUvarint(appendIncidentTarget(dst, c.Heartbeat, c.Incident), uint64(c.For))
		return wire.AppendString(wire.AppendString(dst, c.By), c.Note)
	case UnackIncident:
		return wire.AppendString(appendIncidentTarget(dst, c.Heartbeat, c.Incident), c.By)
	}
	return nil
}

func appendIncidentTarget(dst []byte, hb HeartbeatID, incident uint32) []byte {
	return binary.AppendUvarint(append(dst, hb[:]...), uint64(incident))
}

func (r *reader) incidentCommand(kind Kind) Command {
	var hb HeartbeatID
	r.Fill(hb[:])
	incident := r.Uint32()
	switch kind {
	case KindAckIncident:
		return AckIncident{Heartbeat: hb, Incident: incident, By: r.String(), Note: r.String()}
	case KindSnoozeIncident:
		return SnoozeIncident{Heartbeat: hb, Incident: incident, For: r.Millis(), By: r.String(), Note: r.String()}
	}
	return UnackIncident{Heartbeat: hb, Incident: incident, By: r.String()}
}

// BeginSystem begins an incident of the monitor itself. While one of the subject goes on it changes nothing, so
// several nodes, and leaders after each other, may tell the same. Result: CodeOK, CodeInvalid, or CodeQuota if too
// many go on.
type BeginSystem struct {
	Subject SystemSubject
	Node    string // what people call the node
	Detail  string
	Since   int64 // wall
}

// EndSystem ends it. Those who were told are told that, unless it is Quiet: what it was about is no longer
// there. If none goes on it changes nothing. Result: CodeOK or CodeInvalid.
type EndSystem struct {
	Subject SystemSubject
	Detail  string
	Quiet   bool
}

// TellOutage tells of a time in which no ping could be taken, once it is over. It changes nothing if
// an outage was told that overlaps it. Result: CodeOK or CodeInvalid.
type TellOutage struct {
	From, To int64 // wall
	Detail   string
}

// SendCanary sends a message that proves, by the ping of whoever receives it, that alerts arrive. One of a period that
// does not come after that of the newest to the same recipient changes nothing. Result: CodeOK, CodeInvalid or CodeQuota.
type SendCanary struct {
	To     string // a mail address, or the ID of a channel
	Period int64  // wall: when it began
	URL    string // that the receiver is to ask
}

// maxCanaryURL bounds a URL, in bytes.
const maxCanaryURL = 2000

func (SendCanary) Kind() Kind { return KindSendCanary }

// Validate checks every field against its limits.
func (c SendCanary) Validate() error {
	if _, isChannel := ChannelOf(c.To); !isChannel {
		if err := ValidateEmail(c.To); err != nil {
			return err
		}
	}
	if c.Period <= 0 || len(c.URL) > maxCanaryURL {
		return invalidf("a canary has a period, and a URL of at most %d bytes", maxCanaryURL)
	}
	return validateText("url", c.URL, maxCanaryURL)
}

func (BeginSystem) Kind() Kind { return KindBeginSystem }
func (EndSystem) Kind() Kind   { return KindEndSystem }
func (TellOutage) Kind() Kind  { return KindTellOutage }

// Validate checks every field against its limits.
func (s SystemSubject) Validate() error {
	if s.Kind.String() == "unknown" || s.Kind == SystemOutage {
		return invalidf("there is no system incident of kind %d", s.Kind)
	}
	return validateOptional("part", s.Part, MaxSystemPart)
}

func (s SystemSubject) validateIncident() error {
	if s.Kind == SystemCanary {
		return invalidf("a canary is no incident")
	}
	return s.Validate()
}

// Validate checks every field against its limits.
func (c BeginSystem) Validate() error {
	if c.Since < 0 {
		return invalidf("since is before 1970")
	}
	return cmp.Or(c.Subject.validateIncident(), validateOptional("node", c.Node, MaxNameLen), validateOptional("detail", c.Detail, MaxSystemDetail))
}

// Validate checks every field against its limits.
func (c EndSystem) Validate() error {
	return cmp.Or(c.Subject.validateIncident(), validateOptional("detail", c.Detail, MaxSystemDetail))
}

// Validate checks every field against its limits.
func (c TellOutage) Validate() error {
	if c.From <= 0 || c.To <= c.From {
		return invalidf("an outage ends after it began")
	}
	return validateOptional("detail", c.Detail, MaxSystemDetail)
}

func appendSubject(dst []byte, s SystemSubject) []byte {
	return wire.AppendString(append(append(dst, byte(s.Kind)), s.Node[:]...), s.Part)
}

func (r *reader) subject() (s SystemSubject) {
	s.Kind = SystemKind(r.Byte())
	r.Fill(s.Node[:])
	s.Part = r.String()
	return s
}

func appendSystem(dst []byte, c Command) []byte {
	switch c := c.(type) {
	case BeginSystem:
		dst = wire.AppendString(appendSubject(dst, c.Subject), c.Node)
		return wire.AppendInt(wire.AppendString(dst, c.Detail), c.Since)
	case EndSystem:
		return wire.AppendBool(wire.AppendString(appendSubject(dst, c.Subject), c.Detail), c.Quiet)
	case SendCanary:
		return wire.AppendString(wire.AppendInt(wire.AppendString(dst, c.To), c.Period), c.URL)
	case TellOutage:
		return wire.AppendString(wire.AppendInt(wire.AppendInt(dst, c.From), c.To), c.Detail)
	}
	return nil
}

func (r *reader) system(kind Kind) Command {
	switch kind {
	case KindBeginSystem:
		return BeginSystem{Subject: r.subject(), Node: r.String(), Detail: r.String(), Since: r.Int()}
	case KindEndSystem:
		return EndSystem{Subject: r.subject(), Detail: r.String(), Quiet: r.Bool()}
	case KindSendCanary:
		return SendCanary{To: r.String(), Period: r.Int(), URL: r.String()}
	}
	return TellOutage{From: r.Int(), To: r.Int(), Detail: r.String()}
}
