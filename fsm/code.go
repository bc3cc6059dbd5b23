package fsm

import "errors"

// Code is the outcome of a command, as it travels between nodes and is kept for
// repeats. Codes are part of the wire and snapshot formats: never renumber them.
type Code uint8

const (
	CodeNone           Code = 0  // no outcome known
	CodeOK             Code = 1  // done
	CodePaused         Code = 2  // a ping was recorded for a paused heartbeat
	CodeNotFound       Code = 3  // no such heartbeat, token, key or alert
	CodeConflict       Code = 4  // the version given is not the current one
	CodeQuota          Code = 5  // a quota is reached
	CodeInvalid        Code = 6  // a value out of its limits
	CodeStale          Code = 7  // a late copy: its proposer no longer waits for it, or was removed
	CodeStaleTerm      Code = 8  // proposed in an earlier term: nothing was done, propose again
	CodeRejected       Code = 9  // a ledger step that does not fit the row's state
	CodeExists         Code = 10 // the ID or token is taken
	CodeGrouped        Code = 11 // the recipient's burst is used up; the row waits for its digest
	CodeInternal       Code = 12 // a fault in the command; nothing was changed
	CodeNoLeader       Code = 13 // no leader could be reached in time; nothing was recorded
	CodeOverloaded     Code = 14 // too much is waiting; nothing was recorded
	CodeUnknownOutcome Code = 15 // it may or may not have been recorded
	CodeNotLeader      Code = 16 // this node is not the leader of that term
	CodeShutdown       Code = 17 // the node is stopping; nothing was recorded
	CodeAmbiguous      Code = 18 // several heartbeats have the slug
	CodeRevoked        Code = 19 // the key that the command came with was deleted before
	CodeKeyQuota       Code = 20 // the key has made as many heartbeats as it may
	CodeClusterQuota   Code = 21 // there are as many heartbeats as the settings allow
	CodeDiskFull       Code = 22 // the disk of the node, or of a majority, is nearly full; nothing was recorded
	CodeTooNew         Code = 23 // the leader runs an older version, which does not know the command
)

// The sentinel errors. Each has exactly one Code; use errors.Is.
var (
	ErrNotFound       = errors.New("not found")
	ErrConflict       = errors.New("the version given is not the current one")
	ErrQuota          = errors.New("quota reached")
	ErrInvalid        = errors.New("invalid value")
	ErrStale          = errors.New("a late copy of a command that nobody waits for any more")
	ErrStaleTerm      = errors.New("proposed in an earlier term")
	ErrRejected       = errors.New("the alert is not in a state that allows this")
	ErrExists         = errors.New("already exists")
	ErrGrouped        = errors.New("the recipient's burst is used up; the alert waits for its digest")
	ErrInternal       = errors.New("internal error")
	ErrNoLeader       = errors.New("no leader could be reached in time; nothing was recorded")
	ErrOverloaded     = errors.New("too many requests are waiting; nothing was recorded")
	ErrUnknownOutcome = errors.New("the outcome is unknown: it may or may not have been recorded")
	ErrNotLeader      = errors.New("this node is not the leader")
	ErrShutdown       = errors.New("this node is stopping; nothing was recorded")
	ErrAmbiguous      = errors.New("several heartbeats have this slug")
	ErrKeyQuota       = errors.New("the API key has made as many heartbeats as it may")
	ErrClusterQuota   = errors.New("there are as many heartbeats as the settings allow")
	ErrRevoked        = errors.New("the API key was revoked; nothing was recorded")
	ErrTooNew         = errors.New("the leader runs an older version of quorumbeat, which does not know this command; nothing was recorded")
	ErrDiskFull       = errors.New("the disk is nearly full; nothing was recorded")
)

var codeErrors = [...]error{
	CodeNone:           ErrUnknownOutcome,
	CodeOK:             nil,
	CodePaused:         nil,
	CodeNotFound:       ErrNotFound,
	CodeConflict:       ErrConflict,
	CodeQuota:          ErrQuota,
	CodeInvalid:        ErrInvalid,
	CodeStale:          ErrStale,
	CodeStaleTerm:      ErrStaleTerm,
	CodeRejected:       ErrRejected,
	CodeExists:         ErrExists,
	CodeGrouped:        ErrGrouped,
	CodeInternal:       ErrInternal,
	CodeNoLeader:       ErrNoLeader,
	CodeOverloaded:     ErrOverloaded,
	CodeUnknownOutcome: ErrUnknownOutcome,
	CodeNotLeader:      ErrNotLeader,
	CodeShutdown:       ErrShutdown,
	CodeAmbiguous:      ErrAmbiguous,
	CodeRevoked:        ErrRevoked,
	CodeKeyQuota:       ErrKeyQuota,
	CodeClusterQuota:   ErrClusterQuota,
	CodeDiskFull:       ErrDiskFull,
	CodeTooNew:         ErrTooNew,
}

// Err returns the sentinel for c, nil for the codes of success, ErrInternal for
// a code that this version does not know.
func (c Code) Err() error {
	if int(c) >= len(codeErrors) {
		return ErrInternal
	}
	return codeErrors[c]
}

// CodeOf returns the code of an error that wraps one of the sentinels: CodeOK
// for nil, CodeInternal for any other.
func CodeOf(err error) Code {
	if err == nil {
		return CodeOK
	}
	for c, e := range codeErrors {
		if e != nil && c != int(CodeNone) && errors.Is(err, e) {
			return Code(c)
		}
	}
	return CodeInternal
}

// ErrConfig is wrapped by errors that the operator mends by changing a setting, in every
// part of the program that has settings.
var ErrConfig = errors.New("configuration")
