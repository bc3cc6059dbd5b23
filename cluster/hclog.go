package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

// hclogger gives Raft a slog.Logger in the clothes that it expects. Raft's account of
// its own doings is for debugging, unless it is about the disk.
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
	repeatAfter = time.Hour // for the same trouble
	maxRecent   = 256
)

// recently remembers what was said, so that it is not said twice a second.
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

// slogLevels are all below what an operator sees. What Raft and the gossip tell of peers
// and elections is told by the lookout in plain words, once.
var slogLevels = map[hclog.Level]slog.Level{
	hclog.Trace: slog.LevelDebug - 4,
	hclog.Debug: slog.LevelDebug - 4,
	hclog.Info:  slog.LevelDebug,
	hclog.Warn:  slog.LevelDebug,
	hclog.Error: slog.LevelDebug,
}

func (l *hclogger) Log(level hclog.Level, msg string, args ...any) {
	at, ok := slogLevels[level]
	disk := level == hclog.Error && ofDisk(msg, args)
	if !ok || !disk && !l.log.Enabled(context.Background(), at) {
		return
	}
	for i, a := range args {
		if f, ok := a.(hclog.Format); ok && len(f) > 0 {
			args[i] = fmt.Sprintf(fmt.Sprint(f[0]), f[1:]...)
		}
	}
	if disk {
		if !l.said.again(msg, time.Now()) {
			l.log.Warn("this node has trouble with its log or its snapshots: see to its disk", append([]any{"what", msg}, args...)...)
		}
		return
	}
	l.log.Log(context.Background(), at, msg, args...)
}

// diskTrouble begins Raft's errors about its own store.
var diskTrouble = []string{
	"failed to get log", "failed to get last", "failed to append to logs", "failed to clear log", "failed to commit logs",
	"failed to remove old logs", "failed to reset logs", "failed to compact logs", "failed to persist vote",
	"failed to take snapshot", "failed to open s", "failed to list snapshots", "failed to create snapshot", "failed to finalize snapshot",
	"failed to restore snapshot", "failed to write metadata", "failed to read state file", "failed to make snapshot",
	"failed to move snapshot", "failed to reap snapshot", "failed syncing", "CRC checksum failed",
}

// ofDisk reports whether an error of Raft's is about this node's disk. It also calls
// errors what is none: an entry that a snapshot has replaced, and its own end.
func ofDisk(msg string, args []any) bool {
	for _, a := range args {
		err, ok := a.(error)
		for _, harmless := range []error{raft.ErrLogNotFound, raft.ErrRaftShutdown, raft.ErrNothingNewToSnapshot} {
			if ok && errors.Is(err, harmless) {
				return false
			}
		}
	}
	return slices.ContainsFunc(diskTrouble, func(s string) bool { return strings.HasPrefix(msg, s) })
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
