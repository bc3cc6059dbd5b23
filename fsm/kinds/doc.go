// Package kinds says which kinds of channels there are and what settings each has: what the
// API takes, the command line tells of and the senders read. It checks values; how a
// service is spoken to is for package alerting and those below it.
//
// The state does not go by this package: a later version may know more, and two nodes must
// agree on what a command does.
//
// Files:
//
//	kinds.go     Kind, Field, and the list of all
//	checks.go    what a value must look like
//	fields.go    making the fields of a channel of those that somebody gave
//	url.go       which URLs may be asked
//	shoutrrr.go  URLs that name a service, in shoutrrr's form
package kinds
