// Package flags holds the kinds of values that flags take besides those of pflag: lists,
// one of a few words, numbers within limits and lengths of time. A value that is out of
// its limits is refused when it is set, so that zero never stands for "not given".
//
//	addresses.go  a list that each setting replaces
//	values.go     the other kinds
package flags
