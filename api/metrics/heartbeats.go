package metrics

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// textFormat is the exposition format of every scrape, whatever else is accepted.
const textFormat = "text/plain; version=0.0.4; charset=utf-8"

// family is a metric that each heartbeat has, or some have.
type family struct {
	name, help, kind string
	has              func(h *store.Reading) bool
	appendValue      func(dst []byte, h *store.Reading) []byte
	samples          func(h *store.Reading) []fsm.Number // one for each, with a label metric; nil: there is one, without
}

func always(*store.Reading) bool { return true }

// heartbeatFamilies are the metrics of heartbeats: replicated, so that every node exports
// the same, up to its lag.
var heartbeatFamilies = []family{
	{
		"quorumbeat_heartbeat_up", "0 while a heartbeat is failing, else 1.", "gauge", always,
		func(dst []byte, h *store.Reading) []byte { return appendBool(dst, h.Status() != fsm.StatusFailing) }, nil,
	},
	{
		"quorumbeat_heartbeat_paused", "1 while a heartbeat is paused.", "gauge", always,
		func(dst []byte, h *store.Reading) []byte { return appendBool(dst, h.Status() == fsm.StatusPaused) }, nil,
	},
	{
		"quorumbeat_heartbeat_consecutive_misses", "Misses since the last ping.", "gauge", always,
		func(dst []byte, h *store.Reading) []byte { return strconv.AppendInt(dst, h.Misses(), 10) }, nil,
	},
	{
		"quorumbeat_heartbeat_late", "1 for a heartbeat that is past due, and not yet past its grace; others have none.", "gauge",
		func(h *store.Reading) bool { return h.IsLate(time.Now().UnixMilli()) },
		func(dst []byte, _ *store.Reading) []byte { return append(dst, '1') }, nil,
	},
	{
		"quorumbeat_heartbeat_misses_total", "Misses of a heartbeat.", "counter", always,
		func(dst []byte, h *store.Reading) []byte { return strconv.AppendUint(dst, h.Missed(), 10) }, nil,
	},
	{
		"quorumbeat_heartbeat_pings_total", "Pings of a heartbeat.", "counter", always,
		func(dst []byte, h *store.Reading) []byte { return strconv.AppendUint(dst, h.Pings(), 10) }, nil,
	},
	{
		"quorumbeat_heartbeat_last_ping_timestamp_seconds", "When a heartbeat was last pinged.", "gauge",
		func(h *store.Reading) bool { return h.LastPing() != 0 },
		func(dst []byte, h *store.Reading) []byte { return appendMillis(dst, h.LastPing()) }, nil,
	},
	{
		"quorumbeat_heartbeat_next_deadline_timestamp_seconds", "When a heartbeat misses next, by the wall clock.", "gauge",
		func(h *store.Reading) bool { return h.Deadline() != 0 },
		func(dst []byte, h *store.Reading) []byte { return appendMillis(dst, h.Deadline()) }, nil,
	},
	{
		"quorumbeat_heartbeat_run_duration_seconds", "How long the newest run took that told its start and its end.", "gauge",
		func(h *store.Reading) bool { return h.LastRun() >= 0 },
		func(dst []byte, h *store.Reading) []byte { return appendMillis(dst, h.LastRun().Milliseconds()) }, nil,
	},
	{
		"quorumbeat_heartbeat_last_exit_code", "The exit status that the newest run told when it ended.", "gauge",
		func(h *store.Reading) bool { return h.LastExit() >= 0 },
		func(dst []byte, h *store.Reading) []byte { return strconv.AppendInt(dst, int64(h.LastExit()), 10) }, nil,
	},
	{
		"quorumbeat_heartbeat_metric", "The newest numbers that a heartbeat's pings told.", "gauge",
		func(h *store.Reading) bool { return len(h.Numbers()) > 0 }, nil, (*store.Reading).Numbers,
	},
}

func (f *family) appendHead(dst []byte) []byte {
	dst = append(append(append(append(dst, "# HELP "...), f.name...), ' '), f.help...)
	dst = append(append(append(append(dst, "\n# TYPE "...), f.name...), ' '), f.kind...)
	return append(dst, '\n')
}

func (f *family) appendSample(dst []byte, h *store.Reading) []byte {
	if f.samples != nil {
		return f.appendSamples(dst, h)
	}
	dst = h.AppendID(append(append(dst, f.name...), `{id="`...))
	dst = appendLabel(append(dst, `",name="`...), h.Name())
	return append(f.appendValue(append(dst, `"} `...), h), '\n')
}

// appendSamples appends a sample for each number. Names of numbers need no escaping.
func (f *family) appendSamples(dst []byte, h *store.Reading) []byte {
	for _, n := range f.samples(h) {
		dst = h.AppendID(append(append(dst, f.name...), `{id="`...))
		dst = appendLabel(append(dst, `",name="`...), h.Name())
		dst = append(append(append(dst, `",metric="`...), n.Name...), `"} `...)
		dst = append(strconv.AppendFloat(dst, n.Value, 'g', -1, 64), '\n')
	}
	return dst
}

// appendLabel appends a label's value with what the format wants escaped. What is not
// UTF-8 becomes U+FFFD.
func appendLabel(dst, value []byte) []byte {
	for len(value) > 0 {
		c, size := rune(value[0]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRune(value)
		}
		switch c {
		case '\\', '"':
			dst = append(dst, '\\', byte(c))
		case '\n':
			dst = append(dst, `\n`...)
		default:
			dst = utf8.AppendRune(dst, c)
		}
		value = value[size:]
	}
	return dst
}

func appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, '1')
	}
	return append(dst, '0')
}

// appendMillis appends milliseconds, not below 0, as seconds.
func appendMillis(dst []byte, ms int64) []byte {
	dst = strconv.AppendInt(dst, ms/1000, 10)
	if ms %= 1000; ms != 0 {
		dst = append(dst, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
	}
	return dst
}
