package web

import (
	"strings"

	"github.com/valyala/fasthttp"
)

// AssetName is the name of a file that pages share, with its hash: pages that are no part
// of the dashboard look alike, and need not be able to reach it.
func AssetName(name string) string { return strings.TrimPrefix(assetPath(name), Prefix+"assets/") }

// Asset answers with a file of the name that AssetName gave.
func (s *Site) Asset(ctx *fasthttp.RequestCtx, name string) { s.asset(ctx, name) }
