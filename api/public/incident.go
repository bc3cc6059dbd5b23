package public

import (
	"bytes"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// incidentPolicy is that of a page with a form.
const incidentPolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// incidentPage asks whoever came by a link in a mail what is to be done about its incident.
type incidentPage struct {
	fsm.Incident
	Done   string // what was just done; "": nothing
	Quiet  bool
	Reason string
}

// IncidentPage answers with the page of a link to an incident. It shows the name of its heartbeat and how
// it is, and has forms that acknowledge and snooze it; looking at it changes nothing. done is
// what a form has done.
func (s *Site) IncidentPage(ctx *fasthttp.RequestCtx, in fsm.Incident, done string) error {
	p := incidentPage{Incident: in, Done: done, Quiet: !in.AckedAt.IsZero() || !in.Snoozed.IsZero(), Reason: string(show.CauseOf(in.Reason))}
	var b bytes.Buffer
	if err := s.page.ExecuteTemplate(&b, "incident.html", p); err != nil {
		return err
	}
	h := &ctx.Response.Header
	guard(ctx)
	h.Set("Content-Security-Policy", incidentPolicy)
	h.Set("Referrer-Policy", "no-referrer") // the address lets whoever has it act
	h.Set(fasthttp.HeaderCacheControl, "no-store")
	h.Set("X-Robots-Tag", "noindex")
	ctx.SetContentType("text/html; charset=utf-8")
	ctx.SetBody(b.Bytes())
	return nil
}
