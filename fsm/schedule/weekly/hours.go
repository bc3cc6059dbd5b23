package weekly

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Limits of hours.
const (
	MaxEntries = 14
	MaxText    = 1000 // bytes

	dayMinutes = 24 * 60
)

// Days are the names of the days of a week, from its first.
var Days = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// Hours are hours of the week. None: at any time.
type Hours []Entry

// Entry is one time of some days.
type Entry struct {
	Days     []string // of Days, in their order
	From, To int      // minutes of the day; To up to 24:00, and not after From: on the next day
	TZ       string
}

// Parse reads the form that String writes; "" is none. Days may be ranges like mon-fri, lists with commas, or left out:
// every day. The zone may be left out: UTC. Its error says which part is wrong.
func Parse(text string) (Hours, error) {
	if text == "" {
		return nil, nil
	}
	if len(text) > MaxText {
		return nil, fmt.Errorf("hours have %d bytes; they may have %d", len(text), MaxText)
	}
	var h Hours
	for part := range strings.SplitSeq(text, ";") {
		e, err := parseEntry(strings.Fields(part))
		if err != nil {
			return nil, err
		}
		h = append(h, e)
	}
	return h, h.Validate()
}

func parseEntry(words []string) (e Entry, err error) {
	if len(words) == 0 {
		return e, fmt.Errorf("hours have an empty part; each is like mon-fri 08:00-18:00 Europe/Berlin")
	}
	e.Days, e.TZ = slices.Clone(Days), "UTC"
	if !strings.Contains(words[0], ":") {
		if e.Days, err = parseDays(words[0]); err != nil {
			return e, err
		}
		words = words[1:]
	}
	if len(words) == 0 || len(words) > 2 {
		return e, fmt.Errorf("hours have %d words behind the days; times are needed, like 08:00-18:00, and maybe a time zone", len(words))
	}
	if len(words) == 2 {
		e.TZ = words[1]
	}
	from, to, found := strings.Cut(words[0], "-")
	if !found {
		return e, fmt.Errorf("hours have %.40q; it must be two times, like 08:00-18:00", words[0])
	}
	if e.From, err = ParseTime(from); err != nil {
		return e, err
	}
	e.To, err = ParseTime(to)
	return e, err
}

func parseDays(text string) (days []string, err error) {
	var on [7]bool
	for part := range strings.SplitSeq(strings.ToLower(text), ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		i, j := slices.Index(Days, first), slices.Index(Days, last)
		if i < 0 || j < 0 {
			return nil, fmt.Errorf("hours have the days %.40q; they must be of mon, tue, wed, thu, fri, sat, sun, like mon-fri or sat,sun", text)
		}
		for ; ; i = (i + 1) % 7 {
			if on[i] = true; i == j {
				break
			}
		}
	}
	for i, yes := range on {
		if yes {
			days = append(days, Days[i])
		}
	}
	return days, nil
}

// ParseTime reads a time of the day, 00:00 to 24:00, as minutes.
func ParseTime(text string) (int, error) {
	h, m, found := strings.Cut(text, ":")
	hour, err1 := strconv.Atoi(h)
	minute, err2 := strconv.Atoi(m)
	if !found || err1 != nil || err2 != nil || len(h) != 2 || len(m) != 2 || hour < 0 || minute < 0 || minute > 59 || hour*60+minute > dayMinutes {
		return 0, fmt.Errorf("hours have the time %.40q; it must be 00:00 to 24:00", text)
	}
	return hour*60 + minute, nil
}

// WriteTime writes what ParseTime reads.
func WriteTime(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// Validate checks every entry.
func (h Hours) Validate() error {
	if len(h) > MaxEntries {
		return fmt.Errorf("hours have %d entries; they may have %d", len(h), MaxEntries)
	}
	for i, e := range h {
		switch {
		case len(e.Days) == 0:
			return fmt.Errorf("hours[%d] has no days", i)
		case e.From < 0 || e.From >= dayMinutes || e.To < 0 || e.To > dayMinutes || e.From == e.To:
			return fmt.Errorf("hours[%d] is from %s to %s; it must be two different times, the first before 24:00", i, WriteTime(e.From), WriteTime(e.To))
		case e.TZ == "" || len(e.TZ) > 64 || strings.ContainsFunc(e.TZ, func(c rune) bool { return c <= ' ' || c > '~' || c == ';' }):
			return fmt.Errorf("hours[%d] has the time zone %.80q; it must be the name of one, like Europe/Berlin", i, e.TZ)
		}
		for j, d := range e.Days {
			if k := slices.Index(Days, d); k < 0 || j > 0 && k <= slices.Index(Days, e.Days[j-1]) {
				return fmt.Errorf("hours[%d] has the days %.60q; they must be of mon, tue, wed, thu, fri, sat, sun, each once, in this order", i, strings.Join(e.Days, ","))
			}
		}
	}
	if n := len(h.String()); n > MaxText {
		return fmt.Errorf("hours have %d bytes; they may have %d", n, MaxText)
	}
	return nil
}

// String writes hours as Parse reads them.
func (h Hours) String() string {
	parts := make([]string, 0, len(h))
	for _, e := range h {
		parts = append(parts, strings.Join(e.Days, ",")+" "+WriteTime(e.From)+"-"+WriteTime(e.To)+" "+e.TZ)
	}
	return strings.Join(parts, "; ")
}

// Short writes hours as people do, and as Parse reads them: three days or more in a row as a range, and
// none where every day is meant.
func (h Hours) Short() string {
	parts := make([]string, 0, len(h))
	for _, e := range h {
		parts = append(parts, strings.TrimSpace(shortDays(e.Days)+" "+WriteTime(e.From)+"-"+WriteTime(e.To)+" "+e.TZ))
	}
	return strings.Join(parts, "; ")
}

func shortDays(days []string) string {
	if len(days) == len(Days) {
		return ""
	}
	var parts []string
	for i := 0; i < len(days); {
		n := 1 // how many follow each other from here on
		for first := slices.Index(Days, days[i]); i+n < len(days) && slices.Index(Days, days[i+n]) == first+n; n++ {
		}
		if n < 3 {
			parts = append(parts, days[i:i+n]...)
		} else {
			parts = append(parts, days[i]+"-"+days[i+n-1])
		}
		i += n
	}
	return strings.Join(parts, ",")
}
