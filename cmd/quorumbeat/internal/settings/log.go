package settings

import (
	"bytes"
	"io"
	"log/slog"
)

// LinesLeftOut makes the line that tells of lines left out, in the form of the log.
func (s *Node) LinesLeftOut(lines int) []byte {
	var b bytes.Buffer
	s.Logger(&b).Warn("lines of this log were left out, because its reader was too slow", "lines", lines)
	return b.Bytes()
}

// Logger writes to the given place in the form that was asked for.
func (s *Node) Logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // validated
	opts := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(w, opts)
	if s.LogFormat == "json" {
		h = slog.NewJSONHandler(w, opts)
	}
	return slog.New(h).With("node", s.Cluster.NodeName)
}
