package show

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ReadDuration reads a number of seconds, or a duration like 90s, 15m, 1h30m or 7d.
func ReadDuration(text string) (secs int64, err error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	days, rest, found := strings.Cut(text, "d")
	if !found {
		days, rest = "0", text
	}
	n, err := strconv.ParseInt(strings.TrimSpace(days), 10, 32)
	if rest = strings.ReplaceAll(rest, " ", ""); err == nil && rest != "" {
		var d time.Duration
		if d, err = time.ParseDuration(rest); err == nil && d%time.Second != 0 {
			err = fmt.Errorf("a fraction of a second")
		}
		secs = int64(d / time.Second)
	}
	if err != nil || text == "" {
		return 0, fmt.Errorf("%q is no duration: use a number with s, m, h or d, such as 90s, 15m, 1h30m or 7d", text)
	}
	return n*86400 + secs, nil
}

// WriteDuration is the shortest form that ReadDuration reads.
func WriteDuration(secs int64) string {
	if secs == 0 {
		return "0s"
	}
	var b strings.Builder
	for _, u := range []struct {
		size int64
		name string
	}{{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}} {
		if n := secs / u.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			secs -= n * u.size
		}
	}
	return b.String()
}
