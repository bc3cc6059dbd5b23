// Package wrap runs a job as it would run without, and tells the monitor how it went. The
// job does not wait for the monitor, and does not fail because of it.
//
//	run.go       the course of it
//	job.go       the process
//	signals.go   passing signals on to it
//	output.go    passing on what it prints
//	tail.go      the end of that, for the report
//	numbers.go   the numbers that it tells, by flags or in a file
//	report.go    telling of the start and the end, or keeping it for later
//	leftover.go  a process for the output of what the job left in the background
package wrap
