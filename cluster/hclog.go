package cluster

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// hclogger gives Raft a slog.Logger in the clothes that it expects. Raft's
// account of its own doings is one level lower here: Info is for the operator.
type hclogger struct {
	log  *slog.Logger
	name string
	args []any
	said *recently
}

func newHCLogger(l *slog.Logger, name string) hclog.Logger {
	return &hclogger{log: l.With("part", name), name: name, said: &recently{at: map[string]time.Time{}}}
}

const (
	repeatAfter = 10 * time.Second // for the same line about the same node
	maxRecent   = 256
)

// recently remembers what was said, so that a node that is down is not told of
// twice a second.
type recently struct {
	mu sync.Mutex
	at map[string]time.Time
}

// again reports whether a line was said not long ago, and notes it if not.
func (r *recently) again(line string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.at[line]) < repeatAfter {
		return true
	}
	if len(r.at) >= maxRecent {
		clear(r.at)
	}
	r.at[line] = now
	return false
}

var slogLevels = map[hclog.Level]slog.Level{
	hclog.Trace: slog.LevelDebug - 4,
	hclog.Debug: slog.LevelDebug - 4,
	hclog.Info:  slog.LevelDebug,
	hclog.Warn:  slog.LevelInfo,
	hclog.Error: slog.LevelWarn,
}

func (l *hclogger) Log(level hclog.Level, msg string, args ...any) {
	at, ok := slogLevels[level]
	if !ok || !l.log.Enabled(context.Background(), at) {
		return
	}
	for i, a := range args {
		if f, ok := a.(hclog.Format); ok && len(f) > 0 {
			args[i] = fmt.Sprintf(fmt.Sprint(f[0]), f[1:]...)
		}
	}
	if at >= slog.LevelInfo && l.said.again(msg+fmt.Sprint(args[:min(len(args), 2)]...), time.Now()) {
		return
	}
	l.log.Log(context.Background(), at, msg, args...)
}

func (l *hclogger) Trace(msg string, args ...any) { l.Log(hclog.Trace, msg, args...) }
func (l *hclogger) Debug(msg string, args ...any) { l.Log(hclog.Debug, msg, args...) }
func (l *hclogger) Info(msg string, args ...any)  { l.Log(hclog.Info, msg, args...) }
func (l *hclogger) Warn(msg string, args ...any)  { l.Log(hclog.Warn, msg, args...) }
func (l *hclogger) Error(msg string, args ...any) { l.Log(hclog.Error, msg, args...) }

func (l *hclogger) enabled(level hclog.Level) bool {
	return l.log.Enabled(context.Background(), slogLevels[level])
}

func (l *hclogger) IsTrace() bool { return l.enabled(hclog.Trace) }
func (l *hclogger) IsDebug() bool { return l.enabled(hclog.Debug) }
func (l *hclogger) IsInfo() bool  { return l.enabled(hclog.Info) }
func (l *hclogger) IsWarn() bool  { return l.enabled(hclog.Warn) }
func (l *hclogger) IsError() bool { return l.enabled(hclog.Error) }

func (l *hclogger) ImpliedArgs() []any { return l.args }

func (l *hclogger) With(args ...any) hclog.Logger {
	return &hclogger{log: l.log.With(args...), name: l.name, args: append(l.args[:len(l.args):len(l.args)], args...), said: l.said}
}

func (l *hclogger) Name() string                   { return l.name }
func (l *hclogger) Named(name string) hclog.Logger { return l.ResetNamed(l.name + "." + name) }
func (l *hclogger) ResetNamed(name string) hclog.Logger {
	return &hclogger{l.log, name, l.args, l.said}
}
func (l *hclogger) SetLevel(hclog.Level) {}

func (l *hclogger) GetLevel() hclog.Level {
	for _, level := range []hclog.Level{hclog.Trace, hclog.Debug, hclog.Info, hclog.Warn} {
		if l.enabled(level) {
			return level
		}
	}
	return hclog.Error
}

func (l *hclogger) StandardLogger(o *hclog.StandardLoggerOptions) *log.Logger {
	return log.New(l.StandardWriter(o), "", 0)
}

func (l *hclogger) StandardWriter(*hclog.StandardLoggerOptions) io.Writer { return lineWriter{l} }

// lineWriter logs what is written to it.
type lineWriter struct{ l *hclogger }

func (w lineWriter) Write(p []byte) (int, error) {
	w.l.Info(strings.TrimRight(string(p), "\n"))
	return len(p), nil
}
