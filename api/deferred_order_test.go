package api

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// fated is a cluster in which the outcome of a ping is that of its heartbeat. Half of
// those that nobody waits for are told of later.
type fated struct {
	*fakeCluster
	fate map[uint64]fsm.Code
}

func (f fated) Ping(_ time.Time, p fsm.Ping) (fsm.Code, error) {
	code := f.fate[p.Ordinal]
	return code, code.Err()
}

func (f fated) Propose(_ context.Context, cmd fsm.Command) (fsm.Result, error) {
	code := f.fate[cmd.(fsm.Signal).Ordinal]
	return fsm.Result{Code: code}, code.Err()
}

func (f fated) PingThen(_ time.Time, p fsm.Ping, then func(fsm.Code)) error {
	code := f.fate[p.Ordinal]
	if rand.IntN(2) == 0 {
		then(code)
		return nil
	}
	time.AfterFunc(rand.N(500*time.Microsecond), func() { then(code) })
	return nil
}

// told is a request with the beginning of its answer.
type told struct{ request, answer string }

// fates makes a heartbeat for each outcome, and returns requests of all kinds.
func (r *rig) fates() []told {
	codes := []fsm.Code{fsm.CodeOK, fsm.CodePaused, fsm.CodeNoLeader, fsm.CodeNotFound}
	f := fated{r.cluster, map[uint64]fsm.Code{}}
	all := []told{
		{"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", "200 ready"},
		{"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", `404 {"code":"not_found"`},
		{"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", "200 {"}, // more than fasthttp's buffer
		{"GET /v1/backup HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + testKey + "\r\n\r\n", "200 "},
	}
	for i, answer := range []string{`200 {"status":"ok"}`, `200 {"status":"paused"}`, `503 {"code":"no_leader"`, `404 {"code":"not_found"`} {
		token := r.create(fmt.Sprintf(`{"name":"x%d"}`, i)).Token
		t, _ := fsm.ParseToken([]byte(token))
		ordinal, _ := r.cluster.store.Ordinal(t)
		f.fate[ordinal] = codes[i]
		head := "POST /v1/heartbeats/" + token + "/ping HTTP/1.1\r\nHost: x\r\n"
		ping := told{head + "\r\n", answer}
		all = append(
			all, ping, ping, ping, ping,
			told{head + "Content-Length: 0\r\n\r\n", answer},
			told{head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", answer},
			told{head + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", answer},
			told{head + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", answer},
		)
	}
	r.server.useCluster(f)
	return all
}

// TestEveryAnswerIsThatOfItsRequest sends requests of all kinds, many at once and cut
// anywhere, to pings of which some fail.
func TestEveryAnswerIsThatOfItsRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	kinds := r.fates()
	for round := range 150 {
		conn := r.connect()
		var sent []told
		var stream strings.Builder
		for range 1 + rand.IntN(60) {
			one := kinds[rand.IntN(len(kinds))]
			sent = append(sent, one)
			stream.WriteString(one.request)
		}
		go sendInPieces(conn, stream.String())
		from := bufio.NewReader(conn)
		for i, one := range sent {
			a := r.read(from, false)
			if got := fmt.Sprintf("%d %s", a.status, a.body); !strings.HasPrefix(got, one.answer) {
				t.Fatalf("round %d, request %d of %d: %.60q is answered %.60q, want %.60q", round, i, len(sent), one.request, got, one.answer)
			}
		}
		conn.Close()
	}
}

// sendInPieces lets the other side read something in between.
func sendInPieces(conn net.Conn, all string) {
	for len(all) > 0 {
		n := min(1+rand.IntN(3000), len(all))
		if _, err := conn.Write([]byte(all[:n])); err != nil {
			return
		}
		all = all[n:]
		time.Sleep(rand.N(time.Millisecond))
	}
}

// TestADeferredReplyIsNotTakenForAnother sends a ping that fails together with another
// request before it.
func TestADeferredReplyIsNotTakenForAnother(t *testing.T) {
	r := newRig(t)
	kinds := r.fates()
	for _, before := range kinds[:2] {
		for _, ping := range kinds[4:] {
			conn := r.connect()
			if _, err := conn.Write([]byte(before.request + ping.request)); err != nil {
				t.Fatal(err)
			}
			from := bufio.NewReader(conn)
			for _, one := range []told{before, ping} {
				a := r.read(from, false)
				if got := fmt.Sprintf("%d %s", a.status, a.body); !strings.HasPrefix(got, one.answer) {
					t.Fatalf("%.60q is answered %.60q, want %.60q", one.request, got, one.answer)
				}
			}
			conn.Close()
		}
	}
}
