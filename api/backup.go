package api

import (
	"bufio"

	"github.com/valyala/fasthttp"
)

// backup streams the whole state, as it is once everything acknowledged before is
// in it. The state is captured first, and costs no ping its turn.
func (s *Server) backup(ctx *fasthttp.RequestCtx, _ []string) error {
	if err := s.fresh(ctx); err != nil {
		return err
	}
	image := s.store.Snapshot()
	ctx.SetContentType("application/octet-stream")
	ctx.Response.Header.Set(fasthttp.HeaderContentDisposition, `attachment; filename="quorumbeat.backup"`)
	log := s.log
	ctx.SetBodyStreamWriter(func(w *bufio.Writer) {
		if _, err := image.WriteTo(w); err != nil {
			log.Warn("a backup was cut off: the client went away or was too slow", "error", err)
		}
	})
	return nil
}
