// Package flags holds the kinds of values that flags take besides those of pflag: lists,
// one of a few words, numbers within limits, numbers by their names and lengths of time. A value that is out of
// its limits is refused when it is set, so that zero never stands for "not given".
//
//	addresses.go  a list that each setting replaces
//	numbers.go    the numbers that a run tells
//	values.go     the other kinds
package flags
