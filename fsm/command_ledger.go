package fsm

import (
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
}

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
	return firstError(
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
