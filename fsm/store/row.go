package store

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// row is one row of the ledger. Rows in the maps are never written to: a change
// replaces them, so that snapshots may share them.
type row struct {
	id        fsm.AlertID
	heartbeat fsm.HeartbeatID
	answers   fsm.AlertID // the down that its recipient knows of: it answers that, or tells of a new one after it
	after     fsm.AlertID // zero, or the row that has to settle first
	digest    fsm.AlertID // zero, or the digest that carries it
	ord       uint64      // the heartbeat's ordinal; 0 for a digest
	incident  uint32
	attempt   uint32
	term      uint64
	due       int64 // serving: when what it tells came to pass; orders the ledger
	created   int64 // wall
	sent      int64 // wall; 0: not yet
	notBefore int64 // serving: no attempt until then
	refused   int64 // serving: the first 4xx answer in this run of attempts; 0: none
	recipient string
	err       string
	evidence  evidence
	members   []fsm.AlertID
	kind      fsm.AlertKind
	state     fsm.AlertState
	doubts    uint8 // attempts that may have been delivered; one stands for all before it was retried by hand
	counted   bool  // it has used its place in the recipient's burst
	place     place // derived
}

// rowKey orders rows by when what they tell came to pass. Serving time stands still at times, in
// which a heartbeat may fail and recover: then they go by their turn.
type rowKey struct {
	due  int64
	turn uint32 // among those of a heartbeat
	id   fsm.AlertID
}

// inDoubt reports whether an attempt may have been delivered.
func (r *row) inDoubt() bool { return r.doubts > 0 }

func (r *row) key() rowKey { return rowKey{r.due, r.turn(), r.id} }

// turn counts a heartbeat's rows: in each incident first what tells of its beginning.
func (r *row) turn() uint32 {
	if r.kind == fsm.AlertRecovered {
		return 2*r.incident + 1
	}
	return 2 * r.incident
}

func (a rowKey) Compare(b rowKey) int {
	if c := cmp.Compare(a.due, b.due); c != 0 {
		return c
	}
	if c := cmp.Compare(a.turn, b.turn); c != 0 {
		return c
	}
	return bytes.Compare(a.id[:], b.id[:])
}

// alertID derives a row's ID from what it is about.
func alertID(hb fsm.HeartbeatID, incident uint32, kind fsm.AlertKind, recipient string) fsm.AlertID {
	b := append([]byte("alert\x00"), hb[:]...)
	b = binary.BigEndian.AppendUint32(b, incident)
	b = append(b, byte(kind))
	b = append(b, recipient...)
	sum := sha256.Sum256(b)
	return fsm.AlertID(sum[:12])
}

// messageID is the same on every attempt, whoever sends.
func (st *state) messageID(id fsm.AlertID) string {
	b := append([]byte("message\x00"), st.clusterID[:]...)
	sum := sha256.Sum256(append(b, id[:]...))
	return hex.EncodeToString(sum[:16]) + "@quorumbeat"
}

// alert makes the copy that queries show.
func (st *state) alert(r *row) fsm.Alert {
	a := fsm.Alert{
		ID: r.id, Heartbeat: r.heartbeat, Incident: r.incident, Kind: r.kind, Recipient: r.recipient,
		State: r.state, Term: r.term, Attempt: r.attempt, InDoubt: r.inDoubt(), Error: r.err,
		CreatedAt: fsm.WallTime(r.created), SentAt: fsm.WallTime(r.sent), Evidence: r.evidence.unpack(),
		Digest: r.digest, Members: r.members, MessageID: st.messageID(r.id),
	}
	if d := st.ledger.rows[r.digest]; d != nil {
		a.State, a.Term, a.Attempt, a.InDoubt, a.Error = d.state, d.term, d.attempt, d.inDoubt(), d.err
		a.SentAt = fsm.WallTime(d.sent)
	}
	if r.digest != (fsm.AlertID{}) {
		a.MessageID = st.messageID(r.digest)
	}
	if r.answers != (fsm.AlertID{}) {
		carrier := r.answers
		if down := st.ledger.rows[r.answers]; down != nil && down.digest != (fsm.AlertID{}) {
			carrier = down.digest
		}
		a.Answers = st.messageID(carrier)
	}
	return a
}
