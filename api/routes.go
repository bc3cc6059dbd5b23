package api

import (
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// handler answers one route; args are the parts of the path that the pattern
// leaves open. An error becomes an answer by the table of statuses.
type handler func(s *Server, ctx *fasthttp.RequestCtx, args []string) error

// What the key of a request must allow, at least.
const (
	anyone = ""
	reads  = fsm.ScopeRead
	writes = fsm.ScopeWrite
	admins = fsm.ScopeAdmin
)

// route is a method, a pattern in which {…} stands for any one part, and who
// answers. The OpenAPI document lists the same.
type route struct {
	method  string
	pattern string
	needs   string // the least scope of the key that it needs; anyone: it needs no key
	serve   handler
}

var routes = []route{
	{"GET", "/v1/heartbeats", reads, (*Server).listHeartbeats},
	{"POST", "/v1/heartbeats", writes, (*Server).createHeartbeat},
	{"PUT", "/v1/heartbeats/by-slug/{slug}", writes, (*Server).putHeartbeat},
	{"GET", "/v1/heartbeats/{id}", reads, (*Server).getHeartbeat},
	{"PATCH", "/v1/heartbeats/{id}", writes, (*Server).updateHeartbeat},
	{"DELETE", "/v1/heartbeats/{id}", writes, (*Server).deleteHeartbeat},
	{"POST", "/v1/heartbeats/{id}/pause", writes, (*Server).pauseHeartbeat},
	{"POST", "/v1/heartbeats/{id}/resume", writes, (*Server).resumeHeartbeat},
	{"POST", "/v1/heartbeats/{id}/rotate-token", writes, (*Server).rotateToken},
	{"PATCH", "/v1/heartbeats/{id}/pause", writes, (*Server).pauseHeartbeat}, // as an SDK of Tickstem's API does
	{"PATCH", "/v1/heartbeats/{id}/resume", writes, (*Server).resumeHeartbeat},
	{"GET", "/v1/heartbeats/{id}/pings", reads, (*Server).listPings},
	{"GET", "/v1/heartbeats/{id}/uptime", reads, (*Server).tellUptime},
	{"GET", "/v1/heartbeats/{id}/suggest", reads, (*Server).suggestSettings},
	{"GET", "/v1/heartbeats/{id}/explain", reads, (*Server).explainHeartbeat},
	{"POST", "/v1/schedule/preview", reads, (*Server).previewSchedule},
	{"GET", "/v1/incidents", reads, (*Server).listIncidents},
	{"GET", "/v1/incidents/{id}", reads, (*Server).getIncident},
	{"POST", "/v1/incidents/{id}/ack", writes, (*Server).ackIncident},
	{"POST", "/v1/incidents/{id}/unack", writes, (*Server).unackIncident},
	{"POST", "/v1/incidents/{id}/snooze", writes, (*Server).snoozeIncident},
	{"GET", "/v1/alerts", reads, (*Server).listAlerts},
	{"POST", "/v1/alerts/test", writes, (*Server).testMail},
	{"POST", "/v1/alerts/{id}/retry", writes, retryAlert},
	{"POST", "/v1/alerts/{id}/deliver", writes, deliverAlert},
	{"POST", "/v1/alerts/{id}/hold", writes, holdAlert},
	{"POST", "/v1/alerts/{id}/cancel", writes, cancelAlert},
	{"GET", "/v1/channels", reads, (*Server).listChannels},
	{"POST", "/v1/channels", admins, (*Server).createChannel},
	{"GET", "/v1/channels/{id}", reads, (*Server).getChannel},
	{"PATCH", "/v1/channels/{id}", admins, (*Server).updateChannel},
	{"DELETE", "/v1/channels/{id}", admins, (*Server).deleteChannel},
	{"POST", "/v1/channels/{id}/test", writes, (*Server).testChannel},
	{"GET", "/v1/windows", reads, (*Server).listWindows},
	{"POST", "/v1/windows", admins, (*Server).createWindow},
	{"DELETE", "/v1/windows/{id}", admins, (*Server).deleteWindow},
	{"GET", "/v1/templates", reads, (*Server).getTemplates},
	{"PUT", "/v1/templates", admins, (*Server).putTemplates},
	{"DELETE", "/v1/templates", admins, (*Server).deleteTemplates},
	{"POST", "/v1/templates/preview", reads, (*Server).previewTemplates},
	{"GET", "/v1/keys", admins, (*Server).listKeys},
	{"POST", "/v1/keys", admins, (*Server).createKey},
	{"PATCH", "/v1/keys/{id}", admins, (*Server).updateKey},
	{"DELETE", "/v1/keys/{id}", admins, (*Server).deleteKey},
	{"GET", "/v1/cluster", reads, (*Server).clusterStatus},
	{"DELETE", "/v1/cluster/nodes/{node}", admins, (*Server).removeNode},
	{"GET", "/v1/backup", admins, (*Server).backup},
	{"GET", "/v1/events", reads, (*Server).streamEvents},
	{"GET", "/v1/status-pages", admins, (*Server).listStatusPages},
	{"POST", "/v1/status-pages", admins, (*Server).createStatusPage},
	{"DELETE", "/v1/status-pages/{slug}", admins, (*Server).deleteStatusPage},
	{"GET", "/v1/badges", admins, (*Server).listBadges},
	{"POST", "/v1/badges", admins, (*Server).createBadge},
	{"DELETE", "/v1/badges/{id}", admins, (*Server).deleteBadge},
	{"GET", "/incident/{token}", anyone, (*Server).showIncidentLink},
	{"POST", "/incident/{token}", anyone, (*Server).useIncidentLink},
	{"GET", "/status/{slug}", anyone, (*Server).statusPage},
	{"GET", "/status/assets/{file}", anyone, (*Server).statusAsset},
	{"GET", "/badge/{file}", anyone, (*Server).badge},
	{"GET", "/v1/openapi.json", anyone, (*Server).openAPI},
	{"GET", "/healthz", anyone, (*Server).healthz},
	{"GET", "/readyz", anyone, (*Server).readyz},
	{"GET", "/metrics", anyone, (*Server).serveMetrics},
	{"GET", "/metrics/node", anyone, (*Server).serveNodeMetrics},
}

// route answers. Authorization looks at the same route as what it lets through to.
func (s *Server) route(ctx *fasthttp.RequestCtx) error {
	r, args, err := find(&ctx.Request.Header)
	if err != nil {
		return err
	}
	ctx.SetUserValue(routeValue, r.pattern)
	if r.needs != anyone {
		if err := s.authorize(ctx, r.needs); err != nil {
			return err
		}
	}
	return r.serve(s, ctx, args)
}

// place takes one of the places of what costs much.
func (s *Server) place(of limits.Slots) (back func(), err error) {
	back, ok := of.Take(s.costly.Patience)
	if !ok {
		return nil, errCostly
	}
	return back, nil
}

// find says who answers. A path that exists with another method is a 405; a HEAD is a
// GET whose body fasthttp leaves out.
func find(h *fasthttp.RequestHeader) (found *route, args []string, err error) {
	method, path := string(h.Method()), string(request.Path(h))
	if method == fasthttp.MethodHead {
		method = fasthttp.MethodGet
	}
	var allowed []string
	for i := range routes {
		r := &routes[i]
		args, ok := request.Match(r.pattern, path)
		switch {
		case ok && r.method == method:
			return r, args, nil
		case ok:
			allowed = append(allowed, r.method)
		}
	}
	if allowed != nil {
		return nil, nil, request.NotAllowed(allowed...)
	}
	return nil, nil, errNotFound
}

// routeValue is the name of the user value that holds the pattern of a request's route.
const routeValue = "route"

// routed answers what is no ping, and counts it.
func (s *Server) routed(ctx *fasthttp.RequestCtx) {
	defer s.countRequest(ctx)
	defer s.recover(ctx)
	if err := s.route(ctx); err != nil {
		s.refuse(ctx, err)
	}
}

// countRequest counts a request that is no ping by its route.
func (s *Server) countRequest(ctx *fasthttp.RequestCtx) {
	pattern, ok := ctx.UserValue(routeValue).(string)
	if !ok {
		pattern = "none"
	}
	s.met.RequestAnswered(pattern, ctx.Response.StatusCode())
}
