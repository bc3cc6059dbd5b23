package fsm

import (
	"cmp"
)

// Kind is a command's first byte in a log entry. Never renumber.
type Kind uint8

const (
	KindCreate       Kind = 2
	KindUpdate       Kind = 3
	KindPause        Kind = 4
	KindResume       Kind = 5
	KindDelete       Kind = 6
	KindPutKey       Kind = 7
	KindDeleteKey    Kind = 8
	KindClaim        Kind = 10
	KindFence        Kind = 11
	KindSettle       Kind = 12
	KindResolveDoubt Kind = 13
	KindRetryAlert   Kind = 14
	KindFormDigest   Kind = 15
	KindRecordGap    Kind = 16
	KindPutNode      Kind = 17
	KindRemoveNode   Kind = 18
	KindSetClusterID Kind = 19
	KindPing         Kind = 20
	KindSignal       Kind = 21
	KindEnsure       Kind = 22
	KindHeldSignal   Kind = 23 // a Signal whose Held is not 0
	KindAuthorized   Kind = 24
	KindUpdateKey    Kind = 25
	KindSettings     Kind = 30
	KindPutHeartbeat Kind = 38
	KindUnknown      Kind = 40

	KindPutStatusPage    Kind = 41
	KindDeleteStatusPage Kind = 42
	KindPutBadge         Kind = 43
	KindDeleteBadge      Kind = 44

	KindTimedPause   Kind = 45
	KindDeliverAlert Kind = 46
	KindHoldAlert    Kind = 47
	KindCancelAlert  Kind = 48

	KindNumbersSignal Kind = 50 // a Signal with Numbers
	KindWithTimetable Kind = 51
	KindSetTimetables Kind = 52
	KindReadClock     Kind = 53

	KindCreateChannel Kind = 60
	KindUpdateChannel Kind = 61
	KindDeleteChannel Kind = 62

	KindAckIncident    Kind = 63
	KindSnoozeIncident Kind = 64
	KindUnackIncident  Kind = 65

	KindCreateMailChannel Kind = 80 // a CreateChannel of the kind email
	KindUpdateMailChannel Kind = 81 // an UpdateChannel of that kind
	KindMoreSettings      Kind = 82 // a SetSettings with RemindEvery
	KindSettleWithRef     Kind = 83 // a Settle with Ref

	KindCreateWindow   Kind = 70
	KindDeleteWindow   Kind = 71
	KindSetWindowTimes Kind = 72
	KindSetHours       Kind = 73

	KindSetTemplates Kind = 85
	KindBeginSystem  Kind = 88
	KindEndSystem    Kind = 89
	KindTellOutage   Kind = 90
	KindSendCanary   Kind = 91

	KindRotateToken Kind = 92
)

// Command is one change of state. The concrete types below are all there are.
// Those that answer with a heartbeat (Create, Ensure, PutHeartbeat, Update, Pause, TimedPause, Resume,
// RotateToken) carry it in
// Result.Data, see DecodeHeartbeat.
type Command interface{ Kind() Kind }

// Create adds a heartbeat. The accepting node has made ID and Token and filled
// in the defaults; Validate has passed. Result: CodeOK, CodeExists, CodeInvalid,
// CodeQuota, CodeKeyQuota, CodeClusterQuota.
type Create struct {
	ID    HeartbeatID
	Token Token
	Spec  Spec
}

// SetTemplates sets the words of one's own for all alerts; empty ones stand for those that are built in.
// Whether they can be filled in is checked by who proposes it. Result: CodeOK, CodeInvalid.
type SetTemplates struct{ Templates Templates }

// Templates are words of one's own for alerts, in the syntax of package templates; "": those built in.
type Templates struct {
	Subject string // of mails, and the title elsewhere
	Text    string // with which a message begins
}

// Limits of templates, in bytes.
const (
	MaxSubjectTemplate = 1000
	MaxTextTemplate    = 4000
)

