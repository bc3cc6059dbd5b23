package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/pieces"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/api/templates"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	maxList      = 1000
	maxPings     = 100
	defaultPings = 50
)

// leastPace is how fast a client has to read a whole list, or a backup.
var leastPace = pieces.Pace{Stall: 30 * time.Second, Limit: time.Minute, Rate: 64 << 10}

func (s *Server) listHeartbeats(ctx *fasthttp.RequestCtx, _ []string) error {
	f, err := heartbeatFilter(ctx)
	if err != nil {
		return err
	}
	if err := s.fresh(ctx); err != nil {
		return err
	}
	whole := f.Limit == 0
	if whole {
		f.Limit = maxList
	}
	found, more := s.store.Heartbeats(f)
	if whole && more {
		return s.listAll(ctx, f)
	}
	out := struct {
		Heartbeats []heartbeatJSON `json:"heartbeats"`
		NextCursor string          `json:"next_cursor,omitempty"`
	}{Heartbeats: make([]heartbeatJSON, 0, len(found))}
	for _, h := range found {
		out.Heartbeats = append(out.Heartbeats, s.toJSON(ctx, h))
	}
	if more {
		out.NextCursor = makeCursor(strconv.FormatUint(found[len(found)-1].Ordinal, 10))
	}
	return reply(ctx, fasthttp.StatusOK, out)
}

// listPiece is how many heartbeats of a whole list are read and written at once.
const listPiece = 100

// listAll answers with all heartbeats that fit, in an answer that is made while it is written.
func (s *Server) listAll(ctx *fasthttp.RequestCtx, f fsm.HeartbeatFilter) error {
	back, err := s.place(s.costly.Lists)
	if err != nil {
		return err
	}
	as, head, comma := s.viewer(ctx), `{"heartbeats":[`, ""
	f.Limit = listPiece
	next := func(piece []byte) (_ []byte, more bool) {
		piece, head = append(piece, head...), ""
		found, more := s.store.Heartbeats(f)
		for _, h := range found {
			text, _ := json.Marshal(s.heartbeatToJSON(as, h)) // which has nothing that cannot be written
			piece, comma = append(append(piece, comma...), text...), ","
			f.Before = h.Ordinal
		}
		if !more {
			piece = append(piece, "]}"...)
		}
		return piece, more
	}
	ctx.SetContentType("application/json")
	ctx.SetBodyStream(&pieces.Answer{Body: pieces.Body{Turn: &s.costly.Turn, Conn: ctx.Conn(), Pace: s.reading, Release: back}, Next: next}, -1)
	return nil
}

func heartbeatFilter(ctx *fasthttp.RequestCtx) (f fsm.HeartbeatFilter, err error) {
	args := ctx.QueryArgs()
	f.Tag, f.Query, f.Status = string(args.Peek("tag")), string(args.Peek("q")), fsm.Status(args.Peek("status"))
	switch f.Status {
	case "", fsm.StatusActive, fsm.StatusPaused, fsm.StatusFailing:
	default:
		return f, badRequest(fmt.Sprintf("status is %.40q; it must be active, paused or failing", f.Status))
	}
	if f.Limit, err = limitArg(ctx, 0, maxList); err != nil {
		return f, err
	}
	f.Before, err = numberCursor(ctx)
	return f, err
}

type pingJSON struct {
	ID          string  `json:"id"`
	HeartbeatID string  `json:"heartbeat_id"`
	PingedAt    *string `json:"pinged_at"` // when it was sent
	Kind        string  `json:"kind"`
	ExitCode    *int    `json:"exit_code,omitempty"`
	RID         *string `json:"rid,omitempty"`
	DurationMs  *int64  `json:"duration_ms,omitempty"` // of the run that it ended
	Late        bool    `json:"late,omitempty"`
	ReceivedAt  *string `json:"received_at,omitempty"` // of a late one
	From        string  `json:"from,omitempty"`
	Body        *string `json:"body,omitempty"`
	BodySize    int     `json:"body_size,omitempty"`
	BodyDropped bool    `json:"body_dropped,omitempty"` // there was no room for it

	Metrics     map[string]float64 `json:"metrics,omitempty"`
	CheckBroken string             `json:"check_broken,omitempty"`
}

// pingToJSON makes of a ping what clients see; its ID derives from its heartbeat
// and its number.
func pingToJSON(heartbeat string, p fsm.PingRecord) pingJSON {
	out := pingJSON{
		ID:          fmt.Sprintf("pg_%s_%d", heartbeat[len("hb_"):], p.Number),
		HeartbeatID: heartbeat, PingedAt: request.Stamp(p.At), Kind: p.Kind.String(), From: p.From,
	}
	if p.Exit >= 0 {
		out.ExitCode = &p.Exit
	}
	if p.HasRun {
		rid := fsm.Token(p.Run).String()
		out.RID = &rid
	}
	if p.Took >= 0 {
		out.DurationMs = new(p.Took.Milliseconds())
	}
	if out.Late = !p.Received.Equal(p.At); out.Late {
		out.ReceivedAt = request.Stamp(p.Received)
	}
	if len(p.Body) > 0 {
		text := strings.ToValidUTF8(string(p.Body), "\uFFFD")
		out.Body, out.BodySize = &text, len(p.Body)
	}
	out.CheckBroken = p.Broke
	if len(p.Numbers) > 0 {
		out.Metrics = numbers(p.Numbers)
	}
	if p.Dropped > 0 {
		out.BodySize, out.BodyDropped = p.Dropped, true
	}
	return out
}

