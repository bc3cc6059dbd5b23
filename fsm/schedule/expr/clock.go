package expr

import (
	"fmt"
	"strings"
)

// maxClocks is how many times of the day are listed one by one where there is no shorter way.
const maxClocks = 6

// TimeOfDay says when a day's times are: "At 02:00 and 14:00", "Every 15 minutes, from 09:00 to
// 17:59". Bit n of hours and minutes is hour and minute n.
func TimeOfDay(hours uint32, minutes uint64, second int) string {
	h, m := numbers(uint64(hours)), numbers(minutes)
	switch {
	case len(m) == 1:
		return onceAnHour(h, m[0], second)
	case len(m)*len(h) <= maxClocks:
		return "At " + And(clocks(h, m, second))
	}
	said := []string{severalTimes(m)}
	if len(h) < 24 {
		said = append(said, inHours(h))
	}
	if second != 0 {
		said = append(said, fmt.Sprintf("at second %d", second))
	}
	return strings.Join(said, ", ")
}

// onceAnHour is for one minute of some hours.
func onceAnHour(hours []int, minute, second int) string {
	first, step := stepped(hours, 23)
	_, _, isRange := asRange(hours)
	past := "Every hour"
	if minute != 0 || second != 0 {
		past = "At " + sinceHour(minute, second) + " past the hour"
	}
	switch {
	case len(hours) == 24:
		return past
	case isRange:
		return past + ", from " + Clock(hours[0], minute, second) + " to " + Clock(hours[len(hours)-1], minute, second)
	case first == 0 && step > 0 && 24%step == 0 && len(hours) > 3:
		if past == "Every hour" {
			return fmt.Sprintf("Every %d hours", step)
		}
		return fmt.Sprintf("%s, every %d hours", past, step)
	}
	return "At " + And(clocks(hours, []int{minute}, second))
}

func sinceHour(minute, second int) string {
	var said []string
	if minute != 0 {
		said = append(said, count(minute, "minute"))
	}
	if second != 0 {
		said = append(said, count(second, "second"))
	}
	return And(said)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func clocks(hours, minutes []int, second int) []string {
	var list []string
	for _, h := range hours {
		for _, m := range minutes {
			list = append(list, Clock(h, m, second))
		}
	}
	return list
}

// severalTimes says which minutes of an hour.
func severalTimes(minutes []int) string {
	first, step := stepped(minutes, 59)
	switch {
	case len(minutes) == 60:
		return "Every minute"
	case step > 0 && first == 0 && 60%step == 0:
		return fmt.Sprintf("Every %d minutes", step)
	case step > 1:
		return fmt.Sprintf("Every %d minutes from minute %d of the hour on", step, first)
	}
	return "At " + runs(minutes, func(n int) string { return fmt.Sprint(n) }) + " minutes past the hour"
}

// inHours says which hours of a day.
func inHours(hours []int) string {
	if low, high, ok := asRange(hours); ok || len(hours) == 1 {
		return "from " + Clock(low, 0, 0) + " to " + Clock(high, 59, 0)
	}
	if first, step := stepped(hours, 23); first == 0 && step > 0 && 24%step == 0 && len(hours) > 3 {
		return fmt.Sprintf("in every %s hour from 00:00 on", Ordinal(step))
	}
	return "in the hours " + runs(hours, twoDigits)
}

// Clock is "02:05", or "02:05:30" if there are seconds.
func Clock(hour, minute, second int) string {
	s := twoDigits(hour) + ":" + twoDigits(minute)
	if second != 0 {
		s += ":" + twoDigits(second)
	}
	return s
}

func twoDigits(n int) string { return fmt.Sprintf("%02d", n) }
