package civil

// SecondsADay and MinutesADay are those of a day without a clock change.
const (
	SecondsADay = 86400
	MinutesADay = 1440
)

// Date is a day of the proleptic Gregorian calendar.
type Date struct {
	Year, Month, Day int // Month and Day from 1
}

const daysIn400Years = 146097

// Day1970 is the number of the date's day, counted from 1970-01-01.
func (d Date) Day1970() int64 {
	y, m := int64(d.Year), int64(d.Month)
	if m <= 2 { // years begin in March here, so that a leap day comes last
		y, m = y-1, m+12
	}
	era := FloorDiv(y, 400)
	yearOfEra := y - era*400
	dayOfYear := (153*(m-3)+2)/5 + int64(d.Day) - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return era*daysIn400Years + dayOfEra - 719468
}

// DateOf is the date of a day counted from 1970-01-01.
func DateOf(day int64) Date {
	day += 719468 // from 0000-03-01
	era := FloorDiv(day, daysIn400Years)
	dayOfEra := day - era*daysIn400Years
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/(daysIn400Years-1)) / 365
	dayOfYear := dayOfEra - (yearOfEra*365 + yearOfEra/4 - yearOfEra/100)
	m := (5*dayOfYear + 2) / 153
	d := Date{Year: int(yearOfEra + era*400), Month: int(m + 3), Day: int(dayOfYear - (153*m+2)/5 + 1)}
	if d.Month > 12 {
		d.Year, d.Month = d.Year+1, d.Month-12
	}
	return d
}

// Next is the day after.
func (d Date) Next() Date {
	if d.Day < d.Last() {
		d.Day++
		return d
	}
	return d.FirstOfNextMonth()
}

// FirstOfNextMonth is the day after the last of the date's month.
func (d Date) FirstOfNextMonth() Date {
	if d.Month == 12 {
		return Date{d.Year + 1, 1, 1}
	}
	return Date{d.Year, d.Month + 1, 1}
}

// Last is the number of days of the date's month.
func (d Date) Last() int {
	switch d.Month {
	case 2:
		if d.Year%4 == 0 && (d.Year%100 != 0 || d.Year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// Weekday is 0 for Sunday to 6 for Saturday.
func Weekday(day int64) int {
	return int(((day+4)%7 + 7) % 7)
}

// FloorDiv divides and rounds down; b is positive.
func FloorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
