package fsm

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

// RetryAlert makes a failed or held row pending again, by hand.
type RetryAlert struct{ Alert AlertID }

// FormDigest makes one message of several pending rows of one recipient. ID is
// made by DigestID. Result: CodeOK or CodeRejected.
type FormDigest struct {
	ID        AlertID
	Recipient string
	Members   []AlertID
}
