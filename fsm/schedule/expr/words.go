package expr

import (
	"strconv"
	"strings"
)

// Months and Days are full names; a month's place is its number, a day's is 0 for Sunday.
var (
	Months = []string{"", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	Days   = []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
)

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

// Runs words a set of numbers as an English list in which three and more that follow each other
// are a range: "1, 3 to 5 and 7".
func Runs(numbers []int, name func(int) string) string {
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

// Stepped finds the pattern first, first+step, … that goes on to the end of the range low-high;
// step is 0 if the numbers are no such pattern of at least three.
func Stepped(numbers []int, high int) (first, step int) {
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

// Clock is "02:05", or "02:05:30" if there are seconds.
func Clock(hour, minute, second int) string {
	s := twoDigits(hour) + ":" + twoDigits(minute)
	if second != 0 {
		s += ":" + twoDigits(second)
	}
	return s
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
