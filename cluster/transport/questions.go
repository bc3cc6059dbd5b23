package transport

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	questionLimit = 10 * time.Second // for one question and its answer
	maxQuestion   = 64 << 10         // bytes of either
)

// The questions that nodes ask each other beside Raft and forwarding.
const (
	AskInfo      = "info"    // who are you, and how far?
	AskPromise   = "promise" // will you begin a cluster with me?
	AskRemove    = "remove"  // leader: take a node out
	AskRemoved   = "barred"  // you were removed: a notice
	AskHeldPings = "held"    // could you take pings all the time since the last batch?
	AskState     = "state"   // how far are you, what does your clock say, which settings have you?
)

// Question is what one node asks another.
type Question struct {
	Op      string     `json:"op"` // one of the above
	Asker   fsm.NodeID `json:"asker"`
	Cluster fsm.NodeID `json:"cluster"`        // the asker's
	Node    string     `json:"node,omitempty"` // the one that AskRemove is about
}

// Answer is what the other node says. Code tells whether it did what was asked, and Words
// why not. Which of the other fields are set depends on the question.
type Answer struct {
	Code    fsm.Code   `json:"code"`
	Words   string     `json:"words,omitempty"`
	Node    fsm.NodeID `json:"node"` // who answers
	Cluster fsm.NodeID `json:"cluster"`
	Fresh   bool       `json:"fresh"`              // it has never been in a cluster
	Applied uint64     `json:"applied"`            // index of the last entry that it has applied
	Held    bool       `json:"held,omitempty"`     // it could take pings all the time
	Quiet   int64      `json:"quiet_ms,omitempty"` // since the last batch; negative: unknown
	Clock   int64      `json:"clock,omitempty"`    // wall, Unix ms
	Differs []string   `json:"differs,omitempty"`  // flags of settings that are not the cluster's
}

// Err returns what went wrong, with the other node's words.
func (a Answer) Err() error {
	if a.Code == fsm.CodeOK {
		return nil
	}
	if err := a.Code.Err(); err != nil && a.Words != "" {
		return fmt.Errorf("%s (%w)", a.Words, err)
	}
	return a.Code.Err()
}

// AnswerQuestions answers the questions of other nodes until ctx ends. Each comes by a
// connection of its own.
func (p *Port) AnswerQuestions(ctx context.Context, answer func(context.Context, Question) Answer) {
	l := p.Listener(KindControl)
	var running sync.WaitGroup
	defer running.Wait()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		running.Go(func() { answerOne(ctx, conn, answer) })
	}
}

func answerOne(ctx context.Context, conn net.Conn, answer func(context.Context, Question) Answer) {
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, questionLimit)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	req, err := decodeQuestion[Question](conn)
	if err != nil {
		return
	}
	json.NewEncoder(conn).Encode(answer(ctx, req))
}

// decodeQuestion reads one bounded JSON value.
func decodeQuestion[T any](r io.Reader) (v T, err error) {
	dec := json.NewDecoder(io.LimitReader(r, maxQuestion))
	dec.DisallowUnknownFields()
	err = dec.Decode(&v)
	return v, err
}

// Ask puts a question to another node. The error tells of the connection; see
// Answer.err for the answer.
func (p *Port) Ask(ctx context.Context, addr string, req Question) (Answer, error) {
	a, _, _, err := p.AskTimed(ctx, addr, req)
	return a, err
}

// AskTimed is Ask that tells when the question was sent, and when the answer was there.
func (p *Port) AskTimed(ctx context.Context, addr string, req Question) (a Answer, sent, got time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, questionLimit)
	defer cancel()
	conn, err := p.Dial(ctx, addr, KindControl)
	if err != nil {
		return a, sent, got, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	sent = time.Now()
	if err = json.NewEncoder(conn).Encode(req); err != nil {
		return a, sent, got, err
	}
	a, err = decodeQuestion[Answer](conn)
	return a, sent, time.Now(), err
}
