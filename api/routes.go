package api

import (
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/request"
)

// handler answers one route; args are the parts of the path that the pattern
// leaves open. An error becomes an answer by the table of statuses.
type handler func(s *Server, ctx *fasthttp.RequestCtx, args []string) error

// route is a method, a pattern in which {…} stands for any one part, and who
// answers. The OpenAPI document lists the same.
type route struct {
	method  string
	pattern string
	public  bool // needs no key
	serve   handler
}

var routes = []route{
	{"GET", "/v1/heartbeats", false, (*Server).listHeartbeats},
	{"POST", "/v1/heartbeats", false, (*Server).createHeartbeat},
	{"PUT", "/v1/heartbeats/by-slug/{slug}", false, (*Server).putHeartbeat},
	{"GET", "/v1/heartbeats/{id}", false, (*Server).getHeartbeat},
	{"PATCH", "/v1/heartbeats/{id}", false, (*Server).updateHeartbeat},
	{"DELETE", "/v1/heartbeats/{id}", false, (*Server).deleteHeartbeat},
	{"POST", "/v1/heartbeats/{id}/pause", false, (*Server).pauseHeartbeat},
	{"POST", "/v1/heartbeats/{id}/resume", false, (*Server).resumeHeartbeat},
	{"PATCH", "/v1/heartbeats/{id}/pause", false, (*Server).pauseHeartbeat}, // as an SDK of Tickstem's API does
	{"PATCH", "/v1/heartbeats/{id}/resume", false, (*Server).resumeHeartbeat},
	{"GET", "/v1/heartbeats/{id}/pings", false, (*Server).listPings},
	{"GET", "/v1/incidents", false, (*Server).listIncidents},
	{"GET", "/v1/alerts", false, (*Server).listAlerts},
	{"POST", "/v1/alerts/test", false, (*Server).testMail},
	{"POST", "/v1/alerts/{id}/retry", false, (*Server).retryAlert},
	{"GET", "/v1/keys", false, (*Server).listKeys},
	{"POST", "/v1/keys", false, (*Server).createKey},
	{"PATCH", "/v1/keys/{id}", false, (*Server).updateKey},
	{"DELETE", "/v1/keys/{id}", false, (*Server).deleteKey},
	{"GET", "/v1/cluster", false, (*Server).clusterStatus},
	{"DELETE", "/v1/cluster/nodes/{node}", false, (*Server).removeNode},
	{"GET", "/v1/backup", false, (*Server).backup},
	{"GET", "/v1/openapi.json", true, (*Server).openAPI},
	{"GET", "/healthz", true, (*Server).healthz},
	{"GET", "/readyz", true, (*Server).readyz},
	{"GET", "/metrics", true, (*Server).serveMetrics},
	{"GET", "/metrics/node", true, (*Server).serveNodeMetrics},
}

// route answers. Authorization looks at the same route as what it lets through to.
func (s *Server) route(ctx *fasthttp.RequestCtx) error {
	r, args, err := find(&ctx.Request.Header)
	if err != nil {
		return err
	}
	ctx.SetUserValue(routeValue, r.pattern)
	if !r.public {
		if err := s.authorize(ctx); err != nil {
			return err
		}
	}
	return r.serve(s, ctx, args)
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
