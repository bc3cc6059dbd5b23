package suggest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// patterns are the schedules that runs may follow by the clock of a zone.
func patterns(runs []run, zone *time.Location) [][]string {
	usual := usualWay(runs)
	var list [][]string
	if usual < 45*time.Minute {
		list = append(list, everyMinutes(runs, zone, usual)...)
	}
	if usual > 40*time.Minute && usual < 18*time.Hour {
		list = append(list, everyHours(runs, zone, usual)...)
	}
	if usual > 2*time.Hour {
		list = append(list, byTheDay(runs, zone)...)
	}
	return list
}

func usualWay(runs []run) time.Duration {
	var ways []time.Duration
	for i := 1; i < len(runs); i++ {
		ways = append(ways, runs[i].start.Sub(runs[i-1].start))
	}
	slices.Sort(ways)
	return quantile(ways, 0.5)
}

// isAbout reports whether a time is within a tenth of another.
func isAbout(d, other time.Duration) bool { return (d - other).Abs() <= other/10 }

func everyMinutes(runs []run, zone *time.Location, usual time.Duration) [][]string {
	var list [][]string
	for _, n := range []int{1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30} {
		if !isAbout(usual, time.Duration(n)*time.Minute) {
			continue
		}
		for _, minute := range likelyMinutes(minutesWithin(runs, zone, n), n) {
			list = append(list, []string{stepFrom(minute, n, 59) + " * * * *"})
		}
	}
	return list
}

func everyHours(runs []run, zone *time.Location, usual time.Duration) [][]string {
	var list [][]string
	for _, n := range []int{1, 2, 3, 4, 6, 8, 12} {
		if !isAbout(usual, time.Duration(n)*time.Hour) {
			continue
		}
		for _, minute := range likelyMinutes(minutesWithin(runs, zone, n*60), n*60) {
			list = append(list, []string{fmt.Sprintf("%d %s * * *", minute%60, stepFrom(minute/60, n, 23))})
		}
	}
	return list
}

// stepFrom is every n-th from the first: *, */2, 1-23/2; two are a list.
func stepFrom(first, n, last int) string {
	switch {
	case n == 1:
		return "*"
	case first == 0 && n <= last/2:
		return fmt.Sprintf("*/%d", n)
	case first+2*n > last:
		return fmt.Sprintf("%d,%d", first, first+n)
	}
	return fmt.Sprintf("%d-%d/%d", first, last, n)
}

// minutesWithin are the minutes of the day at which runs start, within a period of so many.
func minutesWithin(runs []run, zone *time.Location, period int) []float64 {
	minutes := make([]float64, len(runs))
	for i, r := range runs {
		minutes[i] = float64(int64(minuteOfDay(r.start, zone)*60)%int64(period*60)) / 60
	}
	return minutes
}

func minuteOfDay(t time.Time, zone *time.Location) float64 {
	t = t.In(zone)
	return float64(t.Hour()*60+t.Minute()) + float64(t.Second())/60
}

// likelyMinutes are those of a period for which runs of these minutes may have been ordered: the one in which
// the earliest started, and rounder ones a little before it, for a job tells its end and not
// its start. The earliest is the first after the longest pause.
func likelyMinutes(minutes []float64, period int) []int {
	slices.Sort(minutes)
	earliest, pause := minutes[0], minutes[0]+float64(period)-minutes[len(minutes)-1]
	for i := 1; i < len(minutes); i++ {
		if p := minutes[i] - minutes[i-1]; p > pause {
			earliest, pause = minutes[i], p
		}
	}
	spread := float64(period) - pause
	first := int(earliest+0.1) % period // clocks are some seconds early
	list := []int{first}
	for _, round := range []int{5, 10, 15, 30, 60} {
		before := first / round * round
		if float64(first-before) <= 2*spread && before != list[0] {
			list = append([]int{before}, list...)
		}
	}
	return list
}

// byTheDay are schedules at times of the day.
func byTheDay(runs []run, zone *time.Location) [][]string {
	clusters := timesOfDay(runs, zone)
	if len(clusters) == 0 || len(clusters) > 4 {
		return nil
	}
	var list [][]string
	for _, rounder := range []bool{true, false} {
		for _, days := range dayFields(clusters, zone) {
			if expressions := atTimes(clusters, days, rounder); len(list) == 0 || !slices.ContainsFunc(list, func(l []string) bool { return slices.Equal(l, expressions) }) {
				list = append(list, expressions)
			}
		}
	}
	return list
}

