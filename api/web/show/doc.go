// Package show makes words and pictures of facts, for the dashboard: times as people say
// them, names in the order that people expect, what became of expected runs, and how to
// ping a heartbeat. It is pure: time comes in as data, and nothing is asked of anybody.
//
// Files:
//
//	words.go     times, durations and counts as people say them
//	duration.go  durations as people type them
//	natural.go   the order of names
//	strip.go     what became of the last expected times
//	plan.go      when heartbeats were expected, for the strip
//	alert.go     why an alert was written, and how far it has come
//	story.go     what happened in an incident
//	chart.go     how long runs take
//	plot.go      the numbers that runs told
//	timeline.go  moments of the last day on a line
//	snippets.go  how to ping, in several languages
package show
