// Package form holds what people type into the dashboard's forms: the fields, what was typed in them,
// and what is wrong with which. All mistakes of a form are told at once, and nothing that was typed
// is lost by one.
//
// Files:
//
//	form.go       Form, and the fields of one as they are shown
//	fields.go     the fields of a heartbeat, a line each
//	heartbeat.go  the form of a heartbeat
//	channel.go    of a channel
//	published.go  of status pages and badges
//	window.go     of a maintenance window
package form
