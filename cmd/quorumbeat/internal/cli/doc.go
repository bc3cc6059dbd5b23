// Package cli is what the commands share: the streams and settings around one run of the
// program, how it tells results and errors to people and to programs, and how it finds a
// node to call.
//
//	program.go      the surroundings of a run
//	print.go        results, as tables or JSON
//	errors.go       exit statuses, and errors in words with a code for programs
//	flag_errors.go  what is wrong with a flag
//	connection.go   the flags of commands that call the API
//	explain.go      what to do about an error of the API
//	completion.go   values that a shell completes
package cli