func (s *Server) listPings(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := heartbeatID(args)
	if err != nil {
		return err
	}
	limit, err := limitArg(ctx, defaultPings, maxPings)
	if err != nil {
		return err
	}
	before, err := numberCursor(ctx)
	if err != nil {
		return err
	}
	if _, err := s.lookup(ctx, id); err != nil {
		return err
	}
	found, more, err := s.store.Pings(id, limit, before)
	if err != nil {
		return err
	}
	out := struct {
		Pings      []pingJSON `json:"pings"`
		NextCursor string     `json:"next_cursor,omitempty"`
	}{Pings: make([]pingJSON, 0, len(found))}
	for _, p := range found {
		out.Pings = append(out.Pings, pingToJSON(args[0], p))
	}
	if more {
		out.NextCursor = makeCursor(strconv.FormatUint(found[len(found)-1].Number, 10))
	}
	return reply(ctx, fasthttp.StatusOK, out)
}

// uptimeJSON is how much of the time in which it was watched a heartbeat was not failing;
// null if it was not watched.
type uptimeJSON struct {
	Uptime *float64        `json:"uptime"`
	Days   []uptimeDayJSON `json:"days"` // oldest first
}

type uptimeDayJSON struct {
	Date        string   `json:"date"` // UTC
	DownSecs    int64    `json:"down_secs"`
	PausedSecs  int64    `json:"paused_secs"`
	UnknownSecs int64    `json:"unknown_secs"` // before it was made, not over yet, or the monitor took no pings
	Uptime      *float64 `json:"uptime"`
}

func uptimeToJSON(days []fsm.UptimeDay) uptimeJSON {
	part := func(days ...fsm.UptimeDay) *float64 {
		if p, ok := fsm.Uptime(days); ok {
			return &p
		}
		return nil
	}
	out := uptimeJSON{Uptime: part(days...), Days: make([]uptimeDayJSON, 0, len(days))}
	for _, d := range days {
		out.Days = append(out.Days, uptimeDayJSON{
			Date: d.Date.Format("2006-01-02"), DownSecs: d.Down / 1000, PausedSecs: d.Paused / 1000, UnknownSecs: d.Unknown / 1000, Uptime: part(d),
		})
	}
	return out
}

func (s *Server) tellUptime(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := heartbeatID(args)
	if err != nil {
		return err
	}
	if _, err := s.lookup(ctx, id); err != nil {
		return err
	}
	days, err := s.store.Uptime(id, time.Now())
	if err != nil {
		return err
	}
	return reply(ctx, fasthttp.StatusOK, uptimeToJSON(days))
}

// limitArg reads ?limit=; absent is what absent says.
func limitArg(ctx *fasthttp.RequestCtx, absent, most int) (int, error) {
	raw := ctx.QueryArgs().Peek("limit")
	if raw == nil {
		return absent, nil
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil || n < 1 || n > most {
		return 0, badRequest(fmt.Sprintf("limit is %.40q; it must be 1 to %d", raw, most))
	}
	return n, nil
}

// A cursor is opaque to clients: what follows it is this server's affair.
func makeCursor(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func cursorArg(ctx *fasthttp.RequestCtx) (string, error) {
	raw := ctx.QueryArgs().Peek("cursor")
	b, err := base64.RawURLEncoding.DecodeString(string(raw))
	if err != nil {
		return "", badCursor()
	}
	return string(b), nil
}

func numberCursor(ctx *fasthttp.RequestCtx) (uint64, error) {
	s, err := cursorArg(ctx)
	if err != nil || s == "" {
		return 0, err
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		return 0, badCursor()
	}
	return n, nil
}

func badCursor() error {
	return badRequest("cursor is not one that this server gave; leave it out to begin anew")
}

func (s *Server) getTemplates(ctx *fasthttp.RequestCtx, _ []string) error {
	if err := s.fresh(ctx); err != nil {
		return err
	}
	return reply(ctx, fasthttp.StatusOK, templates.Of(s.store.Templates()))
}

func (s *Server) putTemplates(ctx *fasthttp.RequestCtx, _ []string) error {
	t, err := readTemplates(ctx)
	if err != nil {
		return err
	}
	if _, err := s.propose(ctx, fsm.SetTemplates{Templates: t}); err != nil {
		return err
	}
	return reply(ctx, fasthttp.StatusOK, templates.Of(t))
}

func (s *Server) deleteTemplates(ctx *fasthttp.RequestCtx, _ []string) error {
	return s.commitNoContent(ctx, fsm.SetTemplates{})
}

// previewTemplates shows what templates would say, and saves nothing.
func (s *Server) previewTemplates(ctx *fasthttp.RequestCtx, _ []string) error {
	if err := s.fresh(ctx); err != nil {
		return err
	}
	t, err := readTemplates(ctx)
	if err != nil {
		return err
	}
	back, err := s.place(s.costly.Plays)
	if err != nil {
		return err
	}
	defer back()
	return reply(ctx, fasthttp.StatusOK, templates.PreviewsOf(t))
}

func readTemplates(ctx *fasthttp.RequestCtx) (fsm.Templates, error) {
	var body templates.Body
	if err := decode(ctx, &body); err != nil {
		return fsm.Templates{}, err
	}
	return body.Check()
}