// Validate checks lengths and characters.
func (t Templates) Validate() error {
	return cmp.Or(validateLines("subject", t.Subject, MaxSubjectTemplate), validateLines("text", t.Text, MaxTextTemplate))
}

// Update changes the fields that are set, and then pauses or resumes if Pause is
// set, all or nothing. An update that changes nothing does nothing. IfVersion 0
// means any. Result: CodeOK, CodeNotFound, CodeConflict,
// CodeInvalid.
type Update struct {
	ID        HeartbeatID
	IfVersion uint64
	Patch     Patch
	Pause     *bool // true pauses, false resumes, nil leaves the status alone
}

// Pause stops judging a heartbeat and ends its incident without mail.
type Pause struct {
	ID        HeartbeatID
	IfVersion uint64
}

// TimedPause is a Pause that ends by itself, as by a Resume: so long after it, or when the wall
// clock shows a time. Of a heartbeat that is paused it changes the end; so does a Pause, which
// takes it away. Result: as Pause, or CodeInvalid.
type TimedPause struct {
	ID        HeartbeatID
	IfVersion uint64
	For       int64 // ms; 0: Until says
	Until     int64 // wall, Unix ms; 0: For says
}

// Limits of a timed pause, in ms.
const (
	MinPause = 1000
	MaxPause = 366 * 24 * 3600 * 1000
)

// End returns the wall time at which a pause ends that begins at now, ok if that is within the
// limits.
func (c TimedPause) End(now int64) (end int64, ok bool) {
	switch {
	case (c.For == 0) == (c.Until == 0):
		return 0, false
	case c.Until == 0:
		return now + c.For, c.For >= MinPause && c.For <= MaxPause
	}
	return c.Until, c.Until > now && c.Until-now <= MaxPause
}

// Resume arms a paused heartbeat from now; the next missed interval alerts.
type Resume struct {
	ID        HeartbeatID
	IfVersion uint64
}

// Delete removes a heartbeat and its pings.
type Delete struct {
	ID        HeartbeatID
	IfVersion uint64
}

// RotateToken gives a heartbeat a new ping token. The one that it had works on for Overlap, and those that it had before
// for no longer. Of the old ones at most MaxOldTokens may work at a time, so that a repeated request for an overlap does not
// end tokens that jobs still use. Result: CodeOK with the heartbeat, CodeNotFound, CodeConflict, CodeInvalid, CodeQuota
// if as many old tokens work, CodeExists if the new one is taken.
type RotateToken struct {
	ID        HeartbeatID
	IfVersion uint64
	Token     Token // the new one; the accepting node has made it
	Overlap   int64 // ms of serving time; 0: the old ones end at once
}

// Limits of old tokens: how many a heartbeat may have, and how long they may work, in ms.
const (
	MaxOldTokens = 8
	MaxOverlap   = 366 * 24 * 3600 * 1000
)

// PutKey adds an API key. Only the SHA-256 of the key is replicated.
type PutKey struct {
	ID            KeyID
	Name          string
	Scope         string // one of Scopes
	Hash          [32]byte
	MaxHeartbeats int // made with the key, at a time; 0: any number
}

// UpdateKey changes how many heartbeats a key may make. Result: CodeOK, CodeNotFound or
// CodeInvalid.
type UpdateKey struct {
	ID            KeyID
	MaxHeartbeats int
}

// DeleteKey removes an API key.
type DeleteKey struct{ ID KeyID }

// SetSettings replaces the replicated settings.
type SetSettings struct{ Settings Settings }

// RecordGap notes a time in which no ping could commit, in wall-clock milliseconds. To
// equals From if nobody knows how long it was. Gaps that overlap become one, so
// that the same may be told again. Result: CodeOK or CodeInvalid.
type RecordGap struct{ From, To int64 }

// PutNode registers what people call a node and where it is.
type PutNode struct{ Node NodeInfo }

