package ledger

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Row is one row of the ledger. A row is never written to once it is filed: a change
// replaces it, so that snapshots may share rows.
type Row struct {
	ID        fsm.AlertID
	Heartbeat fsm.HeartbeatID
	Answers   fsm.AlertID // the down alert that the recipient knows of, which this one answers or follows
	after     fsm.AlertID // zero, or the row that has to settle first
	Digest    fsm.AlertID // zero, or the digest that carries it
	ordinal   uint64      // the heartbeat's ordinal; 0 for a digest
	Incident  uint32
	Attempt   uint32
	Term      uint64
	Due       int64 // serving: when the event happened; orders the ledger
	created   int64 // wall
	sent      int64 // wall; 0: not yet
	NotBefore int64 // serving: no attempt until then; byHand: at once, whatever would defer it
	refused   int64 // serving: the first 4xx answer in this run of attempts; 0: none
	Recipient string
	Err       string
	Evidence  Packed
	Members   []fsm.AlertID
	Kind      fsm.AlertKind
	State     fsm.AlertState
	doubts    uint8 // attempts that may have been delivered; those before a retry by hand count as one
	counted   bool  // it has used a place in its recipient's burst
	stage     stage // derived
	wait      int64 // derived: serving until which it is filed away; see deferral.go
}

// Key orders rows by the serving time of their event. That clock may stand still while a
// heartbeat fails and recovers: then the turn orders its rows.
type Key struct {
	due  int64
	turn uint32 // among those of a heartbeat
	id   fsm.AlertID
}

// Created returns the wall time at which what it tells was known.
func (r *Row) Created() int64 { return r.created }

// isInDoubt reports whether an attempt may have been delivered.
func (r *Row) isInDoubt() bool { return r.doubts > 0 }

func (r *Row) orderKey() Key { return Key{r.Due, r.turnOf(), r.ID} }

// turnOf orders the rows of a heartbeat: those of earlier incidents come first, and in an
// incident its beginning.
func (r *Row) turnOf() uint32 {
	switch r.Kind {
	case fsm.AlertRecovered:
		return 3*r.Incident + 2
	case fsm.AlertReminder:
		return 3*r.Incident + 1
	}
	return 3 * r.Incident
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

// AlertIDOf returns the ID of the row of a heartbeat's incident, a kind and a recipient.
func AlertIDOf(hb fsm.HeartbeatID, incident uint32, kind fsm.AlertKind, recipient string) fsm.AlertID {
	b := append([]byte("alert\x00"), hb[:]...)
	b = binary.BigEndian.AppendUint32(b, incident)
	b = append(b, byte(kind))
	b = append(b, recipient...)
	sum := sha256.Sum256(b)
	return fsm.AlertID(sum[:12])
}

// ReminderID returns the ID of the row of the n-th reminder of an incident.
func ReminderID(hb fsm.HeartbeatID, incident uint32, n int64, recipient string) fsm.AlertID {
	b := append([]byte("reminder\x00"), hb[:]...)
	b = binary.BigEndian.AppendUint32(b, incident)
	b = binary.BigEndian.AppendUint64(b, uint64(n))
	sum := sha256.Sum256(append(b, recipient...))
	return fsm.AlertID(sum[:12])
}

// messageID returns the Message-ID of a row's mail, which is the same on every attempt
// and on every node.
func (now Now) messageID(id fsm.AlertID) string {
	b := append([]byte("message\x00"), now.Cluster[:]...)
	sum := sha256.Sum256(append(b, id[:]...))
	return hex.EncodeToString(sum[:16]) + "@quorumbeat"
}

// viewRow returns the copy of a row that queries show.
func (now Now) viewRow(r *Row) fsm.Alert {
	a := fsm.Alert{
		ID: r.ID, Heartbeat: r.Heartbeat, Incident: r.Incident, Kind: r.Kind, Recipient: r.Recipient,
		State: r.State, Term: r.Term, Attempt: r.Attempt, InDoubt: r.isInDoubt(), Error: r.Err,
		CreatedAt: fsm.WallTime(r.created), SentAt: fsm.WallTime(r.sent), Evidence: r.Evidence.Unpack(),
		Digest: r.Digest, Members: r.Members, MessageID: now.messageID(r.ID),
	}
	if r.State == fsm.AlertPending {
		now.viewWait(r, &a)
	}
	if c := now.channelOf(r.Recipient); c != nil {
		a.ChannelName, a.ChannelKind = c.Spec.Name, c.Spec.Kind
	}
	if d := now.Rows[r.Digest]; d != nil {
		a.State, a.Term, a.Attempt, a.InDoubt, a.Error = d.State, d.Term, d.Attempt, d.isInDoubt(), d.Err
		a.SentAt = fsm.WallTime(d.sent)
	}
	if r.Digest != (fsm.AlertID{}) {
		a.MessageID = now.messageID(r.Digest)
	}
	if len(now.refs) > 0 {
		a.Thread = now.threadOf(r)
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
