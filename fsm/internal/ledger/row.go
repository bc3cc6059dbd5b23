package ledger

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Row is one row of the ledger. Rows in the maps are never written to: a change
// replaces them, so that snapshots may share them.
type Row struct {
	Id        fsm.AlertID
	Heartbeat fsm.HeartbeatID
	Answers   fsm.AlertID // the down that its recipient knows of: it answers that, or tells of a new one after it
	after     fsm.AlertID // zero, or the row that has to settle first
	Digest    fsm.AlertID // zero, or the digest that carries it
	ordinal   uint64      // the heartbeat's ordinal; 0 for a digest
	Incident  uint32
	Attempt   uint32
	Term      uint64
	Due       int64 // serving: when what it tells came to pass; orders the ledger
	created   int64 // wall
	sent      int64 // wall; 0: not yet
	NotBefore int64 // serving: no attempt until then
	refused   int64 // serving: the first 4xx answer in this run of attempts; 0: none
	Recipient string
	Err       string
	Evidence  Packed
	Members   []fsm.AlertID
	Kind      fsm.AlertKind
	State     fsm.AlertState
	doubts    uint8 // attempts that may have been delivered; one stands for all before it was retried by hand
	counted   bool  // it has used its place in the recipient's burst
	stage     stage // derived
}

// Key orders rows by when what they tell came to pass. Serving time stands still at times, in
// which a heartbeat may fail and recover: then they go by their turn.
type Key struct {
	due  int64
	turn uint32 // among those of a heartbeat
	id   fsm.AlertID
}

// isInDoubt reports whether an attempt may have been delivered.
func (r *Row) isInDoubt() bool { return r.doubts > 0 }

func (r *Row) key() Key { return Key{r.Due, r.turn(), r.Id} }

// turn counts a heartbeat's rows: in each incident first what tells of its beginning.
func (r *Row) turn() uint32 {
	if r.Kind == fsm.AlertRecovered {
		return 2*r.Incident + 1
	}
	return 2 * r.Incident
}

func (a Key) Compare(b Key) int {
	if c := cmp.Compare(a.due, b.due); c != 0 {
		return c
	}
	if c := cmp.Compare(a.turn, b.turn); c != 0 {
		return c
	}
	return bytes.Compare(a.id[:], b.id[:])
}

// AlertIDOf derives a row's ID from what it is about.
func AlertIDOf(hb fsm.HeartbeatID, incident uint32, kind fsm.AlertKind, recipient string) fsm.AlertID {
	b := append([]byte("alert\x00"), hb[:]...)
	b = binary.BigEndian.AppendUint32(b, incident)
	b = append(b, byte(kind))
	b = append(b, recipient...)
	sum := sha256.Sum256(b)
	return fsm.AlertID(sum[:12])
}

// messageID is the same on every attempt, whoever sends.
func (now Now) messageID(id fsm.AlertID) string {
	b := append([]byte("message\x00"), now.Cluster[:]...)
	sum := sha256.Sum256(append(b, id[:]...))
	return hex.EncodeToString(sum[:16]) + "@quorumbeat"
}

// viewRow makes the copy that queries show.
func (now Now) viewRow(r *Row) fsm.Alert {
	a := fsm.Alert{
		ID: r.Id, Heartbeat: r.Heartbeat, Incident: r.Incident, Kind: r.Kind, Recipient: r.Recipient,
		State: r.State, Term: r.Term, Attempt: r.Attempt, InDoubt: r.isInDoubt(), Error: r.Err,
		CreatedAt: fsm.WallTime(r.created), SentAt: fsm.WallTime(r.sent), Evidence: r.Evidence.Unpack(),
		Digest: r.Digest, Members: r.Members, MessageID: now.messageID(r.Id),
	}
	if d := now.Rows[r.Digest]; d != nil {
		a.State, a.Term, a.Attempt, a.InDoubt, a.Error = d.State, d.Term, d.Attempt, d.isInDoubt(), d.Err
		a.SentAt = fsm.WallTime(d.sent)
	}
	if r.Digest != (fsm.AlertID{}) {
		a.MessageID = now.messageID(r.Digest)
	}
	if r.Answers != (fsm.AlertID{}) {
		carrier := r.Answers
		if down := now.Rows[r.Answers]; down != nil && down.Digest != (fsm.AlertID{}) {
			carrier = down.Digest
		}
		a.Answers = now.messageID(carrier)
	}
	return a
}