// RemoveNode removes a node for good: its ID may never propose again.
type RemoveNode struct{ ID NodeID }

// SetClusterID names the cluster, once: a later one is CodeExists.
type SetClusterID struct{ ID NodeID }

func (Create) Kind() Kind       { return KindCreate }
func (Update) Kind() Kind       { return KindUpdate }
func (SetTemplates) Kind() Kind { return KindSetTemplates }
func (Pause) Kind() Kind        { return KindPause }
func (TimedPause) Kind() Kind   { return KindTimedPause }
func (Resume) Kind() Kind       { return KindResume }
func (Delete) Kind() Kind       { return KindDelete }
func (RotateToken) Kind() Kind  { return KindRotateToken }
func (PutKey) Kind() Kind       { return KindPutKey }
func (UpdateKey) Kind() Kind    { return KindUpdateKey }
func (DeleteKey) Kind() Kind    { return KindDeleteKey }

// Kind tells settings that older versions know from those with more.
func (c SetSettings) Kind() Kind {
	if c.Settings.RemindEvery != 0 {
		return KindMoreSettings
	}
	return KindSettings
}

func (Claim) Kind() Kind { return KindClaim }
func (Fence) Kind() Kind { return KindFence }

// Kind tells a Settle that older versions know from one with a Ref.
func (c Settle) Kind() Kind {
	if c.Ref != "" {
		return KindSettleWithRef
	}
	return KindSettle
}

func (ResolveDoubt) Kind() Kind { return KindResolveDoubt }
func (RetryAlert) Kind() Kind   { return KindRetryAlert }
func (DeliverAlert) Kind() Kind { return KindDeliverAlert }
func (HoldAlert) Kind() Kind    { return KindHoldAlert }
func (CancelAlert) Kind() Kind  { return KindCancelAlert }
func (FormDigest) Kind() Kind   { return KindFormDigest }
func (RecordGap) Kind() Kind    { return KindRecordGap }
func (PutNode) Kind() Kind      { return KindPutNode }
func (RemoveNode) Kind() Kind   { return KindRemoveNode }
func (SetClusterID) Kind() Kind { return KindSetClusterID }

// Ensure is a Create unless there is a heartbeat with the spec's slug already, of
// which it answers with: so that a heartbeat is made once, however many nodes are
// asked for it at the same time. Result: CodeOK, CodeAmbiguous if several have the
// slug, else as Create.
type Ensure struct {
	ID    HeartbeatID // a heartbeat with another ID in the answer was there before
	Token Token
	Spec  Spec
}

func (Ensure) Kind() Kind { return KindEnsure }

// PutHeartbeat gives the heartbeat with a slug the fields of Patch, and makes it as Spec
// says if there is none: one command, so that it is made once however many nodes are
// asked at the same time. Repeating it changes nothing. Result: CodeAmbiguous if several
// have the slug, CodeConflict if IfVersion is set and not that of the heartbeat, else as
// Create or Update.
type PutHeartbeat struct {
	ID        HeartbeatID // a heartbeat with another ID in the answer was there before
	Token     Token
	Spec      Spec // of a new one; its slug says which heartbeat is meant
	IfVersion uint64
	Patch     Patch // of one that is there
}

func (PutHeartbeat) Kind() Kind { return KindPutHeartbeat }

// Authorized is a command that somebody sent with an API key of the cluster. The node
// that accepted it knew the key; whether the key still stands is decided here, where
// every node decides it alike: a key that was deleted earlier in the log does nothing
// any more. Result: CodeRevoked, else that of the Command.
type Authorized struct {
	Key     KeyID
	Command Command // not an Authorized
}

func (Authorized) Kind() Kind { return KindAuthorized }

// Unknown stands in the log where somebody sent the leader a command that the leader did
// not know: its node is of a newer version. It changes nothing. Result: CodeTooNew.
type Unknown struct{}

func (Unknown) Kind() Kind { return KindUnknown }
