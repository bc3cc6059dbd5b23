// Package call has what the commands that call the HTTP API share: how one is made, how its first
// argument may be a name where an ID is wanted, and what a shell completes.
//
//	command.go     a command: its flags, its call, its answer as JSON or as a table
//	names.go       finding what a name stands for
//	times.go       times to come, of --until
//	flags.go       flags in the words of the API's errors
//	missing.go     what kind of thing was not found
//	completion.go  names that a shell completes
package call
