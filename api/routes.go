package api

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"
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
	method, path := string(h.Method()), string(rawPath(h))
	if method == fasthttp.MethodHead {
		method = fasthttp.MethodGet
	}
	var allowed []string
	for i := range routes {
		r := &routes[i]
		args, ok := match(r.pattern, path)
		switch {
		case ok && r.method == method:
			return r, args, nil
		case ok:
			allowed = append(allowed, r.method)
		}
	}
	if allowed != nil {
		return nil, nil, notAllowed(allowed)
	}
	return nil, nil, errNotFound
}

// methodError is a 405.
type methodError struct {
	httpError
	allow string // the methods that the path takes
}

func (e *methodError) Unwrap() error { return &e.httpError }

func notAllowed(allowed []string) error {
	allow := strings.Join(allowed, ", ")
	return &methodError{httpError{problem{405, "method_not_allowed", "this address takes " + allow, ""}}, allow}
}

// match compares a path with a pattern and returns what stands for its {…}.
func match(pattern, path string) (args []string, ok bool) {
	for pattern != "" && path != "" {
		var want, have string
		want, pattern = cut(pattern)
		have, path = cut(path)
		switch {
		case strings.HasPrefix(want, "{"):
			arg, ok := decodePart(have)
			if !ok {
				return nil, false
			}
			args = append(args, arg)
		case want != have:
			return nil, false
		}
	}
	return args, pattern == "" && path == ""
}

// cut takes the first part of a path that begins with a slash.
func cut(path string) (part, rest string) {
	path = path[1:]
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}

// rawPath is the path of a request as it came. fasthttp's own is decoded and cleaned:
// whoever stands in front, and lets some paths through, has not seen that one. What
// is not exactly a route's path is no route's.
func rawPath(h *fasthttp.RequestHeader) []byte {
	path := h.RequestURI()
	if i := bytes.IndexByte(path, '?'); i >= 0 {
		path = path[:i]
	}
	if len(path) > 0 && path[0] == '/' {
		return path
	}
	return afterHost(path)
}

// afterHost returns the path of a whole URL, which proxies may send.
func afterHost(target []byte) []byte {
	for _, scheme := range []string{"http://", "https://"} {
		if len(target) > len(scheme) && strings.EqualFold(string(target[:len(scheme)]), scheme) {
			host := target[len(scheme):]
			if i := bytes.IndexByte(host, '/'); i > 0 {
				return host[i:]
			}
		}
	}
	return nil
}

// decodePart decodes what stands for a {…}. A part that would be several parts, or
// none, is not found.
func decodePart(part string) (string, bool) {
	text, err := url.PathUnescape(part)
	return text, err == nil && text != "" && text != "." && text != ".." && !strings.Contains(text, "/")
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
