// Package expr is what the readers of cron expressions and of calendar times share: the
// Error that says what is wrong with one, numbers, and the words of descriptions.
//
// Files:
//
//	error.go   Error
//	number.go  digits
//	words.go   lists, ordinals, names of months and days
//	clock.go   times of the day in words
package expr