// cluster are runs that start at about the same time of the day.
type cluster struct {
	runs    []run
	minutes []float64 // may pass 1440
}

// timesOfDay groups runs by the time of the day; a pause of an hour parts two groups. Groups of one run among
// many are left out.
func timesOfDay(runs []run, zone *time.Location) []cluster {
	sorted := slices.Clone(runs)
	slices.SortFunc(sorted, func(a, b run) int {
		return int((minuteOfDay(a.start, zone) - minuteOfDay(b.start, zone)) * 60)
	})
	var clusters []cluster
	for i, r := range sorted {
		m := minuteOfDay(r.start, zone)
		if i == 0 || m-minuteOfDay(sorted[i-1].start, zone) > 60 {
			clusters = append(clusters, cluster{})
		}
		c := &clusters[len(clusters)-1]
		c.runs, c.minutes = append(c.runs, r), append(c.minutes, m)
	}
	if n := len(clusters); n > 1 { // over midnight
		first, last := clusters[0], clusters[n-1]
		if first.minutes[0]+1440-last.minutes[len(last.minutes)-1] <= 60 {
			for _, m := range first.minutes {
				last.minutes = append(last.minutes, m+1440)
			}
			last.runs = append(last.runs, first.runs...)
			clusters = append(clusters[1:n-1:n-1], last)
		}
	}
	return slices.DeleteFunc(clusters, func(c cluster) bool { return len(c.runs)*20 < len(runs) || len(c.runs) < 2 })
}

// dayFields are the day of month, month and day of week that the runs may follow.
func dayFields(clusters []cluster, zone *time.Location) []string {
	var starts []time.Time
	for _, c := range clusters {
		for _, r := range c.runs {
			starts = append(starts, r.start.In(zone))
		}
	}
	list := []string{"* * *"}
	if w := weekdays(starts); w != "" {
		list = append(list, "* * "+w)
	}
	if day, same := sameOf(starts, func(t time.Time) int { return t.Day() }); same {
		list = append(list, fmt.Sprintf("%d * *", day))
	}
	if _, same := sameOf(starts, func(t time.Time) int { return t.AddDate(0, 0, 1).Day() }); same && starts[0].AddDate(0, 0, 1).Day() == 1 {
		list = append(list, "L * *")
	}
	day, sameDay := sameOf(starts, func(t time.Time) int { return int(t.Weekday()) })
	nth, sameWeek := sameOf(starts, func(t time.Time) int { return (t.Day() + 6) / 7 })
	if sameDay && sameWeek {
		list = append(list, fmt.Sprintf("* * %d#%d", day, nth))
	}
	return list
}

func sameOf(starts []time.Time, of func(time.Time) int) (int, bool) {
	first := of(starts[0])
	for _, t := range starts {
		if of(t) != first {
			return 0, false
		}
	}
	return first, true
}

// weekdays are those on which runs start in at least every second week, unless that is all.
func weekdays(starts []time.Time) string {
	var seen [7]int
	first, last := starts[0], starts[0]
	for _, t := range starts {
		seen[t.Weekday()]++
		if t.Before(first) {
			first = t
		}
		if t.After(last) {
			last = t
		}
	}
	weeks := max(1, last.Sub(first).Hours()/24/7)
	var days []string
	for d, n := range seen {
		if float64(n) >= weeks/2 {
			days = append(days, strconv.Itoa(d))
		}
	}
	if len(days) == 7 {
		return ""
	}
	return strings.NewReplacer("1,2,3,4,5", "1-5").Replace(strings.Join(days, ","))
}

// atTimes words times of the day: one expression for those of one minute.
func atTimes(clusters []cluster, days string, rounder bool) []string {
	hours := map[int][]string{}
	var minutes []int
	for _, c := range clusters {
		likely := likelyMinutes(slices.Clone(c.minutes), 1440*2)
		at := likely[len(likely)-1]
		if rounder {
			at = likely[0]
		}
		if hours[at%60] == nil {
			minutes = append(minutes, at%60)
		}
		hours[at%60] = append(hours[at%60], strconv.Itoa(at/60%24))
	}
	slices.Sort(minutes)
	var expressions []string
	for _, m := range minutes {
		expressions = append(expressions, fmt.Sprintf("%d %s %s", m, strings.Join(hours[m], ","), days))
	}
	return expressions
}
