package expr

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Months and Days are full names; a month's place is its number, a day's is 0 for Sunday.
var (
	Months = []string{"", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	Days   = []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
)

// AllMonths, AllWeekdays and AllDays are the sets that leave nothing out. Bit n is month n,
// weekday n (0 for Sunday), day n of the month.
const (
	AllMonths   = 1<<13 - 2
	AllWeekdays = 1<<7 - 1
	AllDays     = 1<<32 - 2
)

// Weekdays says which: "Monday to Friday", "on Saturday and Sunday".
func Weekdays(set uint8) string {
	mondayFirst := numbers(uint64(set>>1 | set&1<<6))
	name := func(n int) string { return Days[(n+1)%7] }
	if low, high, ok := asRange(mondayFirst); ok {
		return name(low) + " to " + name(high)
	}
	return "on " + runs(mondayFirst, name)
}

// MonthNames are those of a set: "January and July"; "the month" for all.
func MonthNames(set uint16) string {
	if set == AllMonths {
		return "the month"
	}
	return runs(numbers(uint64(set)), func(n int) string { return Months[n] })
}

// DaysOfMonth says which: "the 1st and 15th", "every 2nd day (from the 1st on)".
func DaysOfMonth(set uint32) string {
	days := numbers(uint64(set))
	if first, step := stepped(days, 31); step > 1 && len(days) > 4 {
		return fmt.Sprintf("every %s day (from the %s on)", Ordinal(step), Ordinal(first))
	}
	return "the " + runs(days, Ordinal)
}

// Years says which: "2026 and 2028".
func Years(years []int) string { return runs(years, strconv.Itoa) }

// And joins words: "a", "a and b", "a, b and c".
func And(words []string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
}

// Ordinal is "1st", "2nd", "23rd".
func Ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}

// numbers lists the bits of a set.
func numbers(set uint64) []int {
	var list []int
	for ; set != 0; set &= set - 1 {
		list = append(list, bits.TrailingZeros64(set))
	}
	return list
}

// runs words numbers as a list in which three and more that follow each other are a range:
// "1, 3 to 5 and 7".
func runs(numbers []int, name func(int) string) string {
	var words []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		if j-i >= 2 {
			words = append(words, name(numbers[i])+" to "+name(numbers[j]))
		} else {
			for k := i; k <= j; k++ {
				words = append(words, name(numbers[k]))
			}
		}
		i = j + 1
	}
	return And(words)
}

// asRange reports whether numbers follow each other, at least three; it gives the ends in any
// case.
func asRange(numbers []int) (low, high int, ok bool) {
	if len(numbers) == 0 {
		return 0, 0, false
	}
	low, high = numbers[0], numbers[len(numbers)-1]
	return low, high, len(numbers) >= 3 && high-low == len(numbers)-1
}

// stepped finds the pattern first, first+step, … that goes on to the end of a range; step is 0 if the
// numbers, at least three, are no such pattern.
func stepped(numbers []int, high int) (first, step int) {
	if len(numbers) < 3 {
		return 0, 0
	}
	step = numbers[1] - numbers[0]
	for i := 1; i < len(numbers); i++ {
		if numbers[i]-numbers[i-1] != step {
			return 0, 0
		}
	}
	if numbers[len(numbers)-1]+step <= high {
		return 0, 0
	}
	return numbers[0], step
}
