package fsm

import (
	"errors"
	"io"
	"time"
)

// STUB FILE: signatures only, replaced by the real implementation.

type Store struct{}

func incidentID(hb HeartbeatID, n uint32) string { panic("stub") }

// NewStore returns an empty store with DefaultSettings.
func NewStore() *Store { panic("stub") }

// Apply applies one log entry. term is the log entry's own term. It returns one result per item.
// An error means that the entry cannot be understood (unknown version, corrupt): the node must stop.
func (s *Store) Apply(entry []byte, term uint64) ([]Result, error) { panic("stub") }

// Snapshot captures the state copy-on-write, in time that does not grow with it. Call Release when done.
func (s *Store) Snapshot() *Image { panic("stub") }

// Restore reads an image into a fresh state and swaps it in only if it was whole and its checksum right.
func (s *Store) Restore(r io.Reader) error { panic("stub") }

type Image struct{}

func (i *Image) WriteTo(w io.Writer) (int64, error) { panic("stub") }
func (i *Image) Release()                           {}

// Codec.
func AppendCommand(dst []byte, c Command) []byte     { panic("stub") }
func DecodeCommand(b []byte) (Command, error)        { panic("stub") }
func AppendBatch(dst []byte, b *Batch) []byte        { panic("stub") }
func DecodeBatch(entry []byte) (*Batch, error)       { panic("stub") }
func DecodeHeartbeat(data []byte) (Heartbeat, error) { panic("stub") } // of Result.Data

// Validation; the messages name field, value and limit and wrap ErrInvalid.
func (s Spec) Validate() error                             { panic("stub") }
func (p Patch) Validate() error                            { panic("stub") }
func (s Settings) Validate() error                         { panic("stub") }
func ValidateEmail(addr string) error                      { panic("stub") }
func ValidateKeyName(name string) error                    { panic("stub") }
func MakeSlug(name string) string                          { panic("stub") } // "Nightly Sync!" → "nightly-sync"; never empty
func DigestID(recipient string, members []AlertID) AlertID { panic("stub") }

// Queries.
func (s *Store) Heartbeat(id HeartbeatID) (Heartbeat, error) { panic("stub") }
func (s *Store) HeartbeatByToken(t Token) (Heartbeat, error) { panic("stub") }

// HasToken is the cheap form, without allocation.
func (s *Store) HasToken(t Token) bool { panic("stub") }

type HeartbeatFilter struct {
	Tag    string
	Status Status // "" any
	Query  string // substring of name or slug, any case
	Limit  int    // 0: all
	Before uint64 // Ordinal below; 0: from the newest
}

// Heartbeats lists newest first; more tells that the list was cut (continue with Before = the last one's Ordinal).
func (s *Store) Heartbeats(f HeartbeatFilter) (list []Heartbeat, more bool) { panic("stub") }

// EachHeartbeat calls f for every heartbeat, oldest first, on copies, holding no lock while f runs.
func (s *Store) EachHeartbeat(f func(Heartbeat) bool) { panic("stub") }

// Pings lists a heartbeat's history newest first, below number before (0: from the newest).
func (s *Store) Pings(id HeartbeatID, limit int, before uint64) (list []PingRecord, more bool, err error) {
	panic("stub")
}

type AlertFilter struct {
	State     AlertState   // 0 any
	Heartbeat *HeartbeatID // nil any
	Limit     int          // 0: all
	Before    *AlertID     // continue after this row
}

// Alerts lists the ledger newest first.
func (s *Store) Alerts(f AlertFilter) (list []Alert, more bool) { panic("stub") }
func (s *Store) Alert(id AlertID) (Alert, error)                { panic("stub") }

func (s *Store) Keys() []Key                         { panic("stub") }
func (s *Store) KeyByHash(hash [32]byte) (Key, bool) { panic("stub") }
func (s *Store) Settings() Settings                  { panic("stub") }
func (s *Store) ClusterID() NodeID                   { panic("stub") }
func (s *Store) Nodes() []NodeInfo                   { panic("stub") }
func (s *Store) Barred(id NodeID) bool               { panic("stub") }
func (s *Store) Gaps() []Gap                         { panic("stub") } // oldest first
func (s *Store) Serving() int64                      { panic("stub") } // ms
func (s *Store) LastWall() time.Time                 { panic("stub") } // stamp of the newest applied batch; zero if none

// NextDue returns the serving time of the earliest deadline (0, false: none).
// If it is <= Horizon(), heartbeats are due and unjudged.
func (s *Store) NextDue() (int64, bool) { panic("stub") }
func (s *Store) Horizon() int64         { panic("stub") }

type AlertCount struct {
	Kind  AlertKind
	State AlertState
	N     uint64 // rows that ever entered the state (pending: were written)
}

// Totals feeds the metrics; its cost does not grow with the number of heartbeats that are not failing.
type Totals struct {
	Active, Paused, Failing int
	Misses                  uint64
	Pings                   uint64
	Serving                 int64 // ms
	GapTotal                int64 // ms
	Alerts                  []AlertCount
	Queue                   int       // rows not settled
	OldestPending           time.Time // zero: none
}

func (s *Store) Totals() Totals { panic("stub") }

// Work is what a leader's sender may do now.
type Work struct {
	Ready   []AlertID    // may be claimed now, oldest first
	Digests []FormDigest // may be formed now
	Doubt   []Alert      // fenced in an earlier term, unsettled
	Next    int64        // serving time at which more becomes ready by itself; 0: none
}

// Work returns at most max of each.
func (s *Store) Work(term uint64, max int) Work { panic("stub") }

// LedgerChanged has a value after an Apply that changed the ledger. For one receiver.
func (s *Store) LedgerChanged() <-chan struct{} { panic("stub") }

var errStub = errors.New("stub")
