// Package usage tells what is wrong with a command line, in words of our own: what was
// given, what is right, and where to read more. Such an error is one line, and the
// program ends with status 2.
//
//	error.go      the error that the command line or the settings cause
//	arguments.go  how many arguments a command takes
//	nearest.go    which word was meant
package usage
